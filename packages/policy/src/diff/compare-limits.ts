import type { RuleChange } from "./compare-rules.ts";
import { isLimitCovered, isSameCounter, type LimitRule } from "./limit-rule.ts";
import { toAccessChange } from "./policy-change.ts";
import { limitWords } from "./words.ts";

/** The limits of one tool in two documents that both let it through. */
export function compareLimits(
  before: readonly LimitRule[],
  after: readonly LimitRule[],
): readonly RuleChange[] {
  const gone = before.filter(({ identity }) => !after.some((limit) => limit.identity === identity));
  const left = after.filter(({ identity }) => !before.some((limit) => limit.identity === identity));
  const changes = gone.map((old) => {
    const index = nearest(old, left);
    const [now] = index === -1 ? [] : left.splice(index, 1);
    return now === undefined ? goneLimit(old, after) : changedLimit(old, now, before, after);
  });
  return [...changes, ...left.map((now) => addedLimit(now, before))];
}

/** The limit that has taken the place of `old`: on the same counter, else on one of the same name. */
function nearest(old: LimitRule, left: readonly LimitRule[]): number {
  const same = left.findIndex((limit) => isSameCounter(limit, old));
  return same === -1 ? left.findIndex(({ counter }) => counter === old.counter) : same;
}

function goneLimit(old: LimitRule, after: readonly LimitRule[]): RuleChange {
  const { pointer: before, isGeneral } = old;
  const access = toAccessChange(!isLimitCovered(old, after), false);
  return { kind: "unlimited", access, text: `no longer limited to ${limitWords(old)}`, before, isGeneral };
}

function addedLimit(now: LimitRule, before: readonly LimitRule[]): RuleChange {
  const { pointer: after, isGeneral } = now;
  const access = toAccessChange(false, !isLimitCovered(now, before));
  return { kind: "limited", access, text: `newly limited to ${limitWords(now)}`, after, isGeneral };
}

function changedLimit(
  old: LimitRule,
  now: LimitRule,
  before: readonly LimitRule[],
  after: readonly LimitRule[],
): RuleChange {
  // L9: another window, algorithm or scope is another counter.
  const anew = isSameCounter(old, now) ? "" : "; it counts from zero";
  return {
    kind: "limit",
    access: toAccessChange(!isLimitCovered(old, after), !isLimitCovered(now, before)),
    text: `limited to ${limitWords(now)}; before to ${limitWords(old)}${anew}`,
    before: old.pointer,
    after: now.pointer,
    isGeneral: old.isGeneral && now.isGeneral,
  };
}
