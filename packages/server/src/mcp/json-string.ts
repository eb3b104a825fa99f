/** The strings of a JSON text: where they end, what they escape, how long they are. */
import { FAILED, fail, malformed, type Scan } from "./json-scan-state.ts";
import { PARSE_ERROR } from "./revisions.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The place after the string that begins at `at`, which holds a quote. */
export function scanString(scan: Scan, at: number): number {
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
export function isLonger(scan: Scan, at: number, end: number, maxBytes: number): boolean {
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
