import type { Condition, Entry, PolicyDocument, Predicate } from "../document.ts";
import type { ListName } from "../lint-rules.ts";
import { complementOf, isAtMost, textOf, toCanonical } from "./canonical.ts";

/** A rule on the arguments of a call, in a form that can be compared with those of another document. */
export interface Rule {
  readonly list: ListName;
  /** Canonical, joined by AND; none is true (E2). One in `require`, whose predicates mean the same one by one. */
  readonly conditions: readonly Condition[];
  /** C2: unknown makes it false instead of counting as a match. */
  readonly unknownPasses: boolean;
  /** What the agent or the approver is told, where the author says so. */
  readonly words: string | undefined;
  readonly pointer: string;
  /** True for a rule of `all_tools`. */
  readonly isGeneral: boolean;
  /** Equal for rules that do the same. */
  readonly identity: string;
}

/** Every rule that a tool passes that `entry` governs, once each; `action: "require_approval"` is one of them. */
export function listRules(document: PolicyDocument, base: string, entry: Entry): readonly Rule[] {
  const { all_tools: allTools = {}, on_unknown: onUnknown = "deny", time_zone: zone = "UTC" } = document;
  const held = entry.action === "require_approval" ? [toHold(`${base}/action`, entry.reason)] : [];
  const sources = [
    { rules: allTools, at: "/all_tools", isGeneral: true },
    { rules: entry, at: base, isGeneral: false },
  ];
  const written = sources.flatMap(({ rules, at, isGeneral }) =>
    LISTS.flatMap((list) =>
      (rules[list] ?? []).flatMap((predicate, index) => {
        const unknownPasses = list !== "require" && (predicate.on_unknown ?? onUnknown) === "pass";
        const words = list === "approve_if" ? predicate.reason : predicate.on_deny;
        const common = { list, unknownPasses, words, pointer: `${at}/${list}/${index}`, isGeneral };
        return splitConditions(list, predicate, zone).map((conditions) => toRule({ ...common, conditions }));
      }),
    ),
  );
  const byIdentity = new Map([...held, ...written].toReversed().map((rule) => [rule.identity, rule]));
  return [...byIdentity.values()].toReversed();
}

/** True when `others` stop every call that the rule stops, and as hard: what is held may be denied, not the reverse. */
export function isCovered(rule: Rule, others: readonly Rule[]): boolean {
  return others.some((other) => covers(other, rule));
}

const LISTS: readonly ListName[] = ["require", "deny_if", "approve_if"];

function splitConditions(
  list: ListName,
  { conditions }: Predicate,
  zone: string,
): readonly (readonly Condition[])[] {
  const canonical = toCanonical(conditions, zone);
  return list === "require" ? canonical.map((condition) => [condition]) : [canonical];
}

function toHold(pointer: string, words: string | undefined): Rule {
  return toRule({
    list: "approve_if",
    conditions: [],
    unknownPasses: false,
    words,
    pointer,
    isGeneral: false,
  });
}

function toRule(rule: Omit<Rule, "identity">): Rule {
  const unknownPasses = rule.unknownPasses && rule.conditions.length > 0;
  return { ...rule, unknownPasses, identity: identityOf(rule.list, { ...rule, unknownPasses }) };
}

/** What {@link Rule.identity} would be in this list. */
export function identityOf(
  list: ListName,
  { conditions, unknownPasses }: Pick<Rule, "conditions" | "unknownPasses">,
): string {
  return `${list} ${unknownPasses} ${conditions.map(textOf).join(" ")}`;
}

function covers(other: Rule, rule: Rule): boolean {
  if (rule.list === "require") return coversRequired(other, rule.conditions);
  if (other.list === "require") {
    // What it demands is false of every call that the rule matches.
    return other.conditions.some((demanded) =>
      rule.conditions.some((condition) => isAtMost(demanded, complementOf(condition))),
    );
  }
  if (rule.list === "deny_if" && other.list === "approve_if") return false;
  // C2: what passes there because it is unknown is stopped here.
  if (other.unknownPasses && !rule.unknownPasses) return false;
  return other.conditions.every((one) => rule.conditions.some((condition) => isAtMost(condition, one)));
}

/** Stops every call of which the conditions are not true. */
function coversRequired(other: Rule, conditions: readonly Condition[]): boolean {
  if (other.list === "approve_if") return false;
  return conditions.every((required) =>
    other.list === "require"
      ? other.conditions.some((condition) => isAtMost(condition, required))
      : !other.unknownPasses && other.conditions.every((one) => isAtMost(complementOf(required), one)),
  );
}
