/** Longest quotation of a stranger's words in one of our sentences, in characters. */
const MAX_QUOTED = 80;

/**
 * A stranger's words as one line: no control, format or bidirectional characters, and no longer than `max`. Whoever
 * shows it still escapes it for the place where it stands.
 */
export function plainText(text: string, max: number): string {
  const line = text
    .slice(0, max * 4)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  const characters = [...line];
  return characters.length > max ? `${characters.slice(0, max - 1).join("")}…` : line;
}

/** A stranger's words in quotation marks that they cannot close. */
export function quoteWords(text: string): string {
  return `“${plainText(text, MAX_QUOTED).replace(/[“”]/g, "'")}”`;
}

/** A name or a value in backticks. */
export function quoteCode(text: string): string {
  return `\`${plainText(text, MAX_QUOTED).replaceAll("`", "'")}\``;
}

/** `a, b and c`. */
export function listed(items: readonly string[]): string {
  const [last, ...before] = items.toReversed();
  if (last === undefined) return "";
  return before.length === 0 ? last : `${before.toReversed().join(", ")} and ${last}`;
}

/** `1 call`, `2 calls`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
