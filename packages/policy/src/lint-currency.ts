import type { Leaf } from "./document.ts";
import type { Holder, LintPredicate } from "./lint-rules.ts";
import { lookUpPath, type SchemaBudget } from "./lint-schema.ts";
import { type LintTool, toWarning, type Warning } from "./lint-warning.ts";
import { type Path, parsePath } from "./path.ts";
import { quote } from "./schema-report.ts";
import { validated } from "./validated.ts";

/** Arguments that say in what an amount is counted. */
const CURRENCY =
  /^(?:.*[_-])?(?:currency|curr|ccy)(?:[_-]?(?:code|id|iso))?$|^(?:[a-z]+Currency|currencyCode|unit|asset|denomination)$/i;

/**
 * `increment_from` beside a currency-like argument that no rule fixes (A4): sums of different currencies say
 * nothing. `demanding` are the holders whose rules may fix it.
 */
export function lintCurrency(
  { pointer, rules }: Holder,
  demanding: readonly Holder[],
  tools: readonly LintTool[],
  budget: SchemaBudget,
): readonly Warning[] {
  const fixed = demanding.flatMap(({ predicates }) => predicates).flatMap(fixedPaths);
  return (rules.limits ?? []).flatMap(({ increment_from: from }, index) => {
    if (from === undefined) return [];
    const amount = validated(parsePath(from));
    for (const { name, inputSchema } of tools) {
      const found = loosePath(amount, inputSchema, fixed, budget);
      if (found === undefined) continue;
      const message = `${quote(from)} is summed, but ${quote(found)} of ${quote(name)} may change from call to call; fix it with \`require\` and \`eq\``;
      return [toWarning(`${pointer}/limits/${index}/increment_from`, "unfixed_currency", message)];
    }
    return [];
  });
}

/** The first currency-like argument beside the amount that may have more than one value. */
function loosePath(
  amount: Path,
  schema: unknown,
  fixed: readonly Path[],
  budget: SchemaBudget,
): string | undefined {
  const parent = amount.steps.slice(0, -1);
  for (const name of lookUpPath(schema, parent, budget).memberNames()) {
    if (!CURRENCY.test(name)) continue;
    const steps = [...parent, { kind: "member", name } as const];
    const isFixed = fixed.some((path) => JSON.stringify(path.steps) === JSON.stringify(steps));
    if (!isFixed && lookUpPath(schema, steps, budget).values?.length !== 1) return name;
  }
  return undefined;
}

/** Paths that a predicate leaves only one value: other values, and none, are denied by it. */
function fixedPaths({ list, predicate, leaves }: LintPredicate): readonly Path[] {
  if (list === "approve_if") return [];
  // C2: an unknown currency must not pass.
  if (list === "deny_if" && (predicate.conditions.length !== 1 || predicate.on_unknown === "pass")) return [];
  return leaves
    .filter(({ leaf, depth }) => depth === 0 && (list === "require" ? isOne(leaf) : isOther(leaf)))
    .map(({ path }) => path);
}

function isOne({ op, value }: Leaf): boolean {
  return op === "eq" || (op === "in" && Array.isArray(value) && value.length === 1);
}

function isOther({ op, value }: Leaf): boolean {
  return op === "neq" || (op === "not_in" && Array.isArray(value) && value.length === 1);
}
