/** Longest query that is looked at, in words and in characters of one word. */
const MAX_WORDS = 12;
const MAX_WORD_CHARS = 64;
/** Shorter beginnings match too much to be worth a look. */
const MIN_PREFIX_CHARS = 2;

/** The words of a text as the index cuts them: letters and digits, in lower case. */
export function wordsOf(text: string): readonly string[] {
  return (text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).map((word) => word.toLowerCase());
}

/** `createIssue` as `create Issue`: a name is found by its parts, however it is written. */
export function splitCamel(text: string): string {
  return text.replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2").replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2");
}

/** The text of a name in the index: as it is, and its parts where they are run together. */
export function nameWords(name: string): string {
  const parts = splitCamel(name);
  return parts === name ? name : `${name} ${parts}`;
}

/** What a person typed, ready for the index. */
export interface Query {
  /** Lower case; the last one may be the beginning of a word. */
  readonly words: readonly string[];
  /** FTS5 expression in which every word occurs. */
  readonly every: string;
  /** FTS5 expression in which some word occurs. */
  readonly some: string;
}

/** Undefined when nothing is left to look for. Nothing in `text` is ever read as FTS5 syntax. */
export function toQuery(text: string): Query | undefined {
  const cut = text.slice(0, 1_000).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const typed = cut.slice(0, MAX_WORDS).map((word) => word.slice(0, MAX_WORD_CHARS).toWellFormed());
  if (typed.length === 0) return undefined;
  const groups = typed.map((word, index) => groupOf(word, index === typed.length - 1));
  return {
    words: typed.flatMap((word) => wordsOf(splitCamel(word))),
    every: groups.join(" AND "),
    some: groups.join(" OR "),
  };
}

/** INVARIANT: only letters, marks and digits get into the quotes, so nothing can end them. */
function groupOf(word: string, isLast: boolean): string {
  const parts = wordsOf(splitCamel(word));
  const whole = termOf(word.toLowerCase(), isLast);
  if (parts.length < 2) return whole;
  const apart = parts.map((part, index) => termOf(part, isLast && index === parts.length - 1));
  return `(${whole} OR (${apart.join(" AND ")}))`;
}

function termOf(word: string, isPrefix: boolean): string {
  return isPrefix && word.length >= MIN_PREFIX_CHARS ? `"${word}"*` : `"${word}"`;
}
