import type { WallClock } from "./condition-time.ts";
import type { Reading } from "./condition-truth.ts";
import { isJsonObject, type JsonValue } from "./json.ts";
import type { Path, Step } from "./path.ts";

/** Values that one path may read; beyond, the condition is unknown (C6). */
export const MAX_VALUES_PER_PATH = 10_000;

/** Reads the one value of a path without `[*]`; undefined when it is missing. */
export type ReadOne = (reading: Reading) => JsonValue | undefined;

/** Reads every value of a path with `[*]`. */
export type ReadEvery = (reading: Reading) => EveryValue;

export interface EveryValue {
  /** One per element reached; undefined where a later step found nothing. */
  readonly values: readonly (JsonValue | undefined)[];
  /** The first place where `[*]` stood on something that has no elements. */
  readonly gap: Gap | undefined;
  /** True when there are more than {@link MAX_VALUES_PER_PATH}; then `values` is cut short. */
  readonly tooMany: boolean;
}

/** A value that `[*]` could not look into, and its path. */
export interface Gap {
  readonly path: string;
  readonly value: JsonValue | undefined;
}

/** Compiles a path without `[*]` (C3). */
export function compileReadOne(path: Path, clock: WallClock): ReadOne {
  switch (path.root) {
    case "args":
      return readArguments(path.steps);
    case "time.hour":
      return ({ call }) => clock(call.nowMs).hour;
    case "time.minute":
      return ({ call }) => clock(call.nowMs).minute;
    case "time.weekday":
      return ({ call }) => clock(call.nowMs).weekday;
    case "time.date":
      return ({ call }) => clock(call.nowMs).date;
    case "grant.label":
      return ({ call }) => call.grantLabel;
    case "tool.name":
      return ({ call }) => call.tool;
  }
}

/** Compiles a path with `[*]` (C6). */
export function compileReadEvery(path: Path): ReadEvery {
  const steps = path.steps.map((step, index) => ({ step, before: toText(path.steps.slice(0, index)) }));
  return ({ args }) => {
    let values: readonly (JsonValue | undefined)[] = [args];
    let gap: Gap | undefined;
    for (const { step, before } of steps) {
      if (step.kind !== "every") {
        values = values.map((value) => take(value, step));
        continue;
      }
      const spread = spreadOut(values);
      if (spread === undefined) return { values: [], gap, tooMany: true };
      gap ??= spread.gaps.map((value) => ({ path: before, value }))[0];
      values = spread.values;
    }
    return { values, gap, tooMany: false };
  };
}

function readArguments(steps: readonly Step[]): ReadOne {
  const [first, ...rest] = steps;
  if (first === undefined) return ({ args }) => args;
  if (rest.length === 0 && first.kind === "member") {
    const { name } = first;
    return ({ members }) => member(members, name);
  }
  return ({ args }) => {
    let value: JsonValue | undefined = args;
    for (const step of steps) value = take(value, step);
    return value;
  };
}

/** Own members of objects and elements of arrays; everything else is missing (C3). */
function take(value: JsonValue | undefined, step: Step): JsonValue | undefined {
  if (step.kind === "member") return isJsonObject(value) ? member(value, step.name) : undefined;
  if (step.kind === "element") return Array.isArray(value) ? value[step.index] : undefined;
  return undefined;
}

function member(object: { readonly [key: string]: JsonValue }, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The elements and member values of each value, or undefined when they are too many to read. */
function spreadOut(
  values: readonly (JsonValue | undefined)[],
): { readonly values: JsonValue[]; readonly gaps: (JsonValue | undefined)[] } | undefined {
  const elements: JsonValue[] = [];
  const gaps: (JsonValue | undefined)[] = [];
  for (const value of values) {
    const inner = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : undefined;
    if (inner === undefined) {
      gaps.push(value);
      continue;
    }
    if (elements.length + inner.length > MAX_VALUES_PER_PATH) return undefined;
    for (const element of inner) elements.push(element);
  }
  return { values: elements, gaps };
}

/** A path in the words of its author, or as good: names that need no quotes stand bare. */
function toText(steps: readonly Step[]): string {
  const words = steps.map((step) => {
    if (step.kind === "every") return "[*]";
    if (step.kind === "element") return `[${step.index}]`;
    return /^[^.[\]"\s\p{Cc}]+$/u.test(step.name) ? `.${step.name}` : `[${JSON.stringify(step.name)}]`;
  });
  return `args${words.join("")}`;
}
