import { isJsonObject, type JsonObject } from "@portcullis/policy";

/** Nesting beyond this is no message that a client could use. */
export const MAX_MESSAGE_DEPTH = 200;

/**
 * Reads one message of a server, or says with undefined that it is none: a JSON object, nested no deeper than
 * {@link MAX_MESSAGE_DEPTH}, in which no name stands twice in one object, because its bytes travel on and the client
 * may take the value that was not looked at (threats 1, 8, 41). Numbers and names are the client's to judge.
 * Never throws.
 */
export function readServerMessage(text: string): JsonObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const members = countMembers(value, MAX_MESSAGE_DEPTH);
  // JSON.parse keeps one member of each name: as many written as kept means that none was lost.
  return members !== undefined && members === countWritten(text) ? value : undefined;
}

/** Members of all objects in `value`; undefined when it is nested deeper than `depth`. */
function countMembers(value: unknown, depth: number): number | undefined {
  if (typeof value !== "object" || value === null) return 0;
  if (depth === 0) return undefined;
  let count = 0;
  const isList = Array.isArray(value);
  for (const item of isList ? (value as readonly unknown[]) : Object.values(value)) {
    const inside = countMembers(item, depth - 1);
    if (inside === undefined) return undefined;
    count += isList ? inside : inside + 1;
  }
  return count;
}

/** Members as they are written: colons outside of strings. `text` is valid JSON. */
function countWritten(text: string): number {
  let count = 0;
  let from = 0;
  for (let quote = text.indexOf('"'); quote !== -1; quote = text.indexOf('"', from)) {
    from = endOfString(text, quote);
    let after = from;
    while (text.charCodeAt(after) <= 0x20) after += 1;
    if (text.charCodeAt(after) === COLON) count += 1;
  }
  return count;
}

const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** The place after the string that begins at `quote`. */
function endOfString(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
}
