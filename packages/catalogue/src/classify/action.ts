import type { Category } from "../verdict.ts";
import type { Deed, Found } from "./deed.ts";
import type { VerbGroup } from "./lexicon/english.ts";
import type { Trust, VerbForm } from "./lexicon/verb-forms.ts";
import { wordSet } from "./lexicon/word-set.ts";
import { moneyRule } from "./money-rule.ts";
import { OBJECT_RULES } from "./object-rules.ts";
import type { Place } from "./place.ts";
import type { RuleId } from "./rules.ts";

/** What a verb does to its objects. */
export interface Action {
  readonly category: Category;
  readonly rule: RuleId;
  readonly trust: Trust;
  readonly verb: string;
}

const OF_GROUP: { readonly [G in VerbGroup]: NonNullable<Found> } = {
  read: ["Read", "verb.read"],
  write: ["Write", "verb.write"],
  produce: ["Write", "verb.produce"],
  execute: ["Execute", "verb.execute"],
  destructive: ["Destructive", "verb.delete"],
  financial: ["Financial", "verb.pay"],
};

const RULES = [moneyRule, ...OBJECT_RULES];
/** Reading verbs that some rule looks at; the others mean the same with every object. */
const READS_BY_OBJECT = wordSet(`
  open select choose evaluate capture ask print fetch pick track load display show receive`);
/** Says where, not what: `git_init` has no object. */
const PLACE_WORD = "git";

/** Reads a verb together with the words around it, in the singular. */
export function toAction(form: VerbForm, objects: readonly string[], place: Place): Action {
  const { verb, group } = form;
  const deed: Deed = {
    verb,
    group,
    has: (words) => objects.some((word) => words.has(word)),
    first: objects[0] ?? "",
    isAlone: objects.every((word) => word === PLACE_WORD),
    place,
  };
  for (const rule of group === "read" && !READS_BY_OBJECT.has(verb) ? [] : RULES) {
    const found = rule(deed);
    // An object that fits makes a verb of what could have been a noun.
    const trust = form.trust === "weak" && !deed.isAlone ? "strong" : form.trust;
    if (found !== undefined) return { category: found[0], rule: found[1], trust, verb };
  }
  const [category, rule] = OF_GROUP[group];
  return { category, rule, trust: form.trust, verb };
}
