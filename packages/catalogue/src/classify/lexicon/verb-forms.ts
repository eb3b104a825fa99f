import { ACTION_NOUNS, ENGLISH_VERBS, IRREGULAR, type VerbGroup } from "./english.ts";
import { SIGNS, WORDS } from "./languages.ts";
import { wordSet } from "./word-set.ts";

/** How far a word is a verb: `pure` everywhere, `strong` at the head, `weak` only where nothing else speaks. */
export type Trust = "pure" | "strong" | "weak";
/** Base form, third person, -ing, past or participle, noun of the action. */
export type Form = "base" | "s" | "ing" | "ed" | "noun";

/** A word of the lexicon in one of its forms. */
export interface VerbForm {
  /** The verb as the lexicon has it. */
  readonly verb: string;
  readonly group: VerbGroup;
  readonly trust: Trust;
  readonly form: Form;
  /** True for languages other than English. */
  readonly isForeign?: true;
}

/** Nouns such as `manager`, `marker`, `seller` are people or things more often than deeds. */
const NO_AGENT = wordSet("manage mark register new note file");
const FORMS = buildForms();

/** The verb that a lower-case word is a form of. */
export function verbOf(word: string): VerbForm | undefined {
  return FORMS.get(word) ?? prefixed(word);
}

/** `reupload` does what `upload` does; `unprotect` changes something, whatever `protect` is. */
function prefixed(word: string): VerbForm | undefined {
  if (word.length < 6 || !(word.startsWith("re") || word.startsWith("un"))) return undefined;
  const form = FORMS.get(word.slice(2));
  if (
    form === undefined ||
    form.group === "read" ||
    form.trust === "weak" ||
    form.isForeign ||
    form.form === "noun"
  )
    return undefined;
  return { ...form, verb: word, group: word.startsWith("un") ? "write" : form.group };
}

/** Verbs of languages written without spaces, the longest first. */
export const SIGN_VERBS: readonly (readonly [string, VerbGroup])[] = groupsOf(SIGNS)
  .flatMap(([group, words]) => words.map((word): readonly [string, VerbGroup] => [word, group]))
  .sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1));

function groupsOf(lists: { readonly [G in VerbGroup]: string }): (readonly [VerbGroup, string[]])[] {
  return (Object.keys(lists) as VerbGroup[]).map((group) => [
    group,
    lists[group].split(/\s+/).filter(Boolean),
  ]);
}

function buildForms(): ReadonlyMap<string, VerbForm> {
  const forms = new Map<string, VerbForm>();
  const add = (word: string, form: VerbForm): void => {
    if (!forms.has(word)) forms.set(word, form);
  };
  const words = groupsOf(ENGLISH_VERBS).flatMap(([group, marked]) => marked.map((word) => ({ group, word })));
  const bases = words.map(({ group, word }): VerbForm => {
    const trust = word.endsWith("~") ? "strong" : word.endsWith("?") ? "weak" : "pure";
    return { verb: word.replace(/[~?]$/, ""), group, trust, form: "base" };
  });
  // All base forms first, so that no inflection of one verb shadows another verb.
  for (const base of bases) add(base.verb, base);
  for (const base of bases) for (const [word, form] of inflect(base.verb)) add(word, { ...base, form });
  for (const base of bases) if (hasAgent(base)) add(agentOf(base.verb), { ...base, form: "noun" });
  for (const [word, verb] of Object.entries(IRREGULAR)) addForm(forms, word, verb, "ed");
  for (const [word, verb] of Object.entries(ACTION_NOUNS)) addForm(forms, word, verb, "noun");
  for (const [group, foreign] of groupsOf(WORDS)) {
    for (const verb of foreign) add(verb, { verb, group, trust: "strong", form: "base", isForeign: true });
  }
  return forms;
}

function addForm(forms: Map<string, VerbForm>, word: string, verb: string, form: Form): void {
  const base = forms.get(verb);
  if (base !== undefined && !forms.has(word)) forms.set(word, { ...base, form });
}

function hasAgent({ verb, group, trust }: VerbForm): boolean {
  return group !== "read" && group !== "financial" && trust !== "weak" && !NO_AGENT.has(verb);
}

/** `updater`, `remover`. */
function agentOf(verb: string): string {
  return `${verb.replace(/e$/, "")}er`;
}

/** Third person, -ing and past by the rules of spelling; a form that nobody writes does no harm. */
function inflect(verb: string): (readonly [string, Form])[] {
  const stem = verb.replace(/e$/, "");
  const doubled = /[^aeiou][aeiou][bdgklmnprt]$/.test(verb) ? `${verb}${verb.slice(-1)}` : undefined;
  const isY = /[^aeiou]y$/.test(verb);
  if (verb === "new") return [];
  const third = isY ? `${verb.slice(0, -1)}ies` : /(?:s|x|z|ch|sh|o)$/.test(verb) ? `${verb}es` : `${verb}s`;
  const past = isY ? `${verb.slice(0, -1)}ied` : `${stem}ed`;
  const forms: (readonly [string, Form])[] = [
    [third, "s"],
    [`${verb.endsWith("ee") ? verb : stem}ing`, "ing"],
    [past, "ed"],
  ];
  if (doubled !== undefined) forms.push([`${doubled}ing`, "ing"], [`${doubled}ed`, "ed"]);
  return forms;
}
