import { isExactNumberToken } from "@portcullis/policy";
import {
  FAILED,
  fail,
  malformed,
  type ReadError,
  type ReadLimits,
  refuse,
  type Scan,
  SYNTAX,
} from "./json-scan-state.ts";
import { isLonger, scanString } from "./json-string.ts";
import { INVALID_REQUEST, PARSE_ERROR } from "./revisions.ts";

/** What a body may hold at most (threats 8 and 9). */
export const DEFAULT_LIMITS: ReadLimits = {
  maxDepth: 64,
  maxNodes: 50_000,
  maxStringBytes: 1024 * 1024,
  maxKeyBytes: 1024,
};

/**
 * Judges `text`, decoded from valid UTF-8, as one JSON object under every rule of strict reading; undefined when it
 * is acceptable. Complete on its own: RFC 8259 grammar, duplicate and `__proto__` keys, surrogates, numbers, bounds.
 * Recursion is bounded by `maxDepth`; it stops at the first fault. `isJson`: `JSON.parse` has read it, so that long
 * strings need not be looked through.
 */
export function scanJson(text: string, limits: ReadLimits, isJson = false): ReadError | undefined {
  const scan: Scan = { text, limits, isJson, nodes: 0, quoteAt: -1, backslashAt: -1, fault: undefined };
  const start = skipSpace(text, 0);
  if (start === text.length) return { code: PARSE_ERROR, reason: "the body is empty" };
  // Refused by its first byte and whatever follows: batches exist in one revision only and are accepted in none (threat 12).
  if (text.charCodeAt(start) === OPEN_ARRAY)
    return { code: INVALID_REQUEST, reason: "batches are not accepted" };
  const end = scanValue(scan, start, 1);
  if (end < 0) return scan.fault ?? SYNTAX;
  if (skipSpace(text, end) !== text.length)
    return { code: PARSE_ERROR, reason: "something follows the JSON value" };
  if (text.charCodeAt(start) !== OPEN_OBJECT)
    return { code: INVALID_REQUEST, reason: "the body is not a JSON object" };
  return undefined;
}

const QUOTE = 0x22;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

function scanValue(scan: Scan, at: number, depth: number): number {
  scan.nodes += 1;
  if (scan.nodes > scan.limits.maxNodes) return refuse(scan, "the body has too many values");
  switch (scan.text.charCodeAt(at)) {
    case QUOTE: {
      const end = scanString(scan, at);
      const isTooLong = end >= 0 && isLonger(scan, at, end, scan.limits.maxStringBytes);
      return isTooLong ? refuse(scan, "a string is too long") : end;
    }
    case OPEN_OBJECT:
      return depth > scan.limits.maxDepth ? refuse(scan, TOO_DEEP) : scanObject(scan, at + 1, depth);
    case OPEN_ARRAY:
      return depth > scan.limits.maxDepth ? refuse(scan, TOO_DEEP) : scanArray(scan, at + 1, depth);
    case 0x74:
      return scan.text.startsWith("true", at) ? at + 4 : malformed(scan);
    case 0x66:
      return scan.text.startsWith("false", at) ? at + 5 : malformed(scan);
    case 0x6e:
      return scan.text.startsWith("null", at) ? at + 4 : malformed(scan);
    default:
      return scanNumber(scan, at);
  }
}

const TOO_DEEP = "the body is nested too deeply";

function scanArray(scan: Scan, from: number, depth: number): number {
  const { text } = scan;
  let at = skipSpace(text, from);
  if (text.charCodeAt(at) === CLOSE_ARRAY) return at + 1;
  for (;;) {
    at = scanValue(scan, at, depth + 1);
    if (at < 0) return FAILED;
    at = skipSpace(text, at);
    const next = text.charCodeAt(at);
    if (next === CLOSE_ARRAY) return at + 1;
    if (next !== COMMA) return malformed(scan);
    at = skipSpace(text, at + 1);
  }
}

function scanObject(scan: Scan, from: number, depth: number): number {
  const { text } = scan;
  let at = skipSpace(text, from);
  if (text.charCodeAt(at) === CLOSE_OBJECT) return at + 1;
  const keys = new Set<string>();
  for (;;) {
    at = scanKey(scan, at, keys);
    if (at < 0) return FAILED;
    at = skipSpace(text, at);
    if (text.charCodeAt(at) !== COLON) return malformed(scan);
    at = scanValue(scan, skipSpace(text, at + 1), depth + 1);
    if (at < 0) return FAILED;
    at = skipSpace(text, at);
    const next = text.charCodeAt(at);
    if (next === CLOSE_OBJECT) return at + 1;
    if (next !== COMMA) return malformed(scan);
    at = skipSpace(text, at + 1);
  }
}

function scanKey(scan: Scan, at: number, keys: Set<string>): number {
  if (scan.text.charCodeAt(at) !== QUOTE) return malformed(scan);
  const end = scanString(scan, at);
  if (end < 0) return FAILED;
  if (isLonger(scan, at, end, scan.limits.maxKeyBytes)) return refuse(scan, "a key is too long");
  const written = scan.text.slice(at + 1, end - 1);
  // Compared as decoded: `"n\u0061me"` is `"name"` to whoever reads the message (threats 1, 3).
  const key = written.includes("\\") ? readLiteral(scan.text.slice(at, end)) : written;
  if (key === "__proto__") return refuse(scan, "a key is `__proto__`");
  if (keys.has(key)) return fail(scan, { code: PARSE_ERROR, reason: "a key appears twice in one object" });
  keys.add(key);
  return end;
}

/** `literal` was scanned before, so it parses, to a string. */
function readLiteral(literal: string): string {
  return String(JSON.parse(literal));
}

function scanNumber(scan: Scan, from: number): number {
  const { text } = scan;
  const whole = text.charCodeAt(from) === MINUS ? from + 1 : from;
  // RFC 8259 section 6: no leading zero, no sign but minus, digits on both sides of the point.
  let at = text.charCodeAt(whole) === ZERO ? whole + 1 : skipDigits(text, whole);
  if (at === whole) return malformed(scan);
  let isInteger = true;
  if (text.charCodeAt(at) === POINT) {
    const fraction = skipDigits(text, at + 1);
    if (fraction === at + 1) return malformed(scan);
    at = fraction;
    isInteger = false;
  }
  if ((text.charCodeAt(at) | 0x20) === 0x65) {
    const sign = text.charCodeAt(at + 1);
    const power = sign === MINUS || sign === 0x2b ? at + 2 : at + 1;
    const end = skipDigits(text, power);
    if (end === power) return malformed(scan);
    at = end;
    isInteger = false;
  }
  // Integers of 15 digits are exact in binary64.
  if (isInteger && at - whole <= 15) return at;
  return isExactNumberToken(text.slice(from, at))
    ? at
    : refuse(scan, "a number has no exact binary64 reading");
}

function skipDigits(text: string, from: number): number {
  let at = from;
  for (let unit = text.charCodeAt(at); unit >= 0x30 && unit <= 0x39; unit = text.charCodeAt(at)) at += 1;
  return at;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (
    let unit = text.charCodeAt(at);
    unit === 0x20 || (unit <= 0x0d && isBreak(unit));
    unit = text.charCodeAt(at)
  )
    at += 1;
  return at;
}

function isBreak(unit: number): boolean {
  return unit === 0x0a || unit === 0x0d || unit === 0x09;
}
