/** A piece of a text by its offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Most sentences that are read of one description. */
const MAX_SENTENCES = 16;
/** Sections that describe arguments, results and examples, not what the tool does. */
const SECTION =
  /(?:^|\n)[ \t>*#_-]*(?:args?|arguments|params?|parameters?|inputs?|returns?|outputs?|results?|response|raises?|throws|errors?|error responses|examples?|example usage|usage examples?|sample|see also|schema|required permissions?|best for|not recommended for|common mistakes|prompt example|usage example)\b[ \t*_]*(?::|\n|-{3})|```|<(?:examples?|hints?|use_case|parameters|returns|output)\b|\bError Responses:|\bArgs:\s/i;
const END = /[.!?](?=[\s"')\]*]|$)|[。！？]|\n[ \t]*(?:\n|[-*•#|]|\d+[.)])/g;
const ABBREVIATION = /(?:\b(?:e\.g|i\.e|etc|vs|cf|incl|approx|no|[A-Z])|\.\.)$/;

/** The sentences of the part of a description that says what the tool does. Artefacts and later sections are left out. */
export function toSentences(text: string): readonly Span[] {
  const cut = cutAt(text);
  const spans: Span[] = [];
  let start = 0;
  END.lastIndex = 0;
  for (const match of text.slice(0, cut).matchAll(END)) {
    if (spans.length === MAX_SENTENCES) return spans;
    const end = match.index;
    if (match[0] === "." && ABBREVIATION.test(text.slice(Math.max(0, end - 8), end))) continue;
    if (hasLetters(text, start, end)) spans.push({ start, end });
    start = match.index + match[0].length;
  }
  if (spans.length < MAX_SENTENCES && hasLetters(text, start, cut)) spans.push({ start, end: cut });
  return spans;
}

function cutAt(text: string): number {
  const match = SECTION.exec(text);
  if (match === null) return text.length;
  // A description that begins with such a heading has nothing else.
  return hasLetters(text, 0, match.index) ? match.index : text.length;
}

function hasLetters(text: string, start: number, end: number): boolean {
  return /[^\W\d_]{2}|[^\x00-\x7f]/.test(text.slice(start, end));
}
