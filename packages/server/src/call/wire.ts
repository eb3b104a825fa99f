/** Refusals on the wire: no path, stack, version or value leaves here. */
import { maskSecrets } from "../mcp/mask-secrets.ts";
import {
  HEADER_MISMATCH,
  INTERNAL_ERROR,
  INVALID_PARAMS,
  INVALID_REQUEST,
  LEGACY_VERSIONS,
  METHOD_NOT_FOUND,
  MISSING_CAPABILITY,
  MODERN_VERSION,
  UNSUPPORTED_VERSION,
} from "../mcp/revisions.ts";
import type { UpstreamFailure } from "./ports.ts";
import { failureText, type Refusal, type RefusalContext } from "./refusal.ts";

export interface WireAnswer {
  readonly status: number;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** `_meta` member on a limit's denial: milliseconds until the call may succeed (policy-spec R3). */
export const RETRY_AFTER_META = "io.portcullis/retryAfterMs";
/** What the same member says of a server whose places are taken (faults F8): nobody knows when one is free. */
const BUSY_RETRY_MS = 1_000;

export const NO_APPROVALS_YET =
  "This call needs a person's approval, and this gateway has no approvals yet. Nothing was executed.";

const SERVER_NOT_READY = -32000;

/** The answer on the wire, for every refusal there is. */
export function toWire(refusal: Refusal, context: RefusalContext): WireAnswer {
  switch (refusal.kind) {
    case "not-found":
      return http(404, context, INVALID_REQUEST, "Not found.");
    case "method-not-allowed":
      return http(405, context, INVALID_REQUEST, "Method not allowed.", ["allow", refusal.allow]);
    case "host-not-allowed":
      return http(
        403,
        context,
        INVALID_REQUEST,
        "This Host is not served here; the operator can allow it with `allowedHosts`.",
      );
    case "origin-not-allowed":
      return http(
        403,
        context,
        INVALID_REQUEST,
        "This Origin is not allowed; the operator can allow it with `allowedOrigins`.",
      );
    case "bad-header":
      return http(400, context, INVALID_REQUEST, `Bad request: ${refusal.detail}.`);
    case "unsupported-media-type":
      return http(415, context, INVALID_REQUEST, `Unsupported media type: ${refusal.detail}.`);
    case "token-in-url":
      return http(
        400,
        context,
        INVALID_REQUEST,
        "A token in the URL is refused; send it as `Authorization: Bearer`.",
      );
    case "unauthenticated":
      return http(
        401,
        context,
        INVALID_REQUEST,
        "A valid grant token is required as `Authorization: Bearer`.",
        ["www-authenticate", 'Bearer realm="portcullis"'],
      );
    case "throttled":
      return http(429, context, INVALID_REQUEST, "Too many failed attempts.", [
        "retry-after",
        String(refusal.retryAfterS),
      ]);
    default:
      return messageToWire(refusal, context);
  }
}

type IdentifiedRefusal = Exclude<
  Refusal,
  {
    kind:
      | "not-found"
      | "method-not-allowed"
      | "host-not-allowed"
      | "origin-not-allowed"
      | "bad-header"
      | "unsupported-media-type"
      | "token-in-url"
      | "unauthenticated"
      | "throttled";
  }
>;

function messageToWire(refusal: IdentifiedRefusal, context: RefusalContext): WireAnswer {
  switch (refusal.kind) {
    case "body-too-large":
      // Without `Connection: close`, with which Node cuts before the client has sent all, and so before it reads.
      return http(413, context, INVALID_REQUEST, `The body is larger than ${refusal.maxBytes} bytes.`);
    case "body-aborted":
      return http(400, context, INVALID_REQUEST, "The body is not complete.", ["connection", "close"]);
    case "malformed":
      return http(400, context, refusal.code, refusal.reason);
    case "header-mismatch":
      return http(400, context, HEADER_MISMATCH, `Header mismatch: ${refusal.detail}`);
    case "unsupported-version":
      return http(400, context, UNSUPPORTED_VERSION, "Unsupported protocol version", [], {
        supported: refusal.supported,
        requested: maskSecrets(refusal.requested),
      });
    case "unknown-method":
      // 2026-07-28: an unknown method is HTTP 404 with -32601; earlier revisions answer 200.
      return http(
        context.era === "modern" ? 404 : 200,
        context,
        METHOD_NOT_FOUND,
        `Method not found: ${maskSecrets(refusal.method)}`,
      );
    case "session-unknown":
      return http(404, context, SERVER_NOT_READY, "Session not found; send `initialize` again.");
    case "session-missing":
      return http(
        400,
        context,
        SERVER_NOT_READY,
        "Bad request: the `Mcp-Session-Id` header is required; send `initialize` first.",
      );
    case "era-mismatch":
      return eraMismatch(refusal, context);
    case "handle-unknown":
      return http(
        refusal.what === "task" ? 404 : 400,
        context,
        INVALID_PARAMS,
        `Unknown or expired ${refusal.what}.`,
      );
    case "capability-missing":
      return http(400, context, MISSING_CAPABILITY, "Missing required client capability", [], {
        requiredCapabilities: { extensions: { [refusal.extension]: {} } },
      });
    case "duplicate-id":
      return http(400, context, INVALID_REQUEST, "A request with this id is still in flight.");
    default:
      return verdictToWire(refusal, context);
  }
}

type VerdictRefusal = Extract<
  Refusal,
  {
    kind:
      | "unknown-tool"
      | "denied"
      | "held"
      | "audit-unavailable"
      | "list-unavailable"
      | "upstream-failed"
      | "upstream-rejected"
      | "upstream-invalid"
      | "input-denied"
      | "internal";
  }
>;

function verdictToWire(refusal: VerdictRefusal, context: RefusalContext): WireAnswer {
  switch (refusal.kind) {
    case "unknown-tool":
      // policy-spec R4: hidden and unknown are the same answer, byte for byte but for the name.
      return rpc(200, context, INVALID_PARAMS, `Unknown tool: ${maskSecrets(refusal.name)}`);
    case "denied":
      return told(context, `[POLICY DENIED] ${refusal.message}`, INVALID_PARAMS, refusal.retryAfterMs);
    case "held":
      return told(context, `[POLICY DENIED] ${refusal.message}`, INVALID_PARAMS, undefined);
    case "audit-unavailable":
      return http(503, context, INTERNAL_ERROR, "The audit log cannot be written, so nothing was executed.", [
        "retry-after",
        "1",
      ]);
    case "list-unavailable":
      return rpc(
        200,
        context,
        INTERNAL_ERROR,
        `The tool list of \`${refusal.server}\` cannot be had: ${failureText(refusal.failure, 0)}. Nothing was executed.`,
      );
    case "upstream-failed":
      return told(
        context,
        upstreamText(refusal.server, refusal.failure, refusal.deadlineMs),
        INTERNAL_ERROR,
        refusal.failure.kind === "busy" ? BUSY_RETRY_MS : undefined,
      );
    case "upstream-rejected":
      return rejected(refusal, context);
    case "upstream-invalid":
      return told(
        context,
        `[UPSTREAM ERROR] \`${refusal.server}\` gave an invalid answer: ${refusal.reason}.`,
        INTERNAL_ERROR,
        undefined,
      );
    case "input-denied":
      return told(context, `[POLICY DENIED] ${refusal.message}`, INVALID_PARAMS, undefined);
    case "internal":
      return http(500, context, INTERNAL_ERROR, "Internal error; nothing more was executed.");
    default:
      return unreachable(refusal);
  }
}

function upstreamText(server: string, failure: UpstreamFailure, deadlineMs: number): string {
  const ran = failure.sent ? "The call may have run." : "Nothing was executed.";
  return `[UPSTREAM ERROR] \`${server}\`: ${failureText(failure, deadlineMs)}. ${ran}`;
}

/** A client's fault keeps its status; what concerns the gateway's own credential or the server is told in words. */
function rejected(
  refusal: Extract<Refusal, { kind: "upstream-rejected" }>,
  context: RefusalContext,
): WireAnswer {
  const { server, httpStatus } = refusal;
  const text = `[UPSTREAM ERROR] \`${server}\` answered HTTP ${httpStatus}.`;
  return CLIENT_FAULTS.has(httpStatus)
    ? http(httpStatus, context, INTERNAL_ERROR, text)
    : told(context, text, INTERNAL_ERROR, undefined);
}

const CLIENT_FAULTS: ReadonlySet<number> = new Set([400, 404, 405, 406, 409, 413, 415]);

/** The bridge between eras is not built: say which era the server speaks, in the words of the caller's era. */
function eraMismatch(
  refusal: Extract<Refusal, { kind: "era-mismatch" }>,
  context: RefusalContext,
): WireAnswer {
  if (refusal.speaks === "legacy") {
    return http(
      400,
      context,
      UNSUPPORTED_VERSION,
      `\`${refusal.server}\` speaks earlier revisions only; use initialize.`,
      [],
      {
        supported: LEGACY_VERSIONS,
        requested: MODERN_VERSION,
      },
    );
  }
  return http(400, context, UNSUPPORTED_VERSION, `\`${refusal.server}\` speaks ${MODERN_VERSION} only.`, [], {
    supported: [MODERN_VERSION],
    requested: "initialize",
  });
}

/** A tool result where the model should read the reason (policy-spec R3), a JSON-RPC error elsewhere. */
function told(
  context: RefusalContext,
  text: string,
  code: number,
  retryAfterMs: number | undefined,
): WireAnswer {
  // Without a request there is no JSON-RPC answer to read, only a status.
  if (context.id === undefined) return http(502, context, code, text);
  if (!context.isToolCall) return rpc(200, context, code, text);
  const result = {
    ...(context.era === "modern" ? { resultType: "complete" } : {}),
    content: [{ type: "text", text }],
    isError: true,
    ...(retryAfterMs === undefined ? {} : { _meta: { [RETRY_AFTER_META]: retryAfterMs } }),
  };
  return json(200, [], { jsonrpc: "2.0", id: context.id, result });
}

function rpc(status: number, context: RefusalContext, code: number, message: string): WireAnswer {
  return http(status, context, code, message);
}

function http(
  status: number,
  context: RefusalContext,
  code: number,
  message: string,
  headers: readonly string[] = [],
  data?: unknown,
): WireAnswer {
  const error = data === undefined ? { code, message } : { code, message, data };
  // JSON-RPC: the id is null when it could not be read; 2026-07-28 lets an error without a request carry none.
  return json(status, headers, { jsonrpc: "2.0", id: context.id ?? null, error });
}

function json(status: number, headers: readonly string[], value: unknown): WireAnswer {
  return { status, headers: ["content-type", "application/json", ...headers], body: JSON.stringify(value) };
}

function unreachable(value: never): never {
  throw new TypeError(`unhandled refusal ${String(value)}`);
}
