/** A word of a name or of a text: lower case, with its place in the seen text. */
export interface Word {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

const NAME_WORD =
  /[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+(?:\d+(?:[a-z](?![A-Za-z]))?(?![a-z]{2}))?|\d+|[^\x00-\x7f]+/g;
const TEXT_WORD = /\p{L}[\p{L}\p{M}\p{N}'’]*/gu;
const ASCII_WORD = /[A-Za-z][A-Za-z0-9']*/g;
const ASCII = /^[\x00-\x7f]*$/;
/** Most words that are read of one name. */
const MAX_NAME_WORDS = 32;

/** Words of a name: snake_case, camelCase, kebab-case, dotted, SHOUTING, and mixtures of them. */
export function toNameWords(name: string): readonly Word[] {
  // `write_file(path, content)`: what follows is not the name.
  const end = name.indexOf("(");
  const words = toWords(end > 0 ? name.slice(0, end) : name, NAME_WORD, MAX_NAME_WORDS);
  return words.some(({ word }) => RUN_TOGETHER.test(word) || ENDING.test(word))
    ? words.flatMap(parted)
    : words;
}

/** `createorupdate`, `gettokenprice`: written as one word. */
const RUN_TOGETHER =
  /^(?:createor|get(?!t)|list(?!en|ing|ed)|create(?!d|s)|delete(?!d|s|r)|update(?!d|s|r)|retrieve(?!d|s|r)|remove(?!d|s|r)|search(?!ed|es|ing|er)|fetch(?!ed|es|ing|er))(?=[a-z]{3})/;

/** `websearch`, `accountinfo`; not `research`. */
const ENDING = /^[a-z]{3,}?(search|info|thinking|lookup|history|schemas?|bestpractices)$/;

function parted(word: Word): readonly Word[] {
  const verb = RUN_TOGETHER.exec(word.word)?.[0];
  const ending = ENDING.exec(word.word)?.[1];
  if (verb !== undefined)
    return split(word, verb === "createor" ? "create".length : verb.length, verb.length);
  return ending === undefined ? [word] : split(word, word.word.length - ending.length);
}

function split({ word, start, end }: Word, first: number, rest = first): readonly Word[] {
  return [
    { word: word.slice(0, first), start, end: start + first },
    { word: word.slice(rest), start: start + rest, end },
  ];
}

/** Words of running text, at most `limit`. */
export function toTextWords(text: string, limit: number): readonly Word[] {
  return toWords(text, ASCII.test(text) ? ASCII_WORD : TEXT_WORD, limit);
}

function toWords(text: string, pattern: RegExp, limit: number): readonly Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(pattern)) {
    if (words.length === limit) break;
    const { 0: word, index: start } = match;
    words.push({ word: word.toLowerCase(), start, end: start + word.length });
  }
  return words;
}

/** `policies` → `policy`, `boxes` → `box`, `runs` → `run`; short words and `status` stay. */
export function toSingular(word: string): string {
  if (word.length < 4 || !word.endsWith("s") || /(?:ss|us|is)$/.test(word)) return word;
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return /(?:x|ch|sh|ss)es$/.test(word) ? word.slice(0, -2) : word.slice(0, -1);
}
