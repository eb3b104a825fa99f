import type { HeadMemo } from "../../call/agent-request.ts";

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
  readonly memo: HeadMemo;
}

/** More than clients send; what is longer is read by Node, within its own bound. */
export const MAX_HEAD_BYTES = 8 * 1024;
export const LINE_END = "\r\n";
const HEAD_END = Buffer.from(LINE_END + LINE_END);
/** All lines of a head: visible ASCII and spaces (RFC 9110 section 5.5 allows more, and readers differ in it). */
const FORM = /^POST (\/mcp\/[0-9A-Za-z_/]{1,64}) HTTP\/1\.1\r\n(?:[0-9A-Za-z-]{1,64}:[ -~]*\r\n){1,64}$/;
const FIRST_LINE_BUT_URL = "POST  HTTP/1.1\r\n".length;
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

/** The lines of the head with which `bytes` begin, without the blank one; undefined where it is not whole, or long. */
export function headText(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(HEAD_END);
  return end === -1 || end > MAX_HEAD_BYTES ? undefined : bytes.toString("latin1", 0, end + LINE_END.length);
}

/**
 * Reads what {@link headText} gave; undefined where it is anything but plain: then Node decides what it is. This is no
 * parser of HTTP but a form: `POST /mcp/…`, fields of letters and visible characters with each name once, one `Host`,
 * one `Content-Length` (RFC 9112 sections 2 to 6).
 */
export function readPlainHead(text: string): PlainHead | undefined {
  const url = FORM.exec(text)?.[1];
  if (url === undefined) return undefined;
  const rawHeaders: string[] = [];
  const headers: Record<string, string> = {};
  for (let at = FIRST_LINE_BUT_URL + url.length; at < text.length; ) {
    const colon = text.indexOf(":", at);
    const lineEnd = text.indexOf(LINE_END, colon);
    const name = text.slice(at, colon);
    const lower = lowerName(name);
    // What every object has is no plain name either.
    if (lower === undefined || headers[lower] !== undefined) return undefined;
    const value = text.slice(colon + 1, lineEnd).trim();
    rawHeaders.push(name, value);
    headers[lower] = value;
    at = lineEnd + LINE_END.length;
  }
  const bodyBytes = plainLength(headers);
  if (bodyBytes === undefined) return undefined;
  const headBytes = text.length + LINE_END.length;
  return { url, rawHeaders, headers, bodyBytes, headBytes, memo: { head: undefined } };
}

/** How long the body is; undefined where other fields say more about it, or about the connection. */
function plainLength(headers: Readonly<Record<string, string>>): number | undefined {
  const connection = headers["connection"];
  if (connection !== undefined && connection.toLowerCase() !== "keep-alive") return undefined;
  return headers["host"] === undefined ? undefined : lengthOf(headers["content-length"] ?? "");
}

/** `Content-Length` as a number; undefined for one that is left to Node. */
export function lengthOf(value: string): number | undefined {
  return LENGTH.test(value) ? Number(value) : undefined;
}

/** Names that were met, in lower case. Strangers choose some: with too many all are forgotten. */
const MAX_KNOWN_NAMES = 1_024;
const known = new Map<string, string>();

/** The name in lower case; undefined for one that Node reads. */
function lowerName(name: string): string | undefined {
  const before = known.get(name);
  if (before !== undefined) return before;
  const lower = name.toLowerCase();
  if (NOT_PLAIN.has(lower)) return undefined;
  if (known.size >= MAX_KNOWN_NAMES) known.clear();
  // A copy: a part of a text keeps all of it, and this one has a token.
  known.set(Buffer.from(name, "latin1").toString("latin1"), lower);
  return lower;
}
