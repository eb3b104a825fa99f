import type { Limit } from "./document.ts";
import type { Holder } from "./lint-rules.ts";
import { toWarning, type Warning } from "./lint-warning.ts";
import { quote } from "./schema-report.ts";
import { toWindow } from "./window.ts";

/** What limits and approvals of a document say of each other (section 5). */
export function lintLimits(holders: readonly Holder[]): readonly Warning[] {
  const forAll = holders.find(({ key }) => key === undefined);
  return [
    ...lintSharedCounters(holders.flatMap(limitsOf)),
    ...holders.flatMap((holder) => lintSessionScope(holder, forAll)),
    ...holders.flatMap((holder) => lintApproval(holder, forAll)),
  ];
}

interface LocatedLimit {
  readonly pointer: string;
  readonly limit: Limit;
}

/** The limits of a holder, its `rate_limit` written out (section 3). */
function limitsOf({ pointer, key, rules }: Holder): LocatedLimit[] {
  const limits = (rules.limits ?? []).map((limit, index) => ({
    pointer: `${pointer}/limits/${index}`,
    limit,
  }));
  if (rules.rate_limit === undefined) return limits;
  return [
    ...limits,
    { pointer: `${pointer}/rate_limit`, limit: { counter: `${key}_rate`, ...rules.rate_limit } },
  ];
}

/** L4: limits that name the same counter share it, so that the smaller `max` stops the larger one's calls as well. */
function lintSharedCounters(limits: readonly LocatedLimit[]): Warning[] {
  const firsts = new Map<string, LocatedLimit>();
  return limits.flatMap((located) => {
    const { counter, window, scope = "grant", algorithm = "fixed", max } = located.limit;
    const name = JSON.stringify([scope, algorithm, toWindow(window), counter]);
    const first = firsts.get(name);
    if (first === undefined) {
      firsts.set(name, located);
      return [];
    }
    if (first.limit.max === max) return [];
    const message = `the counter ${quote(counter)} is shared with ${quote(first.pointer)}, whose \`max\` is ${first.limit.max}, not ${max}; give one of them another name if they should count apart`;
    return [toWarning(`${located.pointer}/max`, "shared_counter", message)];
  });
}

/** L1: beside a limit of another scope, one per session does no harm. */
function lintSessionScope({ pointer, key, rules }: Holder, forAll: Holder | undefined): Warning[] {
  const own = rules.limits ?? [];
  const besides = key === undefined ? [] : (forAll?.rules.limits ?? []);
  const isProtected =
    rules.rate_limit !== undefined || [...own, ...besides].some(({ scope }) => scope !== "session");
  if (isProtected) return [];
  return own.map((_, index) => {
    const at = `${pointer}/limits/${index}/scope`;
    return toWarning(
      at,
      "session_scope",
      "a client opens as many sessions as it likes; use `grant`, or add a limit of that scope",
      { op: "replace", pointer: at, value: "grant" },
    );
  });
}

function lintApproval({ pointer, rules }: Holder, forAll: Holder | undefined): Warning[] {
  const holds =
    rules.action === "require_approval" ||
    (rules.approve_if ?? []).length > 0 ||
    (forAll?.rules.approve_if ?? []).length > 0;
  if (rules.approval === undefined || holds) return [];
  const at = `${pointer}/approval`;
  const message = 'no call is ever held; set `action: "require_approval"`, add `approve_if`, or remove it';
  return [toWarning(at, "approval_without_hold", message, { op: "remove", pointer: at })];
}
