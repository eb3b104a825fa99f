import type { Condition, Leaf, Operator } from "../document.ts";
import type { JsonValue } from "../json.ts";
import { implies, toComparable } from "../lint-implication.ts";
import { parsePath, type Step } from "../path.ts";
import { validated } from "../validated.ts";

/**
 * Conditions joined by AND, in a form that is the same for many that mean the same: paths written in one way, `time.*`
 * with its zone, lists and groups in order and without repetition, no group in a group of its kind, and NOT only before
 * a leaf whose operator has no opposite.
 */
export function toCanonical(conditions: readonly Condition[], timeZone: string): readonly Condition[] {
  return membersOf(
    "all",
    conditions.map((condition) => canonicalOf(condition, timeZone)),
  );
}

function canonicalOf(condition: Condition, timeZone: string): Condition {
  if ("path" in condition) return canonicalLeaf(condition, timeZone);
  if ("not" in condition) return complementOf(canonicalOf(condition.not, timeZone));
  const [kind, members] =
    "all" in condition ? (["all", condition.all] as const) : (["any", condition.any] as const);
  return toGroup(
    kind,
    members.map((inner) => canonicalOf(inner, timeZone)),
  );
}

/** Equal for canonical conditions that mean the same. */
export function textOf(condition: Condition): string {
  return toComparable(condition).text;
}

/**
 * True when, in the order false < unknown < true, the value of `a` is for no call above that of `b`; false where that
 * cannot be told. Both are canonical and stand in lists that read `[*]` alike (C6).
 */
export function isAtMost(a: Condition, b: Condition): boolean {
  // AND is the smaller value, OR the larger (C1); what stands under NOT can only be compared as text.
  if ("all" in b) return b.all.every((inner) => isAtMost(a, inner));
  if ("any" in a) return a.any.every((inner) => isAtMost(inner, b));
  if ("all" in a && a.all.some((inner) => isAtMost(inner, b))) return true;
  if ("any" in b && b.any.some((inner) => isAtMost(a, inner))) return true;
  return implies(toComparable(a), toComparable(b));
}

/**
 * NOT of a canonical condition, canonical. Under NOT a `[*]` asks for all instead of any, and the other way round (C6): the
 * opposite operator does the same without NOT, and so does the condition itself in a list that reads `[*]` the other way.
 */
export function complementOf(condition: Condition): Condition {
  if ("not" in condition) return condition.not;
  if ("all" in condition) return toGroup("any", condition.all.map(complementOf));
  if ("any" in condition) return toGroup("all", condition.any.map(complementOf));
  if (condition.op === "exists") return { ...condition, value: condition.value !== true };
  const op = COMPLEMENTS.get(condition.op);
  return op === undefined ? { not: condition } : { ...condition, op };
}

const COMPLEMENTS: ReadonlyMap<Operator, Operator> = new Map<Operator, Operator>([
  ["eq", "neq"],
  ["neq", "eq"],
  ["in", "not_in"],
  ["not_in", "in"],
  ["lt", "gte"],
  ["gte", "lt"],
  ["gt", "lte"],
  ["lte", "gt"],
]);

type GroupKind = "all" | "any";

/** A group of canonical conditions, or its only member. */
function toGroup(kind: GroupKind, conditions: readonly Condition[]): Condition {
  const members = membersOf(kind, conditions);
  const [only] = members;
  if (only !== undefined && members.length === 1) return only;
  return kind === "all" ? { all: members } : { any: members };
}

/** What a group joins, with the members of groups of its kind in it. */
function membersOf(kind: GroupKind, conditions: readonly Condition[]): readonly Condition[] {
  const flat = conditions.flatMap((condition) => {
    if (kind === "all") return "all" in condition ? condition.all : [condition];
    return "any" in condition ? condition.any : [condition];
  });
  const byText = new Map(flat.map((condition) => [textOf(condition), condition]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, condition]) => condition);
}

function canonicalLeaf({ path, op, value }: Leaf, timeZone: string): Leaf {
  return toSingle({
    path: toCanonicalPath(path, timeZone),
    op,
    value: Array.isArray(value) ? toSet(value) : value,
  });
}

/** A list of one value says the same as the value. */
function toSingle(leaf: Leaf): Leaf {
  if (!Array.isArray(leaf.value) || leaf.value.length !== 1) return leaf;
  const [value = null] = leaf.value;
  if (leaf.op === "in") return { ...leaf, op: "eq", value };
  return leaf.op === "not_in" ? { ...leaf, op: "neq", value } : leaf;
}

function toSet(values: readonly JsonValue[]): readonly JsonValue[] {
  return [...new Set(values)].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** `args["amount"]` is `args.amount`; what a `time.*` path reads depends on the zone (C3). */
export function toCanonicalPath(text: string, timeZone: string): string {
  const { root, steps } = validated(parsePath(text));
  return root.startsWith("time.") ? `${root} (${timeZone})` : `${root}${steps.map(toText).join("")}`;
}

function toText(step: Step): string {
  if (step.kind === "every") return "[*]";
  if (step.kind === "element") return `[${step.index}]`;
  return /^[^.[\]"\s\p{Cc}]+$/u.test(step.name) ? `.${step.name}` : `[${JSON.stringify(step.name)}]`;
}
