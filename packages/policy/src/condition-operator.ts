import { endsWithText, indexOfText, isLongerThan, startsWithText } from "./code-points.ts";
import {
  type Expected,
  FALSE,
  type Kind,
  kindOf,
  negate,
  TRUE,
  type Truth,
  toTruth,
  UNKNOWN,
} from "./condition-truth.ts";
import { parseDirectory, pathWithin } from "./directory.ts";
import type { Operator } from "./document.ts";
import { hostMatches, hostOf, parseHostEntry } from "./host.ts";
import type { JsonValue } from "./json.ts";
import { compilePattern } from "./pattern.ts";
import { validated } from "./validated.ts";

/** Strings with more code points are not searched: the cost of a pattern stays bounded (section 4, `regex`). */
export const MAX_REGEX_TEXT_CODE_POINTS = 65_536;

/** A compiled operator: judges one value that is present and not null (C4). */
export interface Operation {
  readonly test: (value: JsonValue) => Truth;
  readonly expected: Expected;
}

/** Every operator but `exists`, which is about presence and not about a value. */
export type ValueOperator = Exclude<Operator, "exists">;

/** Compiles an operator with its value. The value was validated: a wrong one is a bug and throws. */
export function compileOperator(op: ValueOperator, value: JsonValue): Operation {
  return OPERATIONS[op](value);
}

const OPERATIONS: { readonly [op in ValueOperator]: (value: JsonValue) => Operation } = {
  eq: (value) => equality(value),
  neq: (value) => negated(equality(value)),
  in: (value) => membership(asList(value)),
  not_in: (value) => negated(membership(asList(value))),
  lt: (value) => ordering(value, (a, b) => a < b),
  lte: (value) => ordering(value, (a, b) => a <= b),
  gt: (value) => ordering(value, (a, b) => a > b),
  gte: (value) => ordering(value, (a, b) => a >= b),
  contains: (value) => (typeof value === "string" ? containsText(value) : containsElement(value)),
  regex: (value) => regex(asString(value)),
  starts_with: (value) => affix(asString(value), startsWithText),
  ends_with: (value) => affix(asString(value), endsWithText),
  length_lte: (value) => lengthAtMost(Number(value)),
  path_within: (value) => within(asList(value)),
  host_in: (value) => hostIn(asList(value)),
};

function expecting(kinds: readonly Kind[], otherwise = "cannot be judged"): Expected {
  return { kinds, otherwise };
}

function negated({ test, expected }: Operation): Operation {
  return { test: (value) => negate(test(value)), expected };
}

// C5: no coercion; another type is unknown. C7: `===` on binary64 compares by value, -0 equal to 0.
function equality(wanted: JsonValue): Operation {
  const type = typeof wanted;
  return {
    test: (value) => (typeof value === type ? toTruth(value === wanted) : UNKNOWN),
    expected: expecting([kindOf(wanted)]),
  };
}

function membership(list: readonly JsonValue[]): Operation {
  const members = new Set(list);
  const kinds = [...new Set(list.map(kindOf))];
  return {
    test: (value) => {
      if (members.has(value)) return TRUE;
      return kinds.includes(kindOf(value)) ? FALSE : UNKNOWN;
    },
    expected: expecting(kinds),
  };
}

// `lt` … `gte` take a number, and a date on `time.date`, where the order of the text is the order of days (C3).
function ordering(bound: JsonValue, holds: (a: number | string, b: number | string) => boolean): Operation {
  const type = typeof bound;
  const limit = typeof bound === "number" ? bound : asString(bound);
  return {
    test: (value) => {
      if (typeof value !== type || (typeof value !== "number" && typeof value !== "string")) return UNKNOWN;
      return toTruth(holds(value, limit));
    },
    expected: expecting([kindOf(bound)]),
  };
}

function containsText(part: string): Operation {
  const { test: elements, expected } = containsElement(part);
  return {
    test: (value) =>
      typeof value === "string" ? toTruth(indexOfText(value, part, 0) !== -1) : elements(value),
    expected: { ...expected, kinds: ["string", "array"] },
  };
}

function containsElement(wanted: JsonValue): Operation {
  const type = typeof wanted;
  return {
    test: (value) => {
      if (!Array.isArray(value)) return UNKNOWN;
      if (value.includes(wanted)) return TRUE;
      return value.every((element) => typeof element === type) ? FALSE : UNKNOWN;
    },
    expected: expecting(["array"], `has an element that is not a ${kindOf(wanted)}`),
  };
}

function regex(source: string): Operation {
  const pattern = validated(compilePattern(source));
  return {
    test: (value) => {
      if (typeof value !== "string" || isLongerThan(value, MAX_REGEX_TEXT_CODE_POINTS)) return UNKNOWN;
      return toTruth(pattern.matches(value));
    },
    expected: expecting(["string"], `is longer than ${MAX_REGEX_TEXT_CODE_POINTS} characters`),
  };
}

function affix(part: string, holds: (text: string, part: string) => boolean): Operation {
  return {
    test: (value) => (typeof value === "string" ? toTruth(holds(value, part)) : UNKNOWN),
    expected: expecting(["string"]),
  };
}

function lengthAtMost(max: number): Operation {
  return {
    test: (value) => {
      if (typeof value === "string") return toTruth(!isLongerThan(value, max));
      return Array.isArray(value) ? toTruth(value.length <= max) : UNKNOWN;
    },
    expected: expecting(["string", "array"]),
  };
}

function within(list: readonly JsonValue[]): Operation {
  const directories = list.map((item) => validated(parseDirectory(asString(item))));
  return {
    test: (value) => {
      const inside = typeof value === "string" ? pathWithin(value, directories) : undefined;
      return inside === undefined ? UNKNOWN : toTruth(inside);
    },
    expected: expecting(["string"], "is not a plain absolute path"),
  };
}

function hostIn(list: readonly JsonValue[]): Operation {
  const entries = list.map((item) => validated(parseHostEntry(asString(item))));
  const exact = new Set(entries.filter((entry) => !entry.below).map((entry) => entry.host));
  const below = entries.filter((entry) => entry.below);
  return {
    test: (value) => {
      const host = typeof value === "string" ? hostOf(value) : undefined;
      if (host === undefined) return UNKNOWN;
      return toTruth(exact.has(host) || below.some((entry) => hostMatches(entry, host)));
    },
    expected: expecting(["string"], "is not a plain web address"),
  };
}

function asString(value: JsonValue): string {
  if (typeof value !== "string") throw new TypeError("the value of an operator must be a string here");
  return value;
}

function asList(value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new TypeError("the value of an operator must be a list here");
  return value;
}
