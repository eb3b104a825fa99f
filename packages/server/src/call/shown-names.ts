import type { JsonObject } from "@portcullis/policy";
import { maskSecrets } from "../mcp/mask-secrets.ts";

/** A stranger chooses names; none may make a row as large as a message (threat 77). */
const MAX_NAME_LENGTH = 256;
/** So many names of arguments, and so many characters in all, make a row. */
const MAX_KEYS = 200;
const MAX_KEYS_LENGTH = 8_000;

/** A name that a client chose, as a row may keep it. */
export function shownName(name: string): string {
  return maskSecrets(name).slice(0, MAX_NAME_LENGTH);
}

/** Sorting makes room for a copy, and most calls have a name or two. */
function isSorted(names: readonly string[]): boolean {
  return names.every((name, at) => at === 0 || (names[at - 1] ?? "") <= name);
}

/** The names of a call's arguments, sorted; of too many or too long ones the first, and how many more there were. */
export function argumentKeys(args: JsonObject): readonly string[] {
  const names = Object.keys(args);
  const shown: string[] = [];
  let length = 0;
  for (const name of names) {
    // Masking and sorting cost more than looking: what is not kept gets neither.
    if (shown.length >= MAX_KEYS) break;
    const one = shownName(name);
    length += one.length;
    if (length > MAX_KEYS_LENGTH) break;
    shown.push(one);
  }
  if (!isSorted(shown)) shown.sort();
  if (shown.length < names.length) shown.push(`(${names.length - shown.length} more)`);
  return shown;
}
