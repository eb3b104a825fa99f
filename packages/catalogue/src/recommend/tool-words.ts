/** Longest text of a stranger that is looked through. */
const MAX_TEXT = 4000;

/** The words of a name or of a text, in lower case: `sendEmail`, `send_email` and `Send e-mail.` begin with `send`. */
export function wordsOf(text: string): readonly string[] {
  return text
    .slice(0, MAX_TEXT)
    .replace(/e-mail/gi, "email")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

/** The words with a plain plural taken off: `emails` is `email`, `queries` is `query`, `address` stays. */
export function singular(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 4 && /(?:ch|sh|x|ss)es$/.test(word)) return word.slice(0, -2);
  return word.length > 3 && /[^s]s$/.test(word) && !/(?:us|is)$/.test(word) ? word.slice(0, -1) : word;
}
