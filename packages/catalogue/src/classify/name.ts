import { type Action, toAction } from "./action.ts";
import { READ_NOUNS, RUN_NOUNS } from "./lexicon/objects.ts";
import { SIGN_VERBS, type VerbForm, verbOf } from "./lexicon/verb-forms.ts";
import { wordSet } from "./lexicon/word-set.ts";
import type { Place } from "./place.ts";
import type { Span } from "./sentences.ts";
import { toNameWords, toSingular, type Word } from "./words.ts";

/** What a name says: an action with its place in the name. */
export interface Named extends Span, Action {}

/** `is_contract`, `can_deploy` ask. */
const QUESTIONS = new Set(["is", "are", "has", "can", "does", "what", "which", "who", "where", "how"]);
/** `mark_messages_read` reads nothing. */
const SETS = new Set(["mark", "set", "toggle"]);

/** Every action that a name tells of, the head first; empty where it has no known verb. */
export interface NameReading {
  readonly named: readonly Named[];
  readonly words: readonly Word[];
}

const LINKS = new Set(["and", "or", "then", "to"]);
/** In front of a name, for how much or how: no action of their own. */
const FRONT = new Set([
  "bulk",
  "batch",
  "multi",
  "mass",
  "quick",
  "long",
  "double",
  "triple",
  "auto",
  "safe",
  "force",
  "soft",
  "hard",
  "async",
  "api",
  "mcp",
  "tool",
  "do",
  "re",
  "try",
]);

/** Finds the verbs of a name. */
export function readName(name: string, place: Place): NameReading {
  const words = toNameWords(name);
  const from = firstWord(words, place);
  const heads = headsOf(words, from);
  if (heads.length === 0) return { named: nounsOf(words, from, name), words };
  return { named: heads.map((index) => toNamed(words, index, from, place)), words };
}

/** Where the name begins behind the server's own name and words of manner. */
function firstWord(words: readonly Word[], place: Place): number {
  let from = 0;
  while (from < words.length - 1) {
    const word = words[from]?.word ?? "";
    const verb = verbOf(word);
    const isPrefix =
      (place.serverWords.has(word) &&
        (verb === undefined || verb.trust !== "pure" || verb.form !== "base")) ||
      (from === 0 && word === place.sharedPrefix);
    const hasVerbBehind = words.slice(from + 1).some((later) => verbOf(later.word)?.form === "base");
    if (!(FRONT.has(word) || (isPrefix && (verb === undefined || hasVerbBehind)))) break;
    from++;
  }
  return from;
}

function headsOf(words: readonly Word[], from: number): readonly number[] {
  const forms = words.map(({ word }) => verbOf(word));
  const isBase = (index: number): boolean => forms[index]?.form === "base";
  const head = headIndex(words, forms, from);
  if (head === undefined) return [];
  const heads = [head];
  for (let index = from; index < words.length; index++) {
    if (index === head || !isBase(index)) continue;
    const isLinked =
      LINKS.has(words[index - 1]?.word ?? "") &&
      words[index - 1]?.word !== "to" &&
      forms[index]?.trust !== "weak";
    if (isLinked || isLastDeed(forms, index, head)) heads.push(index);
  }
  return heads;
}

/** `search_index_delete` deletes: a verb that is never a noun, at the end, outweighs a reading one in front. */
function isLastDeed(forms: readonly (VerbForm | undefined)[], index: number, head: number): boolean {
  const [last, first] = [forms[index], forms[head]];
  if (index !== forms.length - 1 || index <= head + 1 || last?.trust !== "pure" || last.group === "read")
    return false;
  return first?.trust !== "pure" || last.group === "destructive";
}

/** `confirm_delete` deletes. */
const CARRYING_OUT = wordSet(
  "confirm execute run perform apply process complete start begin initiate finish finalize propose",
);
/** `trash_get_label` gets. */
const NEVER_NOUN = wordSet("get create delete remove retrieve fetch");
/** Verbs that are seldom nouns in front of a name, unlike `order` or `comment`. */
const DOING = wordSet("update add archive move copy save set share fix merge restore rename");
/** Fields of work in front of what is done there: `compute_disk_update`. */
const FIELDS = wordSet("monitor compute audit");
const BEFORE_DEED = wordSet("read produce");

function isUndoing(form: VerbForm | undefined): boolean {
  return form?.group === "destructive" || form?.group === "financial";
}

