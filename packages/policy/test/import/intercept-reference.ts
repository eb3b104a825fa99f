import type { JsonObject, JsonValue } from "../../src/json.ts";

/**
 * What Intercept does with a call, written from how it behaves: rules in order, counters read first and reserved
 * afterwards. Small on purpose: it serves values that JSON can hold and policies that Intercept accepts.
 */
export interface ReferencePolicy {
  readonly default?: "allow" | "deny";
  readonly hide?: readonly string[];
  readonly tools: { readonly [tool: string]: { readonly rules: readonly ReferenceRule[] } };
}

export interface ReferenceRule {
  readonly name: string;
  readonly action?: "evaluate" | "deny";
  readonly rate_limit?: string;
  readonly conditions?: readonly ReferenceCondition[];
  readonly state?: ReferenceState;
}

export interface ReferenceCondition {
  readonly path: string;
  readonly op: string;
  readonly value: JsonValue;
}

export interface ReferenceState {
  readonly counter: string;
  readonly window: string;
  readonly increment?: number;
  readonly increment_from?: string;
}

/** A function that says whether each call of a sequence passes. */
export function referenceCaller(policy: ReferencePolicy) {
  const counts = new Map<string, { readonly window: number; readonly value: number }>();
  const countAt = (key: string, window: number): number => {
    const count = counts.get(key);
    return count?.window === window ? count.value : 0;
  };
  const rulesOf = (tool: string): readonly (ReferenceRule & { readonly scope: string })[] =>
    [
      ["*", "_global"],
      [tool, tool],
    ].flatMap(([key = "", scope = ""]) =>
      (policy.tools[key]?.rules ?? []).map((rule) => ({ ...expand(rule, scope), scope })),
    );
  const windowsOf = (tool: string): Map<string, string> =>
    new Map(
      rulesOf(tool).flatMap(({ scope, state }) =>
        state === undefined ? [] : [[`${scope}.${state.counter}`, state.window]],
      ),
    );
  return (tool: string, args: JsonObject, nowMs: number): boolean => {
    if (policy.hide?.some((name) => name === tool || name === "*")) return false;
    if (policy.default === "deny" && !Object.hasOwn(policy.tools, tool)) return false;
    const rules = rulesOf(tool);
    const windows = windowsOf(tool);
    const read = (path: string): { readonly value: JsonValue } | undefined => {
      if (path.startsWith("args.")) return readArgument(args, path.slice(5));
      const key = path.slice("state.".length);
      return { value: countAt(key, Math.floor(nowMs / lengthOf(windows.get(key)))) };
    };
    const passes = rules.every(
      ({ action, conditions = [] }) =>
        action !== "deny" && conditions.every((condition) => holds(condition, read(condition.path))),
    );
    if (!passes) return false;
    const reserved: [string, { window: number; value: number }][] = [];
    for (const { state, conditions = [], scope } of rules) {
      if (state === undefined) continue;
      const key = `${scope}.${state.counter}`;
      const amount = amountOf(state, args);
      if (amount === undefined) return false;
      const limit = conditions.find(
        ({ path, op }) => path === `state.${key}` && (op === "lt" || op === "lte"),
      );
      if (limit === undefined) continue;
      const max = Math.trunc(Number(limit.value)) - (limit.op === "lt" ? 1 : 0);
      const window = Math.floor(nowMs / lengthOf(state.window));
      const value = countAt(key, window) + amount;
      if (value > max) return false;
      reserved.push([key, { window, value }]);
    }
    for (const [key, count] of reserved) counts.set(key, count);
    return true;
  };
}

function expand(rule: ReferenceRule, scope: string): ReferenceRule {
  const [count, window = ""] = rule.rate_limit?.split("/") ?? [];
  if (count === undefined) return rule;
  const counter = `_rate_${window}`;
  return {
    name: rule.name,
    conditions: [{ path: `state.${scope}.${counter}`, op: "lte", value: Number(count) }],
    state: { counter, window },
  };
}

function amountOf({ increment, increment_from }: ReferenceState, args: JsonObject): number | undefined {
  if (increment_from === undefined) return increment ?? 1;
  const value = readArgument(args, increment_from.slice("args.".length))?.value;
  return typeof value === "number" ? Math.trunc(value) : undefined;
}

function readArgument(args: JsonObject, dotted: string): { readonly value: JsonValue } | undefined {
  let value: JsonValue = args;
  for (const name of dotted.split(".")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const object: JsonObject = value as JsonObject;
    if (!Object.hasOwn(object, name)) return undefined;
    value = object[name] ?? null;
  }
  return { value };
}

function holds(
  { op, value: wanted }: ReferenceCondition,
  found: { readonly value: JsonValue } | undefined,
): boolean {
  if (op === "exists") return (found !== undefined && found.value !== null) === wanted;
  if (found === undefined) return false;
  const { value } = found;
  const isOneOf = Array.isArray(wanted) && wanted.some((one) => isSame(value, one));
  switch (op) {
    case "eq":
      return isSame(value, wanted);
    case "neq":
      return !isSame(value, wanted);
    case "in":
      return isOneOf;
    case "not_in":
      return !isOneOf;
    case "regex":
      return typeof value === "string" && new RegExp(String(wanted), "u").test(value);
    case "contains":
      if (typeof value === "string") return typeof wanted === "string" && value.includes(wanted);
      return Array.isArray(value) && value.some((one) => isSame(one, wanted));
    default:
      return typeof value === "number" && typeof wanted === "number" && isOrdered(op, value, wanted);
  }
}

function isOrdered(op: string, value: number, wanted: number): boolean {
  return (
    (op === "lt" && value < wanted) ||
    (op === "lte" && value <= wanted) ||
    (op === "gt" && value > wanted) ||
    (op === "gte" && value >= wanted)
  );
}

/** Numbers by value, everything else by how it is printed: there `"5"` is 5, and null is `"<nil>"`. */
function isSame(a: JsonValue, b: JsonValue): boolean {
  return typeof a === "number" && typeof b === "number" ? a === b : printed(a) === printed(b);
}

function printed(value: JsonValue): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(printed).join(" ")}]`;
  if (typeof value !== "object") return String(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${members.map(([key, one]) => `${key}:${printed(one)}`).join(" ")}]`;
}

function lengthOf(window: string | undefined): number {
  return { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[window ?? ""] ?? 1;
}
