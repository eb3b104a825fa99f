import type { Category } from "../verdict.ts";
import { type Action, toAction } from "./action.ts";
import { type VerbForm, verbOf } from "./lexicon/verb-forms.ts";
import { wordSet } from "./lexicon/word-set.ts";
import type { Place } from "./place.ts";
import { type Span, toSentences } from "./sentences.ts";
import { readSigns } from "./signs.ts";
import { toSingular, toTextWords, type Word } from "./words.ts";

/** An action that a text names, and where. */
export interface Said extends Span, Action {
  /** How the text says it: at the head of a sentence, joined to the head, introduced by `to` or `for`, or anywhere. */
  readonly manner: "head" | "joined" | "phrase" | "faint";
}

/** What a description says that its tool does. */
export interface Prose {
  /** The head of the first sentence that has one, and what is joined to it. */
  readonly said: readonly Said[];
  /** 0 for the first sentence. */
  readonly sentence: number;
  readonly sentences: readonly Span[];
}

/** Sentences in which a head is looked for. */
const MAX_HEAD_SENTENCES = 4;
/** Words of a sentence that are read. */
const MAX_WORDS = 48;
/** Words after a verb that may be its objects. */
const OBJECT_WORDS = 7;

const BEFORE_VERB = wordSet(`
  auto automatically permanently safely quickly recursively optionally manually securely always first then
  also now please bulk batch force soft hard async asynchronously conditionally atomically immediately
  directly programmatically intelligently efficiently simply just easily interactively irreversibly
  completely partially silently remotely dynamically instantly long double triple and or to can will may the deprecated beta
  experimental you`);
const MODAL = wordSet("can will may must could");
const SUBJECT = wordSet("it tool you this that which function");
const BEFORE_THIRD = wordSet("that which it also tool");
const LETTING = wordSet("allow enable let help permit");
const HELPING = wordSet("help helps");
const BETWEEN = wordSet("and or then also optionally automatically permanently to auto bulk batch");
const NEGATION = wordSet(`
  not never no without cannot can't don't doesn't won't isn't nor neither avoid instead rather unable
  prevents`);
const ABOUT_ITSELF = wordSet("this it the");
const ITSELF = wordSet("tool function endpoint api command method action operation");

/** Reads the first of the first four sentences that has a verb. */
export function readProse(text: string, place: Place): Prose {
  const sentences = toSentences(text);
  for (const [index, span] of sentences.slice(0, MAX_HEAD_SENTENCES).entries()) {
    const said = readSentence(text, span, place);
    if (said.length > 0) return { said, sentence: index, sentences };
  }
  return { said: [], sentence: 0, sentences };
}

/** The actions of one sentence: its head with everything joined to it. */
export function readSentence(text: string, span: Span, place: Place): readonly Said[] {
  const sentence = text.slice(span.start, span.end);
  if (/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/.test(sentence)) return readSigns(sentence, span, place);
  const all = toTextWords(sentence, MAX_WORDS).map(({ word, start, end }): Token => {
    const at = { start: start + span.start, end: end + span.start };
    return { word, ...at, form: isHyphened(text, at.end) ? undefined : verbOf(word) };
  });
  const at = headAt(text, all);
  if (at === undefined) return [];
  return readFrom(text, all, at, place);
}

/** A word with the verb that it may be. */
interface Token extends Word {
  readonly form: VerbForm | undefined;
}

interface Head {
  readonly index: number;
  readonly manner: "head" | "phrase" | "faint";
}

function headAt(text: string, all: readonly Token[]): Head | undefined {
  const from = CONDITIONS.has(all[0]?.word ?? "") ? afterComma(text, all) : 0;
  for (const start of clauseStarts(text, all).map((at) => Math.max(at, from))) {
    let index = start;
    while (BEFORE_VERB.has(all[index]?.word ?? "")) index++;
    const form = all[index]?.form;
    if (form !== undefined && form.form !== "ed" && form.form !== "noun" && isHead(text, form, all, index))
      return { index, manner: "head" };
  }
  return phraseAt(all, from);
}
const CONDITIONS = wordSet("if when whenever");