function headIndex(
  words: readonly Word[],
  forms: readonly (VerbForm | undefined)[],
  from: number,
): number | undefined {
  const last = forms.length - 1;
  const is = (index: number, ...trusts: readonly string[]): boolean => {
    const form = forms[index];
    return form?.form === "base" && trusts.includes(form.trust);
  };
  const front = words[from]?.word ?? "";
  if (CARRYING_OUT.has(front) && is(from + 1, "pure") && isUndoing(forms[from + 1])) return from + 1;
  if (is(from, "pure") || QUESTIONS.has(front)) return from;
  if (is(from, "strong") && NEVER_NOUN.has(words[from + 1]?.word ?? "")) return from + 1;
  // `monitor_create_alert`: what stands in front is a subject, not a verb.
  if (forms[from]?.group === "read" && is(from + 1, "pure")) return from + 1;
  const marked = words.findIndex(({ word }, index) => index >= from && SETS.has(word));
  if (marked >= 0 && forms[last]?.verb === "read") return marked;
  // `update_list`: the last word is what is changed.
  const isList = is(from, "strong") && DOING.has(front) && words[last]?.word === "list";
  if (last > from && is(last, "pure") && !isList) return last;
  if (FIELDS.has(front) && last > from + 1 && is(last, "strong") && forms[last]?.group !== "read")
    return last;
  if (is(from, "strong")) return from;
  for (let index = from + 1; index <= last; index++) if (is(index, "pure")) return index;
  for (let index = from + 1; index < last; index++) {
    // `page_capture_start` starts: a reading noun before a deed is its object.
    if (is(index, "strong") && !(BEFORE_DEED.has(forms[index]?.group ?? "") && is(last, "strong")))
      return index;
  }
  if (last > from && is(last, "strong")) return last;
  const doer = forms.findIndex(
    (form, index) => index >= from && form?.form === "noun" && form.group === "destructive",
  );
  if (doer >= 0) return doer;
  if (is(from, "weak")) return from;
  if (last > from && is(last, "weak")) return last;
  if (is(from + 1, "weak")) return from + 1;
  return inflected(forms, from);
}

/** `deletes_all`, `bulk_deletion`: what changes things counts in any form; `updates` alone may be a plural. */
function inflected(forms: readonly (VerbForm | undefined)[], from: number): number | undefined {
  const changing = forms.findIndex(
    (form, index) =>
      index >= from &&
      form !== undefined &&
      form.group !== "read" &&
      form.form !== "base" &&
      (form.trust === "pure" || form.form === "noun"),
  );
  if (changing >= 0) return changing;
  const first = forms[from];
  return first !== undefined && (first.form === "s" || first.form === "ing") && first.trust !== "weak"
    ? from
    : undefined;
}

function toNamed(words: readonly Word[], index: number, from: number, place: Place): Named {
  const word = words[index]?.word ?? "";
  const form = QUESTIONS.has(word) ? ASKING : verbOf(word);
  const { start = 0, end = 0 } = words[index] ?? {};
  const others = [...words.slice(index + 1), ...words.slice(from, index)].map(({ word }) => toSingular(word));
  if (form === undefined) return { category: "Write", rule: "unknown", trust: "weak", verb: "", start, end };
  const action = toAction(form, others, place);
  const isMiddle = form.trust === "strong" && index > from + 1 && index !== words.length - 1;
  return { ...action, trust: isMiddle || form.form !== "base" ? "weak" : action.trust, start, end };
}

/** A name without a verb. */
function nounsOf(words: readonly Word[], from: number, name: string): readonly Named[] {
  for (const [sign, group] of isAscii(name) ? [] : SIGN_VERBS) {
    const start = name.indexOf(sign);
    const form = { verb: sign, group, trust: "strong", form: "base" } as const;
    if (start >= 0) return [{ ...toAction(form, [], NOWHERE), start, end: start + sign.length }];
  }
  for (let index = words.length - 1; index >= from; index--) {
    const word = words[index];
    if (word === undefined) continue;
    const at = { start: word.start, end: word.end, verb: word.word };
    if (RUN_NOUNS.has(word.word)) return [{ category: "Execute", rule: "noun.run", trust: "weak", ...at }];
  }
  for (const word of [words.at(-1), words[from]]) {
    if (word === undefined) continue;
    if (READ_NOUNS.has(word.word) || READ_NOUNS.has(toSingular(word.word)))
      return [
        {
          category: "Read",
          rule: "noun.read",
          trust: "weak",
          start: word.start,
          end: word.end,
          verb: word.word,
        },
      ];
  }
  return [];
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

const ASKING: VerbForm = { verb: "is", group: "read", trust: "strong", form: "base" };
const NOWHERE: Place = { subjects: new Set(), serverWords: new Set(), sharedPrefix: undefined, server: "" };
