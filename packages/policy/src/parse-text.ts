import type { Report } from "./schema-report.ts";

/** Largest source, and largest converted JSON, in bytes of UTF-8 (M5). */
export const MAX_DOCUMENT_BYTES = 256 * 1024;

/**
 * The text of a source, without a byte order mark. Undefined, with an error in the report, when it is larger
 * than M5 allows or not valid UTF-8.
 */
export function readSourceText(source: string | Uint8Array, report: Report): string | undefined {
  if (byteLength(source) > MAX_DOCUMENT_BYTES) {
    report.add(undefined, 0, "limit_exceeded", tooLarge("the source"));
    return undefined;
  }
  const text = typeof source === "string" ? source : decodeUtf8(source);
  if (text === undefined || !text.isWellFormed()) {
    report.add(undefined, 0, "syntax", "the source is not valid UTF-8; save the file as UTF-8");
    return undefined;
  }
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** True when the text takes more bytes of UTF-8 than M5 allows. */
export function isTooLarge(text: string): boolean {
  return byteLength(text) > MAX_DOCUMENT_BYTES;
}

/** Message of the limit on bytes. */
export function tooLarge(what: string): string {
  return `${what} is larger than ${MAX_DOCUMENT_BYTES} bytes (256 KiB); split the policy`;
}

/**
 * Turns offsets into lines and columns, both from 1; a line ends at LF, CR LF or CR. Offsets must come in rising
 * order: the text is read through once, however many there are.
 */
export function createLineReader(text: string): (offset: number) => { line: number; column: number } {
  const lineBreak = /\r\n|\n|\r/g;
  let line = 1;
  let start = 0;
  let next = lineBreak.exec(text);
  return (offset) => {
    while (next !== null && next.index + next[0].length <= offset) {
      line += 1;
      start = next.index + next[0].length;
      next = lineBreak.exec(text);
    }
    return { line, column: offset - start + 1 };
  };
}

function byteLength(source: string | Uint8Array): number {
  if (typeof source !== "string") return source.byteLength;
  // Each code unit takes at least one byte: what is plainly too long need not be encoded.
  return source.length > MAX_DOCUMENT_BYTES ? source.length : new TextEncoder().encode(source).byteLength;
}

/** Strict UTF-8 by the language's own decoder: overlong forms and surrogates are refused (RFC 3629). */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  let escaped = "";
  for (const byte of bytes) {
    escaped += byte < 0x80 && byte !== PERCENT ? String.fromCharCode(byte) : `%${byte.toString(16)}`;
  }
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}

const PERCENT = 0x25;
