import { createScanner, type JSONScanner } from "jsonc-parser";
import { isExactNumberToken } from "./number-token.ts";
import { MAX_NESTING, type Member, type SourceNode } from "./parse-tree.ts";
import { quote, type Report } from "./schema-report.ts";

/**
 * Reads JSON (RFC 8259), or JSONC: comments and a comma before a closing bracket besides. Undefined when the
 * source breaks off in its structure; comments and spare commas of plain JSON, and bad escapes, are reported and
 * passed over, so that later errors are seen as well (M6). Depth is bounded, time is linear.
 *
 * The scanner is jsonc-parser's; its parser is not used because it recurses without bound.
 */
export function parseJsonTree(
  text: string,
  format: "json" | "jsonc",
  report: Report,
): SourceNode | undefined {
  const scanner = createScanner(text, false);
  const reader: Reader = { text, scanner, format, report, token: EOF, brokenOff: false };
  advance(reader);
  const node = readValue(reader, 0);
  if (node !== undefined && reader.token !== EOF)
    return fail(reader, "the end is expected after the first value");
  return reader.brokenOff ? undefined : node;
}

interface Reader {
  readonly text: string;
  readonly scanner: JSONScanner;
  readonly format: "json" | "jsonc";
  readonly report: Report;
  token: number;
  /** True after a token without an end: it is reported, and what follows would only repeat the complaint. */
  brokenOff: boolean;
}

// jsonc-parser's SyntaxKind, an ambient const enum that a module compiled by itself cannot import.
const OPEN_BRACE = 1;
const CLOSE_BRACE = 2;
const OPEN_BRACKET = 3;
const CLOSE_BRACKET = 4;
const COMMA = 5;
const COLON = 6;
const NULL = 7;
const TRUE = 8;
const FALSE = 9;
const STRING = 10;
const NUMBER = 11;
const LINE_COMMENT = 12;
const BLOCK_COMMENT = 13;
const LINE_BREAK = 14;
const WHITE_SPACE = 15;
const EOF = 17;

/** By ScanError: tokens without an end. */
const UNENDED: ReadonlyMap<number, string> = new Map([
  [1, "this comment is not closed; write `*/`"],
  [2, "this string is not closed on its line"],
  [3, "this number breaks off; write a digit after the dot or exponent"],
]);

function readValue(reader: Reader, depth: number): SourceNode | undefined {
  const { scanner, token } = reader;
  const at = scanner.getTokenOffset();
  if (token === OPEN_BRACE || token === OPEN_BRACKET) {
    if (depth >= MAX_NESTING) {
      reader.report.add(
        undefined,
        at,
        "limit_exceeded",
        `nested deeper than ${MAX_NESTING} levels; flatten it`,
      );
      return undefined;
    }
    advance(reader);
    return token === OPEN_BRACE ? readObject(reader, at, depth) : readArray(reader, at, depth);
  }
  const scalar = readScalar(reader, at);
  if (scalar === undefined) return fail(reader, "a value is expected here");
  advance(reader);
  return scalar;
}

function readScalar({ token, scanner, text }: Reader, at: number): SourceNode | undefined {
  if (token === STRING) return { kind: "scalar", at, value: scanner.getTokenValue() };
  if (token === NULL) return { kind: "scalar", at, value: null };
  if (token === TRUE || token === FALSE) return { kind: "scalar", at, value: token === TRUE };
  if (token !== NUMBER) return undefined;
  const written = text.slice(at, at + scanner.getTokenLength());
  const value = Number(written);
  if (isExactNumberToken(written)) return { kind: "scalar", at, value };
  return { kind: "scalar", at, value, inexactToken: written };
}

function readObject(reader: Reader, at: number, depth: number): SourceNode | undefined {
  const members: Member[] = [];
  const readMember = (): boolean => {
    if (!isAt(reader, STRING)) return failed(reader, "a key in double quotes is expected here");
    const key = reader.scanner.getTokenValue();
    const keyAt = reader.scanner.getTokenOffset();
    advance(reader);
    if (!isAt(reader, COLON)) return failed(reader, `a colon is expected after the key ${quote(key)}`);
    advance(reader);
    const node = readValue(reader, depth + 1);
    if (node !== undefined) members.push({ key, keyAt, node });
    return node !== undefined;
  };
  return readList(reader, CLOSE_BRACE, readMember) ? { kind: "object", at, members } : undefined;
}

function readArray(reader: Reader, at: number, depth: number): SourceNode | undefined {
  const items: SourceNode[] = [];
  const readItem = (): boolean => {
    const node = readValue(reader, depth + 1);
    if (node !== undefined) items.push(node);
    return node !== undefined;
  };
  return readList(reader, CLOSE_BRACKET, readItem) ? { kind: "array", at, items } : undefined;
}

/** Reads what is separated by commas up to the closing token. False when reading cannot go on. */
function readList(reader: Reader, close: number, readOne: () => boolean): boolean {
  while (reader.token !== close) {
    if (!readOne()) return false;
    if (reader.token !== COMMA) break;
    const commaAt = reader.scanner.getTokenOffset();
    advance(reader);
    if (reader.token === close && reader.format === "json") {
      reader.report.add(
        undefined,
        commaAt,
        "syntax",
        "JSON has no comma before a closing bracket; remove it",
      );
    }
  }
  const closing = close === CLOSE_BRACE ? "`}`" : "`]`";
  if (reader.token !== close) return failed(reader, `a comma or ${closing} is expected here`);
  advance(reader);
  return true;
}

/** Moves to the next token that is neither white space nor a comment; judges what it passes. */
function advance(reader: Reader): void {
  const { scanner } = reader;
  do {
    reader.token = scanner.scan();
    judgeToken(reader, scanner.getTokenOffset(), scanner.getTokenError());
  } while (isTrivia(reader.token));
}

function judgeToken(reader: Reader, at: number, fault: number): void {
  const { format, report, token } = reader;
  const unended = UNENDED.get(fault);
  if (unended !== undefined) {
    report.add(undefined, at, "syntax", unended);
    reader.brokenOff = true;
    reader.token = EOF;
  } else if (fault !== 0) {
    report.add(undefined, at, "syntax", "this string has a bad escape or a raw control character");
  } else if (format === "json" && (token === LINE_COMMENT || token === BLOCK_COMMENT)) {
    report.add(undefined, at, "syntax", "JSON has no comments; remove it or name the file `.jsonc`");
  }
}

/** As a function, because `advance` changes the token behind the compiler's back. */
function isAt(reader: Reader, token: number): boolean {
  return reader.token === token;
}

function isTrivia(token: number): boolean {
  return token === LINE_COMMENT || token === BLOCK_COMMENT || token === LINE_BREAK || token === WHITE_SPACE;
}

function failed(reader: Reader, expected: string): false {
  fail(reader, expected);
  return false;
}

function fail({ brokenOff, report, scanner, text, token }: Reader, expected: string): undefined {
  if (brokenOff) return undefined;
  const at = scanner.getTokenOffset();
  const found = quote(text.slice(at, at + scanner.getTokenLength()));
  report.add(undefined, at, "syntax", `${expected}, not ${token === EOF ? "the end of the source" : found}`);
  return undefined;
}
