import type { Algorithm, Entry, Limit, PolicyDocument, Scope } from "../document.ts";
import { toWindow, type Window } from "../window.ts";
import { toCanonicalPath } from "./canonical.ts";

/** A limit in a form that can be compared with those of another document. */
export interface LimitRule {
  readonly counter: string;
  readonly window: Window;
  readonly scope: Scope;
  readonly algorithm: Algorithm;
  readonly max: number;
  /** A number, or the canonical path that it is read from. */
  readonly amount: number | string;
  readonly refundOnError: boolean;
  readonly pointer: string;
  /** True for a limit of `all_tools`. */
  readonly isGeneral: boolean;
  /** Equal for limits that do the same. */
  readonly identity: string;
}

/** Every limit of a tool that `entry` governs, once each; `base` is the entry's pointer and `key` its key. */
export function listLimits(
  document: PolicyDocument,
  base: string,
  key: string,
  entry: Entry,
): readonly LimitRule[] {
  const { rate_limit: rate } = entry;
  const own = toLimitRules(entry.limits, base, false);
  // The shorthand of section 3.
  const short =
    rate === undefined ? [] : [toLimitRule({ counter: `${key}_rate`, ...rate }, `${base}/rate_limit`, false)];
  const general = toLimitRules(document.all_tools?.limits, "/all_tools", true);
  const byIdentity = new Map([...own, ...short, ...general].map((limit) => [limit.identity, limit]));
  return [...byIdentity.values()];
}

/** True when `others` stop, in the long run, every call that the limit stops. */
export function isLimitCovered(limit: LimitRule, others: readonly LimitRule[]): boolean {
  return others.some((other) => covers(other, limit));
}

/** True when both count the same calls in the same place (L4). */
export function isSameCounter(a: LimitRule, b: LimitRule): boolean {
  return (
    a.counter === b.counter && a.window === b.window && a.scope === b.scope && a.algorithm === b.algorithm
  );
}

function toLimitRules(
  limits: readonly Limit[] | undefined,
  base: string,
  isGeneral: boolean,
): readonly LimitRule[] {
  return (limits ?? []).map((limit, index) => toLimitRule(limit, `${base}/limits/${index}`, isGeneral));
}

function toLimitRule(limit: Limit, pointer: string, isGeneral: boolean): LimitRule {
  const { counter, increment_from: from, increment = 1 } = limit;
  const does = {
    counter,
    window: toWindow(limit.window),
    scope: limit.scope ?? "grant",
    algorithm: limit.algorithm ?? "fixed",
    max: limit.max,
    // The zone is of no matter: an amount is an argument (L2).
    amount: from === undefined ? increment : toCanonicalPath(from, "UTC"),
    refundOnError: limit.refund_on_error ?? false,
  };
  return { ...does, pointer, isGeneral, identity: JSON.stringify(Object.values(does)) };
}

function covers(other: LimitRule, limit: LimitRule): boolean {
  if (other.counter !== limit.counter || other.max > limit.max) return false;
  if (other.refundOnError && !limit.refundOnError) return false;
  if (SCOPES.indexOf(other.scope) < SCOPES.indexOf(limit.scope)) return false;
  return countsAsMuch(other.amount, limit.amount) && coversWindow(other, limit);
}

/** Each counts all that the one before it counts. */
const SCOPES: readonly Scope[] = ["session", "grant", "server", "organisation"];

function countsAsMuch(other: number | string, amount: number | string): boolean {
  if (typeof other === "number" && typeof amount === "number") return other >= amount;
  return other === amount;
}

/** True when every window of `limit` lies within one of `other`, at any of its instants. */
function coversWindow(other: LimitRule, limit: LimitRule): boolean {
  if (other.window === limit.window && other.algorithm === limit.algorithm) return true;
  if (typeof limit.window !== "number") return false;
  if (other.algorithm === "sliding") return typeof other.window === "number" && other.window >= limit.window;
  // Windows of seconds begin at the epoch, those of the calendar are whole days (L3).
  const seconds = typeof other.window === "number" ? other.window : 86_400;
  return limit.algorithm === "fixed" && seconds % limit.window === 0;
}
