import type { Condition, Leaf, Operator } from "./document.ts";
import type { JsonValue } from "./json.ts";

/** A condition that is compared with others many times. */
export interface Comparable {
  readonly condition: Condition;
  /** Equal for conditions that say the same. */
  readonly text: string;
}

export function toComparable(condition: Condition): Comparable {
  const said = "path" in condition ? [condition.path, condition.op, condition.value] : condition;
  return { condition, text: JSON.stringify(said) };
}

/**
 * True when `b` is true wherever `a` is, and unknown only where `a` is: both read the same path and judge the same
 * types. False when it cannot be told.
 */
export function implies(a: Comparable, b: Comparable): boolean {
  if (a.text === b.text) return true;
  return "path" in a.condition && "path" in b.condition && leafImplies(a.condition, b.condition);
}

/** True when `b` is false wherever `a` is true. */
export function excludes(a: Comparable, b: Comparable): boolean {
  if (!("path" in a.condition) || !("path" in b.condition)) return false;
  const op = NEGATED.get(b.condition.op);
  return op !== undefined && implies(a, toComparable({ ...b.condition, op }));
}

const NEGATED: ReadonlyMap<Operator, Operator> = new Map<Operator, Operator>([
  ["eq", "neq"],
  ["neq", "eq"],
  ["in", "not_in"],
  ["not_in", "in"],
  ["lt", "gte"],
  ["gte", "lt"],
  ["gt", "lte"],
  ["lte", "gt"],
]);

function leafImplies(a: Leaf, b: Leaf): boolean {
  if (a.path !== b.path) return false;
  const given = listed(a);
  if (given !== undefined) return given.every((value) => holds(b, value));
  // Ranges: only the bound nearest to the other one matters.
  const isUpper = a.op === "lt" || a.op === "lte";
  if (!isUpper && a.op !== "gt" && a.op !== "gte") return false;
  if (typeof a.value !== typeof b.value) return false;
  const isOpen = a.op === "lt" || a.op === "gt";
  if (b.op === "neq") return isUpper ? !below(b.value, a.value, isOpen) : !below(a.value, b.value, isOpen);
  const isSameSide = isUpper ? b.op === "lt" || b.op === "lte" : b.op === "gt" || b.op === "gte";
  if (!isSameSide) return false;
  // An open bound reaches a closed or open one of the same value; a closed one needs a wider one to be open.
  const mayBeEqual = isOpen || b.op === "lte" || b.op === "gte";
  return isUpper ? below(a.value, b.value, !mayBeEqual) : below(b.value, a.value, !mayBeEqual);
}

/** The values of which the leaf says that the argument is one. */
function listed({ op, value }: Leaf): readonly JsonValue[] | undefined {
  if (op === "eq") return [value];
  return op === "in" && Array.isArray(value) ? value : undefined;
}

/** True when the leaf is plainly true of a value, and judges no other type than that value's. */
function holds({ op, value: wanted }: Leaf, value: JsonValue): boolean {
  const all: readonly JsonValue[] = Array.isArray(wanted) ? wanted : [wanted];
  if (all.some((one) => typeof one !== typeof value)) return false;
  if (op === "eq" || op === "in") return all.includes(value);
  if (op === "neq" || op === "not_in") return !all.includes(value);
  if (op === "lt" || op === "lte") return below(value, wanted, op === "lt");
  return (op === "gt" || op === "gte") && below(wanted, value, op === "gt");
}

/** `a < b`, or `a ≤ b` unless strict. */
function below(a: JsonValue, b: JsonValue, isStrict: boolean): boolean {
  // INVARIANT: both have one type, and what has an order is a number or a date (C3).
  const [low, high] = [a, b] as [number | string, number | string];
  return isStrict ? low < high : low <= high;
}
