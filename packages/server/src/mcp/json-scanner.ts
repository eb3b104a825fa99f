import { isExactNumberToken } from "@portcullis/policy";
import { INVALID_REQUEST, PARSE_ERROR } from "./revisions.ts";

/** Why a body is not read. `reason` is stable and never contains anything of the body. */
export interface ReadError {
  readonly code: typeof PARSE_ERROR | typeof INVALID_REQUEST;
  readonly reason: string;
}

/** Bounds of one body. Depth counts objects and arrays, nodes count values, lengths are UTF-8 bytes after unescaping. */
export interface ReadLimits {
  readonly maxDepth: number;
  readonly maxNodes: number;
  readonly maxStringBytes: number;
  readonly maxKeyBytes: number;
}

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

interface Scan {
  readonly text: string;
  readonly limits: ReadLimits;
  readonly isJson: boolean;
  nodes: number;
  /** The next ones, as far as anybody asked. */
  quoteAt: number;
  backslashAt: number;
  fault: ReadError | undefined;
}

/** Every scan function returns the place after what it read, or this. */
const FAILED = -1;
const SYNTAX: ReadError = { code: PARSE_ERROR, reason: "the body is not valid JSON" };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
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

function scanString(scan: Scan, at: number): number {
  const { text } = scan;
  let plainFrom = at + 1;
  for (let place = plainFrom; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit === QUOTE) return place + 1;
    if (unit === BACKSLASH) {
      const length = escapeLength(scan, place);
      if (length < 0) return FAILED;
      place += length - 1;
      plainFrom = place + 1;
    } else if (unit < 0x20) {
      return malformed(scan);
    } else if (place - plainFrom === SHORT_RUN) {
      place = endOfRun(scan, place) - 1;
    }
  }
  return malformed(scan);
}

/** After this many plain characters the rest of the run is found natively, which takes over only where it pays. */
const SHORT_RUN = 64;
const PLAIN_RUN = /[^"\\\u0000-\u001f]*/y;

function endOfRun(scan: Scan, from: number): number {
  const { text } = scan;
  if (scan.isJson) {
    // No string of JSON has a control character. INVARIANT: nothing is looked for twice, or a long string with many
    // escapes would cost the square of its length.
    if (scan.quoteAt < from) scan.quoteAt = indexOrEnd(text, '"', from);
    if (scan.backslashAt < from) scan.backslashAt = indexOrEnd(text, "\\", from);
    return Math.min(scan.quoteAt, scan.backslashAt);
  }
  PLAIN_RUN.lastIndex = from;
  PLAIN_RUN.test(text);
  return PLAIN_RUN.lastIndex;
}

function indexOrEnd(text: string, part: string, from: number): number {
  const at = text.indexOf(part, from);
  return at === -1 ? text.length : at;
}

/** Whether the scanned string from `at` to `end` has more than `maxBytes` bytes of UTF-8 once unescaped. */
function isLonger(scan: Scan, at: number, end: number, maxBytes: number): boolean {
  // Three bytes for a UTF-16 unit is the most, so short strings need no counting.
  if ((end - at) * 3 <= maxBytes) return false;
  const { text } = scan;
  // Unescaping never makes a string longer.
  if (Buffer.byteLength(text.slice(at + 1, end - 1)) <= maxBytes) return false;
  let bytes = 0;
  for (let place = at + 1; place < end - 1; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit !== BACKSLASH) {
      bytes += utf8Length(unit);
      continue;
    }
    const length = escapeLength(scan, place);
    bytes += length === 2 ? 1 : length === 6 ? utf8Length(hexAt(text, place + 2)) : 4;
    place += length - 1;
  }
  return bytes > maxBytes;
}

/** Characters of the escape at `at`: 2, 6, or 12 for a pair of surrogates. A lone surrogate has no UTF-8 (threat 14). */
function escapeLength(scan: Scan, at: number): number {
  const { text } = scan;
  if (text.charCodeAt(at + 1) !== 0x75)
    return at + 1 < text.length && ESCAPES.includes(text.charAt(at + 1)) ? 2 : malformed(scan);
  const unit = hexAt(text, at + 2);
  if (unit < 0) return malformed(scan);
  if (unit < 0xd800 || unit > 0xdfff) return 6;
  const isPair = unit < 0xdc00 && text.charCodeAt(at + 6) === BACKSLASH && text.charCodeAt(at + 7) === 0x75;
  const low = isPair ? hexAt(text, at + 8) : FAILED;
  if (low >= 0xdc00 && low <= 0xdfff) return 12;
  return fail(scan, { code: PARSE_ERROR, reason: "a string has a lone surrogate" });
}

const ESCAPES = '"\\/bfnrt';

function hexAt(text: string, at: number): number {
  let value = 0;
  for (let place = at; place < at + 4; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit >= 0x30 && unit <= 0x39) value = value * 16 + unit - 0x30;
    else if (unit >= 0x41 && unit <= 0x46) value = value * 16 + unit - 0x37;
    else if (unit >= 0x61 && unit <= 0x66) value = value * 16 + unit - 0x57;
    else return FAILED;
  }
  return value;
}

/** Bytes of one UTF-16 unit; each half of a pair counts two. */
function utf8Length(unit: number): number {
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  return unit >= 0xd800 && unit <= 0xdfff ? 2 : 3;
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

function malformed(scan: Scan): typeof FAILED {
  return fail(scan, SYNTAX);
}

function refuse(scan: Scan, reason: string): typeof FAILED {
  return fail(scan, { code: INVALID_REQUEST, reason });
}

function fail(scan: Scan, fault: ReadError): typeof FAILED {
  scan.fault = fault;
  return FAILED;
}
