import { isUtf8 } from "node:buffer";
import { err, isJsonObject, type JsonObject, ok, type Result } from "@portcullis/policy";
import type { ReadError, ReadLimits } from "./json-scan-state.ts";
import { DEFAULT_LIMITS, scanJson } from "./json-scanner.ts";
import { PARSE_ERROR } from "./revisions.ts";

export type { ReadError, ReadLimits };
export { DEFAULT_LIMITS };

/**
 * Reads a body that every JSON reader understands in the same way, or refuses it (threats 1–14):
 * UTF-8 without BOM, one object, no duplicate or `__proto__` key, no lone surrogate, faithful numbers, bounded.
 * The bytes that were judged may be sent on as they are. Never throws.
 *
 * Most bodies are written as `JSON.stringify` would write them, and then native code proves nearly all of that: a
 * duplicate key, an odd number, an escape or white space would not come back the same. Others are scanned, and so are
 * those that are mostly long strings: the comparison costs by the character, the scanner by the value.
 */
export function readStrict(body: Buffer, limits: ReadLimits = DEFAULT_LIMITS): Result<JsonObject, ReadError> {
  if (!isUtf8(body)) return err({ code: PARSE_ERROR, reason: "the body is not valid UTF-8" });
  // Not TextDecoder, which strips a BOM: here it stays, and is no JSON.
  const text = body.toString("utf8");
  const early = mayBeCanonical(text) ? parse(text) : undefined;
  if (isJsonObject(early) && isCanonical(text, early, limits)) return ok(early);
  const fault = scanJson(text, limits, early !== undefined);
  if (fault !== undefined) return err(fault);
  const parsed = early ?? parse(text);
  return isJsonObject(parsed) ? ok(parsed) : err({ code: PARSE_ERROR, reason: "the body is not valid JSON" });
}

/**
 * Larger bodies are scanned before anything is built of them: brackets and commas alone would make `JSON.parse`
 * build millions of values, and at this size the scanner costs no more than the comparison.
 */
const MAX_NATIVE_UNITS = 128 * 1024;

/** False for texts that are not worth a comparison: large ones, and those with white space after the first colon. */
function mayBeCanonical(text: string): boolean {
  return text.length <= MAX_NATIVE_UNITS && text.charCodeAt(text.indexOf('":') + 2) > 0x20;
}

/** With more characters for each value the scanner is the quicker one. */
const DENSE_UNITS = 128;

/**
 * True when the text is what `JSON.stringify` makes of its value, and has none of the two things that survive that:
 * `__proto__` keys, and escaped lone surrogates, which come back as `\ud…`. A string that merely contains such an
 * escape goes to the scanner.
 */
function isCanonical(text: string, parsed: JsonObject, limits: ReadLimits): boolean {
  const left = nodesWithin(parsed, limits.maxNodes, 1, limits);
  // INVARIANT: `JSON.stringify` is recursive, so the depth is known to be bounded before it runs (threat 8).
  return (
    left >= 0 &&
    text.length <= (limits.maxNodes - left) * DENSE_UNITS &&
    !text.includes("\\ud") &&
    JSON.stringify(parsed) === text
  );
}

/**
 * What is left of `nodes` after `value` and all that is in it; negative when a bound may be exceeded or a key is
 * `__proto__`. Lengths are bounded from above, three bytes of UTF-8 for a UTF-16 unit: the scanner measures exactly.
 */
function nodesWithin(value: unknown, nodes: number, depth: number, limits: ReadLimits): number {
  if (typeof value === "string") return value.length * 3 <= limits.maxStringBytes ? nodes - 1 : OVER;
  if (typeof value !== "object" || value === null) return nodes - 1;
  if (depth > limits.maxDepth) return OVER;
  let left = nodes - 1;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && left >= 0; at += 1) {
      left = nodesWithin(value[at], left, depth + 1, limits);
    }
  } else if (isJsonObject(value)) {
    // Several times faster than Object.entries; the objects come from JSON.parse.
    for (const key in value) {
      if (key.length * 3 > limits.maxKeyBytes || key === "__proto__") return OVER;
      left = nodesWithin(value[key], left, depth + 1, limits);
      if (left < 0) return OVER;
    }
  }
  return left;
}

const OVER = -1;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
