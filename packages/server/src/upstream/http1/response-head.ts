import { isFieldValue, isToken, trimBlanks } from "../../mcp/headers.ts";

/** The head of a response and what it says about the rest (RFC 9112 section 6.3). */
export interface ResponseFraming {
  readonly status: number;
  /** Name, value, name, value. */
  readonly raw: readonly string[];
  /** `Content-Length`, in bytes. */
  readonly length: number | undefined;
  readonly isChunked: boolean;
  /** The connection outlives the response (RFC 9112 section 9.3). */
  readonly isPersistent: boolean;
  /** `Keep-Alive: timeout=…`, in seconds. */
  readonly keepAliveS: number | undefined;
}

/** Reads a head strictly; undefined for one that two readers could read in two ways. `text` ends before the blank line. */
export function parseHead(text: string): ResponseFraming | undefined {
  const firstEnd = text.indexOf("\r\n");
  const first = firstEnd === -1 ? text : text.slice(0, firstEnd);
  const status = parseStatusLine(first);
  // 100 answers an `Expect` and 101 an `Upgrade`; neither is ever sent.
  if (status === undefined || status === 100 || status === 101) return undefined;
  const raw: string[] = [];
  for (let at = first.length + 2; at < text.length + 2; ) {
    const next = text.indexOf("\r\n", at);
    const end = next === -1 ? text.length : next;
    const field = parseLine(text.slice(at, end));
    if (field === undefined) return undefined;
    raw.push(field.name, field.value);
    at = end + 2;
  }
  return frame(status, first.startsWith("HTTP/1.1"), raw);
}

/** `HTTP/1.1 200 OK` (RFC 9112 section 4); the reason says nothing. */
function parseStatusLine(line: string): number | undefined {
  const status = line.slice(9, 12);
  const isPlain = /^[1-5][0-9][0-9]$/.test(status) && (line.length === 12 || line[12] === " ");
  return isPlain && isFieldValue(line) ? Number(status) : undefined;
}

/** One field line (RFC 9112 section 5): no white space before the colon, no folding, no control character. */
export function parseLine(line: string): { readonly name: string; readonly value: string } | undefined {
  const colon = line.indexOf(":");
  if (colon <= 0) return undefined;
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1);
  // RFC 9110 section 5.5 lets a tab surround a value; some readers then see another coding or length.
  if (framingField(name) !== "" && value.includes("\t")) return undefined;
  return isToken(name) && isFieldValue(value) ? { name, value: trimBlanks(value) } : undefined;
}

/** How long the body is and whether the connection outlives it; undefined where that is ambiguous. */
function frame(status: number, isHttp11: boolean, raw: readonly string[]): ResponseFraming | undefined {
  let lengthText: string | undefined;
  let coding: string | undefined;
  let connection = "";
  let keepAliveS: number | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    const value = raw[at + 1] ?? "";
    switch (framingField(raw[at] ?? "")) {
      case "content-length":
        if (lengthText !== undefined) return undefined;
        lengthText = value;
        break;
      case "transfer-encoding":
        if (coding !== undefined) return undefined;
        coding = value;
        break;
      case "connection":
        connection += `,${value}`;
        break;
      case "keep-alive":
        keepAliveS = Number(/(?:^|[ ,])timeout=([0-9]{1,6})(?:$|[ ,])/i.exec(value)?.[1] ?? Number.NaN);
        break;
      default:
    }
  }
  const length = parseLength(lengthText ?? "");
  if (lengthText !== undefined && length === undefined) return undefined;
  // RFC 9112 section 6.1: any other coding, one beside a length, or one in HTTP/1.0 is an error or an attack.
  const isBadCoding = lengthText !== undefined || !isHttp11 || coding?.toLowerCase() !== "chunked";
  if (coding !== undefined && isBadCoding) return undefined;
  return {
    status,
    raw,
    length,
    isChunked: coding !== undefined,
    isPersistent: isHttp11 && !/(?:^|[ \t,])close(?:$|[ \t,])/i.test(connection),
    keepAliveS: Number.isNaN(keepAliveS) ? undefined : keepAliveS,
  };
}

/** Digits alone: no list, no sign, nothing that a double cannot hold. */
export function parseLength(value: string): number | undefined {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : undefined;
}

/** RFC 9110 section 6.5.1: what frames a message is no trailer, and readers differ in what they make of one. */
export function isFraming(name: string): boolean {
  return FRAMING.has(name.toLowerCase());
}

const FRAMING: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "keep-alive",
  "transfer-encoding",
]);

/** The name in lower case where it may frame the message; most are passed over by their length. */
function framingField(name: string): string {
  return name.length === 10 || name.length === 14 || name.length === 17 ? name.toLowerCase() : "";
}
