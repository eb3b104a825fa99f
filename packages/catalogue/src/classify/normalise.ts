import { verbOf } from "./lexicon/verb-forms.ts";

/** Text of a stranger as a reader would see it, with the way back to what stands there. */
export interface SeenText {
  /** As the server wrote it, cut at the cap. */
  readonly raw: string;
  /** Invisible characters dropped, look-alike letters folded; case kept. */
  readonly text: string;
  /** Offset in `raw` of each UTF-16 unit of `text`, and of its end; undefined where both are equal. */
  readonly offsets: readonly number[] | undefined;
  /** True when letters of a word were disguised: invisible or direction-changing characters, foreign look-alikes. */
  readonly isDisguised: boolean;
}

const ASCII = /^[\x00-\x7f]*$/;
const LATIN = /[A-Za-z]/;
const FOREIGN = /[\u0370-\u03ff\u0400-\u052f\u0530-\u058f\uff21-\uff5a\u{1d400}-\u{1d7ff}]/u;
const MARKS = /[\p{Cf}\p{Mn}\u115f\u1160\u3164\uffa0]/u;
const HIDDEN = /[\p{Cf}\u115f\u1160\u3164\uffa0]/u;
/** What must be looked at letter by letter. */
const UNUSUAL = new RegExp(`${FOREIGN.source}|${MARKS.source}|${HIDDEN.source}`, "u");
/** Joiners that scripts other than Latin need, and that emoji are made of. */
const WORD = /[\p{L}\p{M}\p{N}\p{Cf}_\u{1d400}-\u{1d7ff}]+/gu;

/** Cyrillic, Greek and Armenian letters that look like Latin ones. */
const LOOKS_LIKE = new Map<string, string>([
  ...("аaеeоoрpсcуyхxіiјjѕsԁdԛqԝwһhӏlԍgɡgкkмmтtвbнhпnгrАAВBЕEКKМMНHОOРPСCТTХXУYІIЈJЅSѴV"
    .match(/../gu)
    ?.map((pair): [string, string] => [pair.slice(0, 1), pair.slice(1)]) ?? []),
  ...("αaοoρpνvιiκkτtυuχxεeηnωwΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXաwօoսuհhոnցg"
    .match(/../gu)
    ?.map((pair): [string, string] => [pair.slice(0, 1), pair.slice(1)]) ?? []),
]);

/** Reads at most `cap` UTF-16 units. */
export function toSeenText(given: string, cap: number): SeenText {
  const raw = given.length > cap ? given.slice(0, cap) : given;
  if (ASCII.test(raw) || !UNUSUAL.test(raw))
    return { raw, text: raw, offsets: undefined, isDisguised: false };
  return fold(raw);
}

function fold(raw: string): SeenText {
  let text = "";
  let isDisguised = false;
  const offsets: number[] = [];
  const keep = (part: string, from: number): void => {
    for (let index = 0; index < part.length; index++) offsets.push(from);
    text += part;
  };
  let end = 0;
  const plain = (from: number, to: number): void => {
    for (let index = from; index < to; index++) keep(raw[index] ?? "", index);
  };
  for (const match of raw.matchAll(WORD)) {
    plain(end, match.index);
    end = match.index + match[0].length;
    if (ASCII.test(match[0])) plain(match.index, end);
    else if (foldWord(match[0], match.index, keep)) isDisguised = true;
  }
  plain(end, raw.length);
  offsets.push(raw.length);
  return { raw, text, offsets, isDisguised };
}

/** Keeps one word, folded where it only looks Latin; true when a known verb was disguised. */
function foldWord(word: string, at: number, keep: (part: string, from: number) => void): boolean {
  const hasLatin = LATIN.test(word);
  const letters = [...word];
  const visible = letters.filter((letter) => !HIDDEN.test(letter));
  const folded = visible
    .filter((letter) => !MARKS.test(letter))
    .map(toLatin)
    .join("");
  const isVerb = verbOf(folded.toLowerCase()) !== undefined;
  // Of a word in foreign letters only a verb is taken for Latin; of a mixed one everything.
  const isFolded = FOREIGN.test(word) && (hasLatin || isVerb);
  let from = at;
  for (const letter of letters) {
    const isDropped = HIDDEN.test(letter) || ((hasLatin || isFolded) && MARKS.test(letter));
    if (!isDropped) keep(isFolded ? toLatin(letter) : letter, from);
    from += letter.length;
  }
  return isVerb && (isFolded || visible.length < letters.length) && folded.length > 2 && folded !== word;
}

/** True where letters are disguised in a name, which has no reason to hold such letters. */
export function hasHiddenLetters(raw: string): boolean {
  return (
    HIDDEN.test(raw) ||
    (FOREIGN.test(raw) && [...raw.matchAll(WORD)].some(([word]) => LATIN.test(word) && FOREIGN.test(word)))
  );
}

function toLatin(letter: string): string {
  return LOOKS_LIKE.get(letter) ?? letter.normalize("NFKC");
}

/** Where a piece of the seen text stands in the raw one. */
export function toRawSpan(seen: SeenText, start: number, end: number): { start: number; text: string } {
  if (seen.offsets === undefined) return { start, text: seen.raw.slice(start, end) };
  const from = seen.offsets[start] ?? seen.raw.length;
  const last = seen.offsets[end - 1] ?? seen.raw.length - 1;
  const to = Math.max(last + 1, seen.offsets[end] ?? 0);
  return { start: from, text: seen.raw.slice(from, end >= seen.text.length ? seen.raw.length : to) };
}
