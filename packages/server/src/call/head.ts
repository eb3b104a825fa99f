import { err, ok, type Result } from "@portcullis/policy";
import { checkContentType, findForbiddenHeader, readHeader } from "../mcp/headers.ts";
import type { AgentRequest } from "./agent-request.ts";
import type { ClientHeaders, Head, Verb } from "./call.ts";
import type { Keys, LineConfig } from "./ports.ts";
import type { Refusal } from "./refusal.ts";

/** `/mcp/srv_…` with and without the last slash, and nothing else: no prefix matching (threat 21). */
const ROUTE = /^\/mcp\/(srv_[0-9A-Za-z]{16})\/?$/;
/** A token is 44 characters; anything much longer is not worth a look (threat 56). */
const MAX_AUTHORIZATION_BYTES = 512;
const MAX_TRACEPARENT_BYTES = 512;

/** What the stage needs besides the request; the same for all requests. */
export interface HeadTools {
  readonly config: LineConfig;
  readonly keys: Pick<Keys, "tokenDigest">;
}

/**
 * Stage head: an exact route, an allowed verb, host and origin, no header that two readers could read two ways, and what
 * may be a token: checksum before digest.
 */
export function readHead(request: AgentRequest, tools: HeadTools): Result<Head, Refusal> {
  const { memo } = request;
  // None of what may differ decides anything here; the call is told of it.
  if (memo?.head !== undefined) return ok({ ...memo.head, headers: renewed(memo.head.headers, request) });
  const read = readAnew(request, tools);
  if (read.ok && memo !== undefined) memo.head = read.value;
  return read;
}

function readAnew(request: AgentRequest, { config, keys }: HeadTools): Result<Head, Refusal> {
  const target = request.url ?? "";
  const query = target.indexOf("?");
  if (query !== -1) return err(queryRefusal(target.slice(query + 1)));
  const route = ROUTE.exec(target);
  if (route?.[1] === undefined) return err({ kind: "not-found" });

  // Node also reads what has no version at all, which nothing between would frame in the same way (threat 16).
  if (request.httpVersionMajor !== 1) return err({ kind: "bad-header", detail: "only HTTP/1.1 is spoken" });
  const raw = request.rawHeaders;
  const forbidden = findForbiddenHeader(raw);
  if (forbidden !== undefined) return err({ kind: "bad-header", detail: forbidden });

  const headers = request.headers;
  const host = headers.host?.toLowerCase() ?? "";
  if (!config.allowedHosts.has(host)) return err({ kind: "host-not-allowed" });
  // A missing Origin is a client that is no browser; `null` is a browser that hides where it is (threat 62).
  if (headers.origin !== undefined && !config.allowedOrigins.has(headers.origin.toLowerCase())) {
    return err({ kind: "origin-not-allowed" });
  }
  // Some requests of a page have no Origin, but the browser still says that another site made them (threat 62).
  const site = headers["sec-fetch-site"];
  if (headers.origin === undefined && site !== undefined && site !== "same-origin" && site !== "none") {
    return err({ kind: "origin-not-allowed" });
  }

  const verb = request.method;
  if (verb !== "POST" && verb !== "GET" && verb !== "DELETE") {
    return err({ kind: "method-not-allowed", allow: "POST, GET, DELETE" });
  }
  const body = checkBodyHeaders(request, verb);
  if (!body.ok) return body;
  const token = bearerToken(headers.authorization);
  const digest = token === undefined ? undefined : keys.tokenDigest(token);
  if (digest === undefined) return err({ kind: "unauthenticated" });
  return ok({ verb, serverId: route[1], digest, headers: clientHeaders(request) });
}

function queryRefusal(query: string): Refusal {
  return /(?:^|&)(?:access_token|token|key|api_key|authorization)=|pcl_/i.test(query)
    ? { kind: "token-in-url" }
    : { kind: "not-found" };
}

function checkBodyHeaders(request: AgentRequest, verb: Verb): Result<void, Refusal> {
  const encoding = request.headers["content-encoding"];
  // Encoded bodies are refused whatever the coding, `identity` included (threat 10).
  if (encoding !== undefined)
    return err({ kind: "unsupported-media-type", detail: "encoded bodies are not read" });
  if (verb !== "POST") {
    const length = request.headers["content-length"];
    const hasBody =
      request.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
    return hasBody ? err({ kind: "bad-header", detail: "this verb takes no body" }) : ok(undefined);
  }
  const problem = checkContentType(request.headers["content-type"]);
  return problem === undefined ? ok(undefined) : err({ kind: "unsupported-media-type", detail: problem });
}

function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length > MAX_AUTHORIZATION_BYTES) return undefined;
  // RFC 9110 11.1: the scheme is case-insensitive; one space, nothing after the token.
  const match = /^bearer ([!-~]+)$/i.exec(authorization);
  return match?.[1];
}

function clientHeaders(request: AgentRequest): ClientHeaders {
  const headers = request.headers;
  return {
    raw: request.rawHeaders,
    accept: headers.accept,
    protocolVersion: single(headers["mcp-protocol-version"]),
    sessionId: single(headers["mcp-session-id"]),
    lastEventId: single(headers["last-event-id"]),
    traceparent: traceparentOf(request),
  };
}

/** Those of a head that comes again. */
function renewed(headers: ClientHeaders, request: AgentRequest): ClientHeaders {
  return { ...headers, raw: request.rawHeaders, traceparent: traceparentOf(request) };
}

function traceparentOf({ rawHeaders }: AgentRequest): string | undefined {
  const value = readHeader(rawHeaders, "traceparent");
  return value !== undefined && value.length <= MAX_TRACEPARENT_BYTES ? value : undefined;
}

/** Duplicates were refused before, so a list cannot happen; if it does, the header is not there. */
function single(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