/** `When a pear falls, …`: the deed stands behind the condition. */
function afterComma(text: string, all: readonly Token[]): number {
  let depth = 0;
  for (let index = 1; index < all.length; index++) {
    const gap = text.slice(all[index - 1]?.end, all[index]?.start);
    depth += gap.split("(").length - gap.split(")").length;
    if (depth <= 0 && gap.includes(",")) return index;
  }
  return all.length;
}

/** A sentence begins anew after a label: `Notion | Create a page`, `IMPORTANT: deletes …`. */
function clauseStarts(text: string, all: readonly Token[]): readonly number[] {
  const starts = [0];
  for (let index = 1; index < Math.min(all.length, 12); index++) {
    const [before, word] = [all[index - 1], all[index]];
    if (before === undefined || word === undefined) break;
    if (/[:|\])»]|\s[-–—]+\s/.test(text.slice(before.end, word.start))) starts.push(index);
  }
  return starts;
}

/** `Call this tool first` speaks of how to use the tool, `Enables you to delete` of deleting. */
function isHead(text: string, form: VerbForm, all: readonly Token[], index: number): boolean {
  const next = all[index + 1]?.word ?? "";
  if (isLabel(text, all, index)) return false;
  if (USING.has(form.verb) && isItself(all, index + 1)) return false;
  if (form.verb === "start" && BEGINNING.has(next)) return false;
  if (
    LETTING.has(form.verb) &&
    all.slice(index + 1, index + 7).some(({ word }) => word === "to" || word === "you")
  )
    return false;
  return next !== "is" && next !== "are" && !(form.form === "ing" && form.trust !== "pure" && next === "");
}
/** `NOTE: …` and `Step 1: …` are no verbs. */
function isLabel(text: string, all: readonly Token[], index: number): boolean {
  const { word = "", end = 0 } = all[index] ?? {};
  return (
    LABELS.has(word) &&
    (/^\s*(?:\d|:)/.test(text.slice(end, end + 4)) ||
      text.slice(end - word.length, end) === word.toUpperCase())
  );
}
const LABELS = wordSet("note step");
/** `Start here`, `Start with the list` speak to the reader. */
const BEGINNING = wordSet("here with by");
const USING = wordSet("call run invoke execute");
const WHENEVER = wordSet("it not when whenever before after first only once if this");

function isItself(all: readonly Token[], index: number): boolean {
  const [word, next] = [all[index]?.word ?? "", all[index + 1]?.word ?? ""];
  return WHENEVER.has(word) || (ABOUT_ITSELF.has(word) && ITSELF.has(next));
}

/** `This tool lets you delete …`, `Tool for retrieving …`, `… that sends …`. */
function phraseAt(all: readonly Token[], from: number): Head | undefined {
  let faint: number | undefined;
  const isEnglish = all.some(({ word }) => ENGLISH.has(word));
  for (let index = from; index < Math.min(all.length, 28); index++) {
    const form = all[index]?.form;
    if (form === undefined || isNegated(all, index)) continue;
    if (isIntroduced(form, all, index)) return { index, manner: "phrase" };
    if (faint !== undefined || index === 0) continue;
    if (form.isForeign ? !isEnglish : form.trust === "pure" && form.form === "s") faint = index;
  }
  return faint === undefined ? undefined : { index: faint, manner: "faint" };
}
const ENGLISH = wordSet("the of and to for with a an in is by from");

function isIntroduced(form: VerbForm, all: readonly Token[], index: number): boolean {
  if (form.trust === "weak" || LETTING.has(form.verb) || (USING.has(form.verb) && isItself(all, index + 1)))
    return false;
  const before = all[index - 1]?.word ?? "";
  if (form.form === "base")
    return (
      before === "to" ||
      before === "you" ||
      HELPING.has(before) ||
      (MODAL.has(before) && SUBJECT.has(all[index - 2]?.word ?? ""))
    );
  if (form.form === "ing") return before === "for";
  return (
    form.form === "s" &&
    (BEFORE_THIRD.has(before) ||
      ITSELF.has(before) ||
      (index < 4 && ABOUT_ITSELF.has(all[index - 2]?.word ?? "")))
  );
}

