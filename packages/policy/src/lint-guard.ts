import type { JsonObject, JsonValue } from "./json.ts";
import { type Holder, type LintLeaf, type LintPredicate, presenceOf } from "./lint-rules.ts";
import type { Fix } from "./lint-warning.ts";
import { type Path, parsePath } from "./path.ts";
import { MAX_GROUP_DEPTH, MAX_LEAVES } from "./schema-condition.ts";

/** Paths without which a call is denied anyway, because the author said so: by `require`, or by `deny_if` alone. */
export function demandedPaths(holders: readonly Holder[]): readonly Path[] {
  return holders
    .flatMap(({ predicates }) => predicates)
    .flatMap(({ list, predicate: { conditions } }) => {
      const presences = conditions.map(presenceOf).filter((presence) => presence !== undefined);
      if (list === "require") return presences.filter(({ isPresent }) => isPresent);
      if (list === "deny_if" && conditions.length === 1)
        return presences.filter(({ isPresent }) => !isPresent);
      return [];
    })
    .map(({ path }) => path);
}

/**
 * True when one of the guarding paths decides before the path is found missing: it lies on the path or beyond it,
 * and reaches at least as far as the last step that may be missing.
 */
export function isGuarded(path: Path, optionalSteps: number, guards: readonly Path[]): boolean {
  return guards.some(
    (guard) =>
      guard.root === "args" &&
      guard.steps.length >= optionalSteps &&
      guard.steps
        .slice(0, path.steps.length)
        .every((step, index) => JSON.stringify(step) === JSON.stringify(path.steps[index])),
  );
}

/**
 * The change after which the leaf is not asked about a missing value, which then neither denies nor holds. Undefined
 * when `exists` cannot say it, or the predicate would become too large (M5).
 */
export function toGuardFix(
  { pointer, list, leaves }: LintPredicate,
  { leaf, path, depth, isPositive, pointer: leafPointer }: LintLeaf,
  optionalSteps: number,
): Fix | undefined {
  const guarded = guardPath(path, optionalSteps);
  if (guarded === undefined || leaves.length >= MAX_LEAVES) return undefined;
  const exists = (value: boolean): JsonObject => ({ path: guarded, op: "exists", value });
  // Missing must make `require` true and the other two false; `not` turns both round.
  const mustBeTrue = (list === "require") === isPositive;
  if (depth === 0 && !mustBeTrue) {
    return { op: "add", pointer: `${pointer}/conditions/0`, value: exists(true) };
  }
  if (depth >= MAX_GROUP_DEPTH) return undefined;
  const asked: JsonValue = { path: leaf.path, op: leaf.op, value: leaf.value };
  const value: JsonValue = mustBeTrue ? { any: [exists(false), asked] } : { all: [exists(true), asked] };
  return { op: "replace", pointer: leafPointer, value };
}

/** The path itself, or what stands before its first `[*]`: under it, presence is judged value by value (C6). */
function guardPath(path: Path, optionalSteps: number): string | undefined {
  const every = path.steps.findIndex((step) => step.kind === "every");
  if (every === -1) return path.text;
  if (optionalSteps > every) return undefined;
  const text = path.text.slice(0, path.text.indexOf("[*]"));
  const parsed = parsePath(text);
  return parsed.ok && parsed.value.steps.length === every ? text : undefined;
}
