import type { PolicyErrorCode } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { decimalPlaces } from "./number-token.ts";
import type { ScalarNode, SourceNode } from "./parse-tree.ts";
import { nameOf, type Place, quote, quoteAll, type Report } from "./schema-report.ts";
import { judgeLength, judgeText, reportType, type Shape } from "./schema-shape.ts";
import { suggest } from "./schema-suggest.ts";

/** Largest text that has no bound of its own, in code points (M5). */
export const MAX_TEXT = 4096;

/** A rule on a text: undefined when it holds, else the error. */
export type TextRule = (
  text: string,
  name: string,
) => { readonly code: PolicyErrorCode; readonly message: string } | undefined;

export interface TextOptions {
  readonly max?: number;
  readonly nonEmpty?: true;
  readonly rule?: TextRule;
  /** The rule for JSON Schema, as far as it can say it. */
  readonly jsonSchema?: JsonObject;
}

/** A string of at most `max` code points. */
export function text({ max = MAX_TEXT, nonEmpty, rule, jsonSchema }: TextOptions = {}): Shape {
  return {
    judge: (node, place, report) => {
      if (!isScalarOf(node, "string")) return reportType(node, "a string", place, report);
      if (!judgeText(node.value, node.at, place, report)) return;
      if (!judgeLength(node.value, max, node.at, place, report)) return;
      if (nonEmpty && node.value === "") {
        report.add(
          place,
          node.at,
          "invalid_value",
          `${nameOf(place)} is empty; write at least one character`,
        );
        return;
      }
      const broken = rule?.(node.value, nameOf(place));
      if (broken !== undefined) report.add(place, node.at, broken.code, broken.message);
    },
    jsonSchema: { type: "string", ...(nonEmpty ? { minLength: 1 } : {}), maxLength: max, ...jsonSchema },
  };
}

/** One of some words; a near one is offered. */
export function word(
  words: readonly string[],
  code: "invalid_value" | "unknown_operator" = "invalid_value",
): Shape {
  return {
    judge: (node, place, report) => {
      if (!isScalarOf(node, "string")) return reportType(node, "a string", place, report);
      if (words.includes(node.value)) return;
      const message = `${nameOf(place)} must be ${quoteAll(words)}, not ${quote(node.value)}`;
      report.add(place, node.at, code, message + suggest(node.value, words));
    },
    jsonSchema: { type: "string", enum: words },
  };
}

/** `true` or `false`. */
export const BOOLEAN: Shape = {
  judge: (node, place, report) => {
    if (!isScalarOf(node, "boolean")) reportType(node, "`true` or `false`", place, report);
  },
  jsonSchema: { type: "boolean" },
};

export interface NumberOptions {
  readonly min?: number;
  /** The value must be greater than `min`. */
  readonly aboveMin?: true;
  readonly max?: number;
  readonly integer?: true;
  readonly maxDecimals?: number;
}

/** A number that keeps its value (C7), within bounds. */
export function number(options: NumberOptions = {}): Shape {
  const { min, aboveMin, max, integer } = options;
  return {
    judge: (node, place, report) => {
      if (!isScalarOf(node, "number")) return reportType(node, "a number", place, report);
      if (!judgeExact(node, place, report)) return;
      const wanted = brokenBound(node.value, options);
      if (wanted !== undefined)
        report.add(place, node.at, "invalid_value", `${nameOf(place)} must be ${wanted}, not ${node.value}`);
    },
    // `multipleOf` cannot say how many decimals there are: validators divide in binary.
    jsonSchema: {
      type: integer ? "integer" : "number",
      ...(min === undefined ? {} : { [aboveMin ? "exclusiveMinimum" : "minimum"]: min }),
      ...(max === undefined ? {} : { maximum: max }),
    },
  };
}

/** A string, number or boolean, as `eq` compares (section 4). */
export const COMPARABLE: Shape = oneOf("a string, a number or a boolean", {
  string: text(),
  number: number(),
  boolean: BOOLEAN,
});

/** A scalar of one of several types, judged by that type's shape. `expected` with its article. */
export function oneOf(
  expected: string,
  shapes: { readonly string?: Shape; readonly number?: Shape; readonly boolean?: Shape },
): Shape {
  const byType = new Map(Object.entries(shapes));
  return {
    judge: (node, place, report) => {
      const shape = node.kind === "scalar" ? byType.get(typeof node.value) : undefined;
      if (shape === undefined) reportType(node, expected, place, report);
      else shape.judge(node, place, report);
    },
    jsonSchema: { anyOf: [...byType.values()].map(({ jsonSchema }) => jsonSchema) },
  };
}

/** True for a string, number or boolean node. */
export function isScalarOf<T extends "string" | "number" | "boolean">(
  node: SourceNode,
  type: T,
): node is ScalarNode & { readonly value: { string: string; number: number; boolean: boolean }[T] } {
  return node.kind === "scalar" && typeof node.value === type;
}

/** C7, judged on the number as written. */
function judgeExact(node: ScalarNode, place: Place, report: Report): boolean {
  if (node.inexactToken === undefined) return true;
  const message = `${nameOf(place)} would change its value: ${quote(node.inexactToken)} is read as ${node.value}; write a number of at most 15 digits`;
  report.add(place, node.at, "inexact_number", message);
  return false;
}

/** What the number must be, when it is not. */
function brokenBound(value: number, options: NumberOptions): string | undefined {
  const { min = -Infinity, aboveMin, max = Infinity, integer, maxDecimals = Infinity } = options;
  if (integer && !Number.isInteger(value)) return "a whole number";
  if (value < min || value > max || (aboveMin && value === min)) return describeRange(options);
  return decimalPlaces(value) > maxDecimals ? `a number with at most ${maxDecimals} decimals` : undefined;
}

function describeRange({ min, aboveMin, max }: NumberOptions): string {
  if (max === undefined) return `at least ${min}`;
  return aboveMin ? `above ${min} and at most ${max}` : `from ${min} to ${max}`;
}
