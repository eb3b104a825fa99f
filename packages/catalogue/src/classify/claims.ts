import { toAction } from "./action.ts";
import { verbOf } from "./lexicon/verb-forms.ts";
import type { Place } from "./place.ts";
import { GRAVE, type Said } from "./prose.ts";
import type { Span } from "./sentences.ts";
import { toSingular, toTextWords } from "./words.ts";

const READ_ONLY =
  /\b(?:read[- ]only(?!\s*[-:=]?\s*(?:false|no\b))|(?:does|do|will|can|is|are)(?: not|n['’]t|not)\s+(?:be\s+)?(?:modif\w+|chang\w+|alter\w*|writ\w+|mutat\w+|delet\w+|creat\w+)|without\s+(?:modifying|changing|altering|executing|making (?:any )?changes|side[- ]effects)|no\s+(?:side[- ]effects|modifications|changes)|non[- ]destructive|never\s+(?:modif\w+|chang\w+|writes?|deletes?))/i;
const NOT_READ_ONLY = /\bnot\s+(?:a\s+)?read[- ]only/i;
const FINAL =
  /\b(?:irreversibl[ey]|cannot be (?:undone|reversed|recovered|restored)|can['’]t be undone|permanent(?:ly)?|no undo|not reversible|unrecoverabl[ey]|forever|destructive)\b/i;
const NON = /(?:non|not|isn't|is not)[- ]?\s?(?:a )?$/i;
const LISTED =
  /\b(?:actions?|operations?|methods?|commands?|modes?|supports?|subcommands?)\b[^.\n:]{0,40}:\s*([^.\n]{3,400})/i;

/** Where a description says that its tool changes nothing. A claim, no proof. */
export function readOnlyClaim(text: string): Span | undefined {
  const match = READ_ONLY.exec(text);
  if (match === null || NOT_READ_ONLY.test(text)) return undefined;
  return { start: match.index, end: match.index + match[0].length };
}

const SAVING = new RegExp(
  `\\b(?:saves?|writes?|stores?|exports?|sav(?:ed|ing) to|writing|(?:is|are|be|was) (?:\\w+ )?(?:saved|written|stored))\\b[^.;]{0,70}?` +
    `\\b(?:to|in|into|on|under|at)\\b[^.;]{0,30}?\\b(?:disk|files?|folder|directory|dir|file ?system|path|drive|local|locally|downloads)\\b` +
    `|\\b(?:saves?|stores?|writes?|downloads?)\\b[^.;]{0,40}\\blocally\\b`,
  "i",
);
/** `Gets the next task and marks it as taken`: in the first sentence the tool itself is meant. */
const KEEPING = /\band (?:then )?(?:saves?|stores?|marks?|registers?) (?:it|them)\b/i;
const NOT_SAVED = /\b(?:not|never|without|no|nothing|avoid|instead of|n['’]t)\b/i;

/** Where a description says that its tool keeps what it found: in a file, or by a mark. */
export function savedClaim(text: string, sentences: readonly Span[]): Span | undefined {
  for (const [index, { start, end }] of sentences.entries()) {
    const sentence = text.slice(start, end);
    const match = SAVING.exec(sentence) ?? (index === 0 ? KEEPING.exec(sentence) : null);
    if (match === null || NOT_SAVED.test(sentence.slice(0, match.index + match[0].length))) continue;
    return { start: start + match.index, end: start + match.index + match[0].length };
  }
  return undefined;
}

const HANDED_OVER =
  /\breturn(?!\w* (?:the |a |its )?(?:local |file |absolute )*(?:path|location))\w*|\bbase64\b|\bas (?:a |an )?(?:string|text|json|resource)\b|\b(?:signed|download|downloadable|temporary) (?:url|link)s?\b/i;

/** Whether a description says that what is downloaded goes to the caller. */
export function isHandedOver(text: string): boolean {
  return HANDED_OVER.test(text);
}

/** Where a description says that there is no way back. */
export function finalClaim(text: string): Span | undefined {
  const match = FINAL.exec(text);
  if (match === null || NON.test(text.slice(Math.max(0, match.index - 8), match.index))) return undefined;
  return { start: match.index, end: match.index + match[0].length };
}

/** The gravest of `Actions: list, get, create, delete`; one a line only where the text has no plain verb besides. */
export function listedOperations(
  text: string,
  isVague: boolean,
): readonly (Span & { readonly word: string })[] {
  const crud = /\bCRUD\b/.exec(text);
  if (crud !== null) return [{ word: "delete", start: crud.index, end: crud.index + 4 }];
  const items = isVague ? itemised(text) : [];
  if (items.length > 0) return items;
  const match = LISTED.exec(text);
  const list = match?.[1];
  if (match === null || list === undefined) return [];
  const from = match.index + match[0].length - list.length;
  const found = [...list.matchAll(/[A-Za-z_]+/g)].map((word) => ({
    word: word[0],
    start: from + word.index,
    end: from + word.index + word[0].length,
  }));
  const verbs = found.filter(({ word }) => verbOf(word.toLowerCase())?.form === "base");
  return verbs.length >= 2 && verbs.length * 2 >= found.length ? verbs : [];
}

/** `- insert: new rows`, one operation a line. */
const ITEM = /^[ \t]*[-*•][ \t]*[`'"*]*([a-z]+)[`'"*]*[ \t]*(?:[:(–—]|- )/gim;

function itemised(text: string): readonly (Span & { readonly word: string })[] {
  if (!/\n[ \t]*[-*•]/.test(text)) return [];
  const items = [...text.matchAll(ITEM)].map(({ 0: item, 1: word = "", index }) => {
    const start = index + item.indexOf(word);
    return { word, start, end: start + word.length };
  });
  const deeds = items.filter(({ word }) => {
    const form = verbOf(word.toLowerCase());
    return form?.form === "base" && form.trust !== "weak";
  });
  return deeds.length >= 2 && deeds.length * 2 >= items.length ? deeds : [];
}

const CHANGES: ReadonlySet<string> = new Set(["verb.write", "verb.execute"]);
const LATER =
  /^[\s*_>-]*(?:(?:⚠️|warning|note|caution|important)[\s:!*]*)?((?:(?:this|the) (?:tool|command|action|operation|function|endpoint)|this|it|also)\s+)?((?:(?:also|will|can|then|permanently|automatically|immediately|irreversibly|silently|may)\s+)*)([a-z]+)/i;

/** `This tool automatically:`, before a list of what it does. */
const DEEDS_FOLLOW =
  /\b(?:this|the) (?:tool|command|action|function) (?:also |then )?(?:automatically|will|does)\b[^:]{0,20}:\s*$/i;

/** A later sentence about the tool itself that deletes or pays: `It also deletes …`; of a list of its deeds, any change. */
export function laterDeed(text: string, sentences: readonly Span[], place: Place): Said | undefined {
  let isListed = false;
  for (const [index, span] of sentences.entries()) {
    const sentence = text.slice(span.start, span.end);
    if (/:\s*$/.test(sentence)) isListed = DEEDS_FOLLOW.test(sentence);
    if (index === 0) continue;
    const match = LATER.exec(sentence);
    const word = match?.[3];
    const form = word === undefined ? undefined : verbOf(word.toLowerCase());
    if (match === null || word === undefined || form === undefined || form.trust === "weak") continue;
    // `Deletes …`, `It deletes …`, `It will delete …`; `Delete …` alone speaks to the reader.
    const isThird = form.form === "s" && (isListed || match[1] !== undefined || form.trust === "pure");
    if (!isThird && !(form.form === "base" && match[1] !== undefined && match[2] !== "")) continue;
    const start = span.start + match[0].length - word.length;
    const objects = toTextWords(text.slice(start + word.length, span.end), 7).map((object) =>
      toSingular(object.word),
    );
    const action = toAction(form, objects, place);
    if (GRAVE.has(action.category) || (isListed && CHANGES.has(action.rule)))
      return { ...action, start, end: start + word.length, manner: "head" };
  }
  return undefined;
}
