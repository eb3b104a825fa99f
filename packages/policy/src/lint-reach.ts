import type { OnUnknown } from "./document.ts";
import { type Comparable, excludes, implies, toComparable } from "./lint-implication.ts";
import type { Holder, LintPredicate } from "./lint-rules.ts";
import { toWarning, type Warning } from "./lint-warning.ts";
import { quote } from "./schema-report.ts";

/** Predicates that never decide, because an earlier one does in every such call (section 6, A4). */
export function lintReach(holders: readonly Holder[], onUnknown: OnUnknown): readonly Warning[] {
  const read = holders.map((holder) => ({ holder, own: holder.predicates.map(toRead) }));
  const before = read.filter(({ holder }) => holder.key === undefined).flatMap(({ own }) => own);
  return read.flatMap(({ holder, own }) => {
    if (holder.key === undefined) return lintOrder(own, own, onUnknown);
    const action = holder.rules.action === "require_approval" ? `${holder.pointer}/action` : undefined;
    // INVARIANT: `all_tools` goes first in `require` and `deny_if`, and last in `approve_if`.
    const earlier = before.filter(({ list }) => list !== "approve_if");
    const ordered = [...inList(earlier, own, "require"), ...inList(earlier, own, "deny_if")];
    return lintOrder(
      [...ordered, ...own.filter(({ list }) => list === "approve_if")],
      own,
      onUnknown,
      action,
    );
  });
}

interface Read extends LintPredicate {
  readonly conditions: readonly Comparable[];
}

function toRead(predicate: LintPredicate): Read {
  return { ...predicate, conditions: predicate.predicate.conditions.map(toComparable) };
}

function inList(earlier: readonly Read[], own: readonly Read[], list: Read["list"]): readonly Read[] {
  return [...earlier, ...own].filter((predicate) => predicate.list === list);
}

/** `ordered` is what a call goes through; only `own` is reported. */
function lintOrder(
  ordered: readonly Read[],
  own: readonly Read[],
  onUnknown: OnUnknown,
  action?: string,
): Warning[] {
  const reported = new Set(own);
  return ordered.flatMap((later, index) => {
    if (!reported.has(later)) return [];
    if (later.list === "approve_if" && action !== undefined)
      return [unreachable(later, action, "holds every call")];
    for (const earlier of ordered.slice(0, index)) {
      const why = whyNeverDecides(earlier, later, onUnknown);
      if (why !== undefined) return [unreachable(later, earlier.pointer, why)];
    }
    return [];
  });
}

function unreachable({ pointer }: Read, by: string, why: string): Warning {
  return toWarning(
    pointer,
    "unreachable_predicate",
    `this rule never decides: ${quote(by)} ${why}; remove or change one of them`,
  );
}

function whyNeverDecides(earlier: Read, later: Read, onUnknown: OnUnknown): string | undefined {
  const stops = earlier.list === "approve_if" ? "holds" : "denies";
  if (earlier.list === "require") {
    if (later.list === "require") {
      return covers(earlier.conditions, later.conditions) ? "demands as much before" : undefined;
    }
    const isExcluded = earlier.conditions.some((a) => later.conditions.some((b) => excludes(a, b)));
    return isExcluded ? "denies every call that it would match" : undefined;
  }
  // E2: an empty list is true.
  if (earlier.conditions.length === 0) return `${stops} every call`;
  // C2: what passes there because it is unknown may still be stopped here.
  if (passes(earlier, onUnknown) && !passes(later, onUnknown)) return undefined;
  return covers(later.conditions, earlier.conditions) ? `${stops} every call that it would match` : undefined;
}

/** True when the AND of `a` implies the AND of `b`. */
function covers(a: readonly Comparable[], b: readonly Comparable[]): boolean {
  return b.every((one) => a.some((other) => implies(other, one)));
}

function passes({ predicate }: Read, onUnknown: OnUnknown): boolean {
  return (predicate.on_unknown ?? onUnknown) === "pass";
}
