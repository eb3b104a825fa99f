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

const LATER =
  /^[\s*_>-]*(?:(?:⚠️|warning|note|caution|important)[\s:!*]*)?((?:(?:this|the) (?:tool|command|action|operation|function|endpoint)|this|it|also)\s+)?((?:(?:also|will|can|then|permanently|automatically|immediately|irreversibly|silently|may)\s+)*)([a-z]+)/i;

/** A later sentence about the tool itself that deletes or pays: `It also deletes …`. */
export function laterDeed(text: string, sentences: readonly Span[], place: Place): Said | undefined {
  for (const span of sentences.slice(1)) {
    const match = LATER.exec(text.slice(span.start, span.end));
    const word = match?.[3];
    const form = word === undefined ? undefined : verbOf(word.toLowerCase());
    if (match === null || word === undefined || form === undefined || form.trust === "weak") continue;
    // `Deletes …`, `It deletes …`, `It will delete …`; `Delete …` alone speaks to the reader.
    const isThird = form.form === "s" && (match[1] !== undefined || form.trust === "pure");
    if (!isThird && !(form.form === "base" && match[1] !== undefined && match[2] !== "")) continue;
    const start = span.start + match[0].length - word.length;
    const objects = toTextWords(text.slice(start + word.length, span.end), 7).map((object) =>
      toSingular(object.word),
    );
    const action = toAction(form, objects, place);
    if (GRAVE.has(action.category)) return { ...action, start, end: start + word.length, manner: "head" };
  }
  return undefined;
}