function readFrom(text: string, all: readonly Token[], head: Head, place: Place): readonly Said[] {
  const form = all[head.index]?.form;
  if (form === undefined) return [];
  const said = [toSaid(all, head.index, form, head.manner, place)];
  const chain = new Set([head.index]);
  for (let index = head.index + 1; index < all.length; index++) {
    const next = all[index]?.form;
    if (next === undefined || next.trust === "weak" || isNegated(all, index)) continue;
    const joined = toSaid(all, index, next, "joined", place);
    if (!isJoined(text, all, index, { form, next, chain, joined })) continue;
    chain.add(index);
    said.push(joined);
  }
  return said;
}

interface Joint {
  readonly form: VerbForm;
  readonly next: VerbForm;
  readonly chain: ReadonlySet<number>;
  readonly joined: Said;
}

/** `create, update or delete`; after a vague head also `perform bulk deletes`, `operations (get, delete)`. */
function isJoined(
  text: string,
  all: readonly Token[],
  index: number,
  { form, next, chain, joined }: Joint,
): boolean {
  if (VAGUE_HEADS.has(form.verb) && next.trust === "pure" && next.form !== "ed" && index < 14) return true;
  if (next.form !== form.form || isUnset(form, next)) return false;
  let at = index - 1;
  while (at > 0 && BETWEEN.has(all[at]?.word ?? "")) at--;
  const gap = text.slice(all[at]?.end ?? 0, all[index]?.start ?? 0);
  if (!/[,/|&]|\b(?:and|or|then)\b/.test(gap) || gap.length > 40) return false;
  if (chain.has(at)) return true;
  if (form.group === "read" && /\([^)]*$/.test(text.slice(all[0]?.start ?? 0, all[index]?.start ?? 0)))
    return false;
  const isGrave = GRAVE.has(joined.category);
  if (form.group === "read" && !isGrave) return false;
  const isMoney = joined.category === "Financial" && joined.rule !== "verb.pay";
  return (next.trust === "pure" || isMoney) && /\b(?:and|or|then)\b/.test(gap);
}
/** Heads that say nothing by themselves. */
export const VAGUE_HEADS = wordSet("perform manage handle support execute control");

/** `Set or clear an option` deletes nothing. */
function isUnset(form: VerbForm, next: VerbForm): boolean {
  return (form.verb === "set" || form.verb === "toggle") && UNSETTING.has(next.verb);
}
const UNSETTING = wordSet("clear remove reset unset");

const DETERMINERS = wordSet("a an the new this these all any one your multiple every each");

function toSaid(
  all: readonly Token[],
  index: number,
  form: VerbForm,
  manner: Said["manner"],
  place: Place,
): Said {
  const objects = all
    .slice(index + 1, index + 1 + OBJECT_WORDS)
    .flatMap(({ word }, at, some) =>
      word === "order" && some[at - 1]?.word === "in" ? [] : [toSingular(word)],
    );
  const { start = 0, end = 0 } = all[index] ?? {};
  const action = toAction(form, objects, place);
  // `Store the note`: what has an object is a verb.
  const isVerb = action.trust === "weak" && DETERMINERS.has(all[index + 1]?.word ?? "");
  return { ...action, ...(isVerb && { trust: "strong" as const }), start, end, manner };
}

function isNegated(all: readonly Token[], index: number): boolean {
  for (let at = index - 1; at >= Math.max(0, index - 4); at--) {
    const word = all[at]?.word ?? "";
    if (NEGATION.has(word) && !(word === "no" && at < index - 1)) return true;
  }
  return false;
}

/** `read-only` and `set-up` are no verbs. */
function isHyphened(text: string, end: number): boolean {
  return text[end] === "-" && /[a-z]/i.test(text[end + 1] ?? "");
}

/** Categories that a later sentence may add. */
export const GRAVE: ReadonlySet<Category> = new Set(["Destructive", "Financial"]);
