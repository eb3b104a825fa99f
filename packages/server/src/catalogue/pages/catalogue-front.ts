import type { IncomingMessage, ServerResponse } from "node:http";
import { findForbiddenHeader } from "../../mcp/headers.ts";
import { CatalogueThread } from "./catalogue-thread.ts";
import type { SiteAnswer, SiteRequest } from "./site.ts";

export interface FrontOptions {
  readonly dataFolder: string;
  /** The exact `Host` and `Origin` values that are served: those of the line. */
  readonly allow: { readonly hosts: ReadonlySet<string>; readonly origins: ReadonlySet<string> };
  /** Origin under which clients reach this instance; known once it listens. */
  base(): string;
  onFault(fault: string): void;
}

/** Longest path and query. */
const MAX_TARGET_CHARS = 8_192;
const MAX_BODY_BYTES = 256 * 1024;
const PASSED_HEADERS = ["content-type", "if-none-match"];

/** RFC 9110 15. */
const TITLES = {
  400: "Bad Request",
  403: "Forbidden",
  405: "Method Not Allowed",
  413: "Content Too Large",
  414: "URI Too Long",
  503: "Service Unavailable",
} as const;

type Refusal = readonly [status: keyof typeof TITLES, text: string];

const CLOSED: Refusal = [503, "the catalogue cannot answer now; try again"];

/** `/catalogue` and all that belongs to it. What it takes is answered; everything else is the line's. */
export class CatalogueFront implements AsyncDisposable {
  readonly #options: FrontOptions;
  #thread: CatalogueThread | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  /** False where the path is none of ours: then nothing was done. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const target = request.url ?? "";
    if (!isOurs(request.method, target)) return false;
    response.on("error", () => {});
    const refusal = this.#refusalOf(request, target);
    if (refusal !== undefined) refuse(request, response, refusal);
    else if (target === "/") redirect(response);
    else this.#answer(request, response, target).catch((cause) => this.#fail(request, response, cause));
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.[Symbol.asyncDispose]();
  }

  #refusalOf(request: IncomingMessage, target: string): Refusal | undefined {
    if (target.length > MAX_TARGET_CHARS) return [414, "the address is too long"];
    const forbidden = findForbiddenHeader(request.rawHeaders);
    if (forbidden !== undefined || request.httpVersionMajor !== 1)
      return [400, forbidden ?? "only HTTP/1.1 is spoken"];
    // A page of a stranger must not read ours through DNS rebinding (threat 62).
    if (!this.#options.allow.hosts.has(request.headers.host?.toLowerCase() ?? "")) {
      return [403, "this host name is not served; name it with --public-url or --allowed-host"];
    }
    const isPost = request.method === "POST";
    if (!isPost && request.method !== "GET" && request.method !== "HEAD") return [405, "method not allowed"];
    if (isPost && !this.#isOwnPage(request)) return [403, "forms are sent from the pages of this instance"];
    const length = request.headers["content-length"];
    const hasBody =
      request.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
    if (!isPost && hasBody) return [400, "this method takes no body"];
    return Number(length ?? 0) > MAX_BODY_BYTES ? TOO_LARGE : undefined;
  }

  /** Programs say nothing of where they are; a browser does, in one header or the other. */
  #isOwnPage({ headers }: IncomingMessage): boolean {
    if (headers.origin !== undefined) return this.#options.allow.origins.has(headers.origin.toLowerCase());
    const site = headers["sec-fetch-site"];
    return site === undefined || site === "same-origin" || site === "none";
  }

  async #answer(request: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
    const body = request.method === "POST" ? await readBody(request) : undefined;
    if (body === "too-large") return refuse(request, response, TOO_LARGE);
    if (body === "gone") return;
    this.#thread ??= new CatalogueThread({ ...this.#options, base: this.#options.base() });
    const answer = await this.#thread.answer(toSiteRequest(request, target, body));
    if (response.destroyed) return;
    if (answer === undefined) refuse(request, response, CLOSED);
    else send(response, answer);
  }

  /** A fault of ours costs one answer, and never the calls beside it. */
  #fail(request: IncomingMessage, response: ServerResponse, cause: unknown): void {
    this.#options.onFault(cause instanceof Error ? cause.name : "unknown");
    if (response.headersSent) response.destroy();
    else refuse(request, response, CLOSED);
  }
}

const TOO_LARGE: Refusal = [413, "the body is larger than 256 KiB"];

/** Only what begins exactly so: the line answers the rest, as it always did. */
const OURS =
  /^\/(?:catalogue|api\/v1\/catalogue|v0\.1\/servers)(?:[/?]|$)|^\/(?:sitemap\.xml|robots\.txt)(?:\?|$)/;

/** Of the start only what looks: no other verb is led to another place. */
function isOurs(method: string | undefined, target: string): boolean {
  if (target === "/") return method === "GET" || method === "HEAD";
  return OURS.test(target);
}

function toSiteRequest(
  request: IncomingMessage,
  target: string,
  body: Uint8Array<ArrayBuffer> | undefined,
): SiteRequest {
  const headers = PASSED_HEADERS.flatMap((name): [string, string][] => {
    const value = request.headers[name];
    return typeof value === "string" ? [[name, value]] : [];
  });
  return {
    method: request.method ?? "GET",
    target,
    headers,
    body,
    address: request.socket.remoteAddress ?? "",
  };
}

/** The listener's own clock ends bodies that never come to an end. */
async function readBody(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | "too-large" | "gone"> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request) {
      length += (piece as Buffer).length;
      if (length > MAX_BODY_BYTES) return "too-large";
      pieces.push(piece as Buffer);
    }
  } catch {
    return "gone";
  }
  return new Uint8Array(Buffer.concat(pieces));
}

function send(response: ServerResponse, { status, headers, body }: SiteAnswer): void {
  const own = headers.flat();
  const length = status === 304 ? [] : ["content-length", String(body.length)];
  response.writeHead(status, [...own, ...length]);
  response.end(body);
}

function redirect(response: ServerResponse): void {
  response.writeHead(302, ["location", "/catalogue", "content-length", "0", "cache-control", "no-store"]);
  response.end();
}

/** Whoever is refused before the body was read has no more to say on this connection. */
function refuse(request: IncomingMessage, response: ServerResponse, [status, text]: Refusal): void {
  const isForPrograms = /^\/(?:api|v0\.1)\//.test(request.url ?? "");
  const problem = { type: "about:blank", title: TITLES[status], status, detail: text };
  const body = isForPrograms ? JSON.stringify(problem) : `${text}\n`;
  const headers = [
    ...["content-type", isForPrograms ? "application/problem+json" : "text/plain; charset=utf-8"],
    ...["cache-control", "no-store", "x-content-type-options", "nosniff"],
    ...["content-length", String(Buffer.byteLength(body))],
  ];
  if (status === 405) headers.push("allow", "GET, HEAD, POST");
  if (status === 503) headers.push("retry-after", "3");
  if (!request.complete) headers.push("connection", "close");
  response.writeHead(status, headers);
  response.end(body);
}
