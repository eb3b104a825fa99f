import { parseDirectory } from "./directory.ts";
import { OPERATORS, type Operator } from "./document.ts";
import type { PolicyErrorCode } from "./errors.ts";
import { parseHostEntry } from "./host.ts";
import type { JsonObject } from "./json.ts";
import { compilePattern } from "./pattern.ts";
import type { Result } from "./result.ts";
import { BOOLEAN, COMPARABLE, number, oneOf, type TextRule, text } from "./schema-scalar.ts";
import { list, type Shape } from "./schema-shape.ts";

/** Longest pattern in code points (M5). */
export const MAX_PATTERN = 1000;

/** Most items of a value list (M5). */
const MAX_VALUES = 1000;

/** What `value` must be for an operator on a path; any value where the operator is not known (section 4). */
export function valueShapeOf(operator: string | undefined, path: string | undefined): Shape {
  const known = OPERATORS.find((one) => one === operator);
  if (known === undefined) return ANY_VALUE;
  return path === "time.date" && isOrder(known) ? DATE : VALUES[known];
}

/** The table of operators and values as JSON Schema: one `if` per shape, for a leaf. */
export function valueJsonSchemas(): readonly JsonObject[] {
  const shapes = new Set(OPERATORS.map((operator) => VALUES[operator]));
  return [...shapes].map((shape) => {
    const operators = OPERATORS.filter((operator) => VALUES[operator] === shape);
    return whenOperator(operators, shape === ORDERED ? ORDERED_BY_PATH : { properties: valueIs(shape) });
  });
}

/** C3: `time.date` is ordered, and its values are dates. */
const DATE = text({
  rule: (value, name) =>
    isDate(value)
      ? undefined
      : { code: "invalid_value", message: `${name} must be a date such as \`2026-01-31\` on \`time.date\`` },
  jsonSchema: { pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" },
});

const ORDERED = number();
const EQUAL = COMPARABLE;
const ONE_OF = valueList(COMPARABLE);
const AFFIX = text({ nonEmpty: true });

/** Section 4, the column `value`. */
const VALUES: { readonly [operator in Operator]: Shape } = {
  eq: EQUAL,
  neq: EQUAL,
  in: ONE_OF,
  not_in: ONE_OF,
  lt: ORDERED,
  lte: ORDERED,
  gt: ORDERED,
  gte: ORDERED,
  contains: oneOf("a string, a number or a boolean", {
    string: text({ nonEmpty: true }),
    number: number(),
    boolean: BOOLEAN,
  }),
  regex: text({ max: MAX_PATTERN, rule: ruleOf(compilePattern, "invalid_pattern") }),
  exists: BOOLEAN,
  starts_with: AFFIX,
  ends_with: AFFIX,
  length_lte: number({ min: 0, integer: true }),
  path_within: valueList(text({ rule: ruleOf(parseDirectory, "invalid_directory") })),
  host_in: valueList(text({ rule: ruleOf(parseHostEntry, "invalid_host") })),
};

/** Any value that some operator takes: judged where the operator itself is wrong. */
const ANY_VALUE: Shape = {
  judge: (node, place, report) => {
    const shape = node.kind === "array" ? ONE_OF : EQUAL;
    shape.judge(node, place, report);
  },
  jsonSchema: {},
};

function valueList(item: Shape): Shape {
  return list(item, { min: 1, max: MAX_VALUES, items: "items" });
}

/** A rule from a reader of the same text, whose error is a sentence already. */
function ruleOf(parse: (text: string) => Result<unknown, string>, code: PolicyErrorCode): TextRule {
  return (value) => {
    const parsed = parse(value);
    return parsed.ok ? undefined : { code, message: parsed.error };
  };
}

function isOrder(operator: Operator): boolean {
  return VALUES[operator] === ORDERED;
}

/** A day of the calendar, `YYYY-MM-DD`. */
function isDate(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  // A 30th of February is no instant on some platforms and the 2nd of March on others.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

const ORDERED_BY_PATH: JsonObject = {
  if: { properties: { path: { const: "time.date" } }, required: ["path"] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: valueIs(DATE) },
  else: { properties: valueIs(ORDERED) },
};

function valueIs(shape: Shape): JsonObject {
  return { value: shape.jsonSchema };
}

function whenOperator(operators: readonly Operator[], consequence: JsonObject): JsonObject {
  return {
    if: { properties: { op: { enum: operators } }, required: ["op"] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: consequence,
  };
}
