/** The head of a request that every reader of HTTP/1.1 reads in one way. */
export interface PlainHead {
  /** Begins with `/mcp/`. */
  readonly url: string;
  /** Name, value, name, value, as received. */
  readonly rawHeaders: readonly string[];
  /** By name in lower case; no name comes twice. */
  readonly headers: Readonly<Record<string, string>>;
  /** `Content-Length`, in bytes. */
  readonly bodyBytes: number;
  /** Of the head itself, its blank line included. */
  readonly headBytes: number;
}

/** More than clients send; what is longer is read by Node, within its own bound. */
const MAX_HEAD_BYTES = 8 * 1024;
const MAX_HEADERS = 64;
const HEAD_END = Buffer.from("\r\n\r\n");
const METHOD = "POST ";
const VERSION = " HTTP/1.1";
const TARGET = /^\/mcp\/[0-9A-Za-z_/]{1,64}$/;
const NAME = /^[0-9A-Za-z-]{1,64}$/;
/** Visible ASCII and spaces (RFC 9110 section 5.5 allows more, and readers differ in what they make of it). */
const VALUE = /^[ -~]*$/;
const LENGTH = /^[0-9]{1,9}$/;

/**
 * Fields that say where a message ends, what is done with its connection, or what is to happen before its body: Node
 * reads those. `Content-Length` alone is plain, and `Connection: keep-alive`, which says what holds anyway.
 */
const NOT_PLAIN: ReadonlySet<string> = new Set([
  "expect",
  "http2-settings",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Reads the head with which `bytes` begin; undefined where it is not whole, or anything but plain: then Node decides
 * what it is. This is no parser of HTTP but a form: `POST /mcp/…`, fields of letters and visible characters with each
 * name once, one `Host`, one `Content-Length` (RFC 9112 sections 2 to 6).
 */
export function readPlainHead(bytes: Buffer): PlainHead | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1 || end > MAX_HEAD_BYTES) return undefined;
  const text = bytes.toString("latin1", 0, end + 2);
  const firstEnd = text.indexOf("\r\n");
  const url = readRequestLine(text.slice(0, firstEnd));
  if (url === undefined) return undefined;
  const rawHeaders: string[] = [];
  const headers: Record<string, string> = {};
  for (let at = firstEnd + 2; at < text.length; ) {
    const lineEnd = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    if (colon === -1 || colon > lineEnd || rawHeaders.length >= 2 * MAX_HEADERS) return undefined;
    const name = text.slice(at, colon);
    const lower = lowerName(name);
    if (lower === undefined || Object.hasOwn(headers, lower)) return undefined;
    const value = text.slice(colon + 1, lineEnd);
    if (!VALUE.test(value)) return undefined;
    const trimmed = value.trim();
    rawHeaders.push(name, trimmed);
    headers[lower] = trimmed;
    at = lineEnd + 2;
  }
  const bodyBytes = plainLength(headers);
  return bodyBytes === undefined ? undefined : { url, rawHeaders, headers, bodyBytes, headBytes: end + 4 };
}

function readRequestLine(line: string): string | undefined {
  if (!line.startsWith(METHOD) || !line.endsWith(VERSION)) return undefined;
  const target = line.slice(METHOD.length, -VERSION.length);
  return TARGET.test(target) ? target : undefined;
}

/** How long the body is; undefined where other fields say more about it, or about the connection. */
function plainLength(headers: Readonly<Record<string, string>>): number | undefined {
  const connection = headers["connection"];
  if (connection !== undefined && connection.toLowerCase() !== "keep-alive") return undefined;
  const length = headers["content-length"];
  if (length === undefined || headers["host"] === undefined || !LENGTH.test(length)) return undefined;
  return Number(length);
}

/** Names that were met, in lower case. Strangers choose some: with too many all are forgotten. */
const MAX_KNOWN_NAMES = 1_024;
const known = new Map<string, string>();

/** The name in lower case; undefined for one that is not plain. */
function lowerName(name: string): string | undefined {
  const before = known.get(name);
  if (before !== undefined) return before;
  if (!NAME.test(name)) return undefined;
  const lower = name.toLowerCase();
  if (NOT_PLAIN.has(lower)) return undefined;
  if (known.size >= MAX_KNOWN_NAMES) known.clear();
  known.set(name, lower);
  return lower;
}
