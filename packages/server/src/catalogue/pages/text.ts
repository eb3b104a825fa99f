import { type Html, html, NOTHING } from "./html.ts";

/**
 * Characters that change what a reader sees without being seen: controls, bidirectional overrides, zero-width and
 * tag characters, private use, lone surrogates (threats 34 and 78).
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** What belongs to an emoji is seen: the joiner between two, the selector after one. */
const EMOJI_GLUE =
  /(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier})\uFE0F|(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)\u200D(?=\p{Extended_Pictographic})/u;
/** More marks on one letter than any script needs run over the lines around it. */
const MARKS = /(?<=\p{M}{4})\p{M}/u;

const UNSEEN_ANYWHERE = new RegExp(UNSEEN.source, "gu");
const PARTS = new RegExp(`(${EMOJI_GLUE.source})|(${UNSEEN.source}|${MARKS.source})`, "gu");

/** How much of a text is shown where, in UTF-16 units. */
export const SHOWN = { name: 120, line: 300, paragraph: 4_000, evidence: 200 } as const;

export interface ShowOptions {
  /** UTF-16 units; what is longer is cut with a note. */
  readonly max: number;
  /** True: line breaks and tabs are kept. */
  readonly isBlock?: boolean;
}

/** A stranger's text as plain text: what cannot be seen is written out, `[U+202E]`, and what is too long is cut. */
export function toVisible(text: string, { max, isBlock = false }: ShowOptions): string {
  return partsOf(text, max, isBlock)
    .map((part) => (typeof part === "string" ? part : `[${part.code}]`))
    .join("");
}

/** A stranger's text inside a page: as {@link toVisible}, isolated from the direction of what surrounds it. */
export function shown(text: string, options: ShowOptions): Html {
  const parts = partsOf(text, options.max, options.isBlock ?? false).map((part) =>
    typeof part === "string" ? part : html`<span class="unseen">${part.code}</span>`,
  );
  return parts.length === 0 ? NOTHING : html`<bdi>${parts}</bdi>`;
}

/** The name of a tool, server or package. */
export function nameOf(name: string): Html {
  return shown(name, { max: SHOWN.name });
}

/** A name as a heading: long ones are broken where a word of them ends. */
export function headingOf(name: string): Html {
  const parts = partsOf(name, SHOWN.name, false).map((part) =>
    typeof part === "string"
      ? part.split(/(?<=[_/.-])(?=[^_/.-])/).map((word, at) => [at > 0 && html`<wbr>`, word])
      : html`<span class="unseen">${part.code}</span>`,
  );
  return html`<bdi>${parts}</bdi>`;
}

/** One line of description. */
export function lineOf(text: string): Html {
  return shown(text, { max: SHOWN.line });
}

/**
 * JSON in which every character that cannot be seen is escaped: another text, the same value. Outside of strings JSON
 * has none but the line breaks that are kept.
 */
export function toVisibleJson(json: string): string {
  if (PLAIN_LINES.test(json)) return json;
  return json.replace(UNSEEN_ANYWHERE, (char) =>
    char === "\n"
      ? char
      : Array.from({ length: char.length }, (_, at) => `\\u${hexOf(char.charCodeAt(at))}`).join(""),
  );
}

/** A description in its own lines. */
export function paragraphOf(text: string): Html {
  const parts = shown(text, { max: SHOWN.paragraph, isBlock: true });
  const left = text.length - SHOWN.paragraph;
  const note =
    left > 0 &&
    html`<p class="note">Cut here: ${left.toLocaleString("en")} more characters are not shown.</p>`;
  return html`<p class="prose pre">${parts}</p>${note}`;
}

/** A name that has letters beyond ASCII can be mistaken for another; this is the way to tell them apart. */
export function asciiOf(name: string): string | undefined {
  const start = cut(name, SHOWN.name);
  if (/^[\x20-\x7e]*$/.test(start)) return undefined;
  return start.replace(/[^\x20-\x7e]/gu, (char) => `\\u{${hexOf(char.codePointAt(0) ?? 0)}}`);
}

type Part = string | { readonly code: string };

/** Nearly every text is nothing else, and this is much sooner said. */
const PLAIN = /^[\x20-\x7e]*$/;
const PLAIN_LINES = /^[\x20-\x7e\n]*$/;

function partsOf(text: string, max: number, isBlock: boolean): readonly Part[] {
  const start = cut(text, max);
  if (PLAIN.test(start)) return [start, text.length > max ? "…" : ""].filter((part) => part !== "");
  const lines = isBlock ? start.replace(/\r\n?/g, "\n").replace(/\n{3,}/g, "\n\n") : start;
  const parts: Part[] = [];
  let from = 0;
  for (const match of lines.matchAll(PARTS)) {
    const unseen = match[2];
    if (unseen === undefined || (isBlock && (unseen === "\n" || unseen === "\t"))) continue;
    if (match.index > from) parts.push(lines.slice(from, match.index));
    parts.push({ code: `U+${hexOf(unseen.codePointAt(0) ?? 0)}` });
    from = match.index + unseen.length;
  }
  parts.push(lines.slice(from), text.length > max ? "…" : "");
  return parts.filter((part) => part !== "");
}

/** Never through the middle of a character. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(max - 1)) ? max - 1 : max;
  return text.slice(0, end);
}

function hexOf(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, "0");
}
