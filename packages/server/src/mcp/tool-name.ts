/** Longest tool name, in characters. */
const MAX_TOOL_NAME_LENGTH = 256;

/**
 * True for a name of 1 to 256 printable ASCII characters. Names with control, invisible or non-ASCII characters
 * are refused on ingest, because a person who approves a tool could not tell them from another (threats 22, 23).
 * `__proto__` is refused: a call that names it as a key would be refused as well.
 */
export function isAcceptableToolName(name: unknown): name is string {
  if (typeof name !== "string" || name.length === 0 || name.length > MAX_TOOL_NAME_LENGTH) return false;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return name !== "__proto__" && name.trim() !== "";
}
