import type { Condition } from "../document.ts";
import { quote } from "../schema-report.ts";
import { type PolicyChange, toAccessChange } from "./policy-change.ts";
import { identityOf, isCovered, type Rule } from "./rule.ts";
import { ruleWords, verbOf, whenWords } from "./words.ts";

/** A change before it is known what it is about. */
export interface RuleChange extends Omit<PolicyChange, "subject" | "tools"> {
  /** True when `all_tools` says it in both documents, or says it alone. */
  readonly isGeneral: boolean;
}

/** The rules of one tool in two documents that both let it through. */
export function compareRules(before: readonly Rule[], after: readonly Rule[]): readonly RuleChange[] {
  const kept = new Map(before.map((rule) => [rule.identity, rule]));
  const gone = before.filter(({ identity }) => !after.some((rule) => rule.identity === identity));
  const added = after.filter(({ identity }) => !kept.has(identity));
  const changed = pairUp(gone, added);
  const paired = new Set<Rule>(changed.flat());
  return [
    ...changed.map((pair) => changedRule(pair, before, after)),
    ...gone.filter((rule) => !paired.has(rule)).map((rule) => goneRule(rule, after)),
    ...added.filter((rule) => !paired.has(rule)).map((rule) => addedRule(rule, before)),
    ...after.flatMap((rule) => compareWords(kept.get(rule.identity), rule)),
  ];
}

type Pair = readonly [old: Rule, now: Rule];

/** Rules that are one rule to a reader: the same conditions in another list, or the same question with other values. */
function pairUp(gone: readonly Rule[], added: readonly Rule[]): readonly Pair[] {
  const moved = pairBy(gone, added, (rule) =>
    rule.list === "require" ? undefined : identityOf("deny_if", rule),
  );
  const taken = new Set<Rule>(moved.flat());
  const rest = (rules: readonly Rule[]): readonly Rule[] => rules.filter((rule) => !taken.has(rule));
  return [...moved, ...pairBy(rest(gone), rest(added), shapeOf)];
}

/** Pairs those with the same key, in their order. */
function pairBy(
  gone: readonly Rule[],
  added: readonly Rule[],
  keyOf: (rule: Rule) => string | undefined,
): readonly Pair[] {
  const left = [...added];
  return gone.flatMap((old): Pair[] => {
    const key = keyOf(old);
    const index = key === undefined ? -1 : left.findIndex((rule) => keyOf(rule) === key);
    return index === -1 ? [] : left.splice(index, 1).map((now): Pair => [old, now]);
  });
}

/** The list, and what is asked of which path. */
function shapeOf({ list, conditions }: Rule): string {
  return `${list} ${conditions.map(shapeOfCondition).join(" ")}`;
}

function shapeOfCondition(condition: Condition): string {
  // What a `time.*` path reads is written behind it.
  if ("path" in condition) return `${condition.path.split(" ")[0]} ${condition.op}`;
  return Object.keys(condition).join();
}

function goneRule(old: Rule, after: readonly Rule[]): RuleChange {
  const { pointer: before, isGeneral } = old;
  const access = toAccessChange(!isCovered(old, after), false);
  return { kind: "allowed", access, text: `no longer ${ruleWords(old)}`, before, isGeneral };
}

function addedRule(now: Rule, before: readonly Rule[]): RuleChange {
  const { pointer: after, isGeneral } = now;
  const access = toAccessChange(false, !isCovered(now, before));
  return { kind: verbOf(now), access, text: `newly ${ruleWords(now)}`, after, isGeneral };
}

function changedRule([old, now]: Pair, before: readonly Rule[], after: readonly Rule[]): RuleChange {
  const isMoved = old.list !== now.list;
  return {
    kind: isMoved ? verbOf(now) : "condition",
    access: toAccessChange(!isCovered(old, after), !isCovered(now, before)),
    text: `${ruleWords(now)}; before ${isMoved ? verbOf(old) : whenWords(old)}`,
    before: old.pointer,
    after: now.pointer,
    isGeneral: old.isGeneral && now.isGeneral,
  };
}

function compareWords(old: Rule | undefined, now: Rule): readonly RuleChange[] {
  if (old === undefined || old.words === now.words) return [];
  const { list, words, pointer } = now;
  const who = list === "approve_if" ? "the approver" : "the agent";
  const text = `${ruleWords(now)}: ${who} is told ${said(words)}; before ${said(old.words)}`;
  const isGeneral = old.isGeneral && now.isGeneral;
  return [{ kind: "message", access: "same", text, before: old.pointer, after: pointer, isGeneral }];
}

function said(words: string | undefined): string {
  return words === undefined ? "the usual words" : quote(words);
}
