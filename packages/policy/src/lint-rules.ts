import type { AllTools, Condition, Entry, Leaf, PolicyDocument, Predicate } from "./document.ts";
import { hasEvery, type Path, parsePath } from "./path.ts";
import { validated } from "./validated.ts";

export type ListName = "require" | "deny_if" | "approve_if";

/** What holds rules: an entry, or `all_tools`. */
export interface Holder {
  readonly pointer: string;
  /** Key of the entry; undefined for `all_tools`. */
  readonly key: string | undefined;
  readonly rules: Entry & AllTools;
  readonly predicates: readonly LintPredicate[];
}

export interface LintPredicate {
  readonly pointer: string;
  readonly list: ListName;
  readonly predicate: Predicate;
  readonly leaves: readonly LintLeaf[];
}

/** A leaf with its place in the predicate. */
export interface LintLeaf {
  readonly pointer: string;
  readonly leaf: Leaf;
  readonly path: Path;
  /** False under an odd number of `not`. */
  readonly isPositive: boolean;
  /** Groups around the leaf. */
  readonly depth: number;
  /** Paths whose absence the groups around the leaf answer before it is asked. */
  readonly guards: readonly Path[];
}

/** Every holder of rules, `all_tools` first. */
export function listHolders(document: PolicyDocument): readonly Holder[] {
  const entries = Object.entries(document.tools ?? {}).map(([key, entry]) =>
    toHolder(`/tools/${escapeToken(key)}`, key, entry),
  );
  return document.all_tools === undefined
    ? entries
    : [toHolder("/all_tools", undefined, document.all_tools), ...entries];
}

/** RFC 6901 section 3. */
export function escapeToken(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The path that a condition says is there, or says is not: `exists` alone, or under `not`. */
export function presenceOf(condition: Condition): { path: Path; isPresent: boolean } | undefined {
  if ("not" in condition) {
    const inner = presenceOf(condition.not);
    return inner === undefined ? undefined : { path: inner.path, isPresent: !inner.isPresent };
  }
  if (!("path" in condition) || condition.op !== "exists") return undefined;
  const path = validated(parsePath(condition.path));
  // C6: two `[*]` leaves are independent, so that one says nothing of the other.
  return hasEvery(path) ? undefined : { path, isPresent: condition.value === true };
}

function toHolder(pointer: string, key: string | undefined, rules: Entry & AllTools): Holder {
  const lists: readonly ListName[] = ["require", "deny_if", "approve_if"];
  const predicates = lists.flatMap((list) =>
    (rules[list] ?? []).map((predicate, index): LintPredicate => {
      const at = `${pointer}/${list}/${index}`;
      const context: Context = { isPositive: true, depth: 0, guards: [] };
      const leaves = listLeaves(predicate.conditions, `${at}/conditions`, true, context);
      return { pointer: at, list, predicate, leaves };
    }),
  );
  return { pointer, key, rules, predicates };
}

type Context = Pick<LintLeaf, "isPositive" | "depth" | "guards">;

/** The leaves of conditions joined by AND, or by OR: in an AND a false `exists: true` decides, in an OR a true `exists: false`. */
function listLeaves(
  conditions: readonly Condition[],
  pointer: string,
  isAnd: boolean,
  context: Context,
): LintLeaf[] {
  const guards = conditions.flatMap((condition) => {
    const presence = presenceOf(condition);
    return presence?.isPresent === isAnd ? [presence.path] : [];
  });
  const inner: Context = { ...context, guards: [...context.guards, ...guards] };
  return conditions.flatMap((condition, index) => leavesOf(condition, `${pointer}/${index}`, inner));
}

function leavesOf(condition: Condition, pointer: string, context: Context): LintLeaf[] {
  if ("path" in condition) {
    return [{ pointer, leaf: condition, path: validated(parsePath(condition.path)), ...context }];
  }
  const inner: Context = { ...context, depth: context.depth + 1 };
  if ("all" in condition) return listLeaves(condition.all, `${pointer}/all`, true, inner);
  if ("any" in condition) return listLeaves(condition.any, `${pointer}/any`, false, inner);
  return leavesOf(condition.not, `${pointer}/not`, { ...inner, isPositive: !context.isPositive });
}
