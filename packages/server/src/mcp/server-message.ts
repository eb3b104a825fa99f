import { isJsonObject, type JsonObject } from "@portcullis/policy";

/** Nesting beyond this is no message that a client could use. */
const MAX_DEPTH = 200;
/** Strings, objects and lists together: more would hold up every other client while they are read. */
const MAX_PARTS = 100_000;
/** Values of any kind: numbers cost little, but not nothing. */
const MAX_VALUES = 200_000;

/**
 * Reads one message of a server, or says with undefined that it is none: a JSON object, nested no deeper than 200
 * levels and of no more than 100,000 strings, objects and lists and 200,000 values, in which no name stands twice in
 * one object, because its bytes travel on and the client may take the value that was not looked at (threats 1, 8, 41,
 * 44). What numbers and names say is the client's to judge. Never throws.
 */
export function readServerMessage(text: string): JsonObject | undefined {
  const written = countWritten(text);
  const value = written === undefined ? undefined : parseObject(text);
  // JSON.parse keeps one member of each name: as many written as kept means that none was lost.
  return value !== undefined && countMembers(value) === written ? value : undefined;
}

/**
 * As {@link readServerMessage}, for what the gateway alone reads: of a name that stands twice the last value counts.
 * Never throws.
 */
export function readBoundedObject(text: string): JsonObject | undefined {
  return countWritten(text) === undefined ? undefined : parseObject(text);
}

/** True for texts that {@link readServerMessage} does not even parse. */
export function isBeyondBounds(text: string): boolean {
  return countWritten(text) === undefined;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Members of all objects in `value`, whose depth is known to be bounded. */
function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item);
  } else if (isJsonObject(value)) {
    // Twice as fast as Object.values where names are many; the objects come from JSON.parse.
    for (const name in value) count += 1 + countMembers(value[name]);
  }
  return count;
}

/**
 * Members as they are written: colons outside of strings; undefined beyond the bounds. Runs before `JSON.parse`, which
 * needs a second for what eight megabytes of brackets make it build. `text` need not be JSON.
 */
function countWritten(text: string): number | undefined {
  let members = 0;
  let parts = 0;
  let commas = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === COMMA) {
      commas += 1;
      if (commas >= MAX_VALUES) return undefined;
    } else if (unit === COLON) members += 1;
    else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) depth -= 1;
    else if (unit === QUOTE || unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      parts += 1;
      if (unit === QUOTE) at = endOfString(text, at);
      else depth += 1;
      if (parts > MAX_PARTS || depth > MAX_DEPTH) return undefined;
    }
  }
  return members;
}

const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** The place of the quote that ends the string that begins at `quote`, or the end of the text without one. */
function endOfString(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}
