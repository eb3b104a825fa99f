/** A place in a list, as text for a URL. What comes back from a client is a stranger's word. */
export function toCursor(parts: readonly (number | string)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** Longer than any that was given out. */
const MAX_CURSOR_CHARS = 4_000;

/** Undefined for what was not given out by `toCursor`. */
export function fromCursor(cursor: string | undefined): readonly (number | string)[] | undefined {
  if (cursor === undefined || cursor.length > MAX_CURSOR_CHARS) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    const isPlace =
      Array.isArray(parts) &&
      parts.length > 0 &&
      parts.every((part) => typeof part === "string" || Number.isFinite(part));
    return isPlace ? (parts as readonly (number | string)[]) : undefined;
  } catch {
    return undefined;
  }
}
