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

/** Words that nearly every text has: they say nothing, and cost the most. */
const FILLERS: ReadonlySet<string> = new Set(
  "a an and are as at be by can do does for from how i in is it my of on or please that the this to what with".split(
    " ",
  ),
);

/** What a person typed, ready for the index: FTS5 expressions. */
export interface Query {
  /** Lower case; the last one may be the beginning of a word. */
  readonly words: readonly string[];
  /** Every word occurs. */
  readonly every: string;
  /** As `every`, and the last one may be the beginning of a word; undefined where it is too short for that. */
  readonly everyTyped: string | undefined;
  /** Some word occurs. */
  readonly some: string;
}

/** Undefined when nothing is left to look for. Nothing in `text` is ever read as FTS5 syntax. */
export function toQuery(text: string): Query | undefined {
  const found = text.slice(0, 1_000).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const telling = found.filter((word) => !FILLERS.has(word.toLowerCase()));
  const typed = (telling.length > 0 ? telling : found)
    .slice(0, MAX_WORDS)
    .map((word) => word.slice(0, MAX_WORD_CHARS).toWellFormed());
  const last = typed.at(-1);
  if (last === undefined) return undefined;
  const groups = typed.map((word) => groupOf(word, false));
  return {
    words: typed.flatMap((word) => wordsOf(splitCamel(word))),
    every: groups.join(" AND "),
    everyTyped:
      last.length < MIN_PREFIX_CHARS
        ? undefined
        : [...groups.slice(0, -1), groupOf(last, true)].join(" AND "),
    some: groups.join(" OR "),
  };
}

/** INVARIANT: only letters, marks and digits get into the quotes, so nothing can end them. */
function groupOf(word: string, isPrefix: boolean): string {
  const parts = wordsOf(splitCamel(word));
  const whole = termOf(word.toLowerCase(), isPrefix);
  if (parts.length < 2) return whole;
  const apart = parts.map((part, index) => termOf(part, isPrefix && index === parts.length - 1));
  return `(${whole} OR (${apart.join(" AND ")}))`;
}

function termOf(word: string, isPrefix: boolean): string {
  return isPrefix ? `"${word}"*` : `"${word}"`;
}
