import type { CallFacts } from "./decision.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { Path } from "./path.ts";

/** Kleene's three values, ordered so that AND is the smaller, OR the larger and NOT the mirror image (C1). */
export type Truth = typeof FALSE | typeof UNKNOWN | typeof TRUE;
export const FALSE = 0;
export const UNKNOWN = 1;
export const TRUE = 2;

/** A compiled condition: a pure function of the call. */
export type Test = (reading: Reading) => Truth;

/** One call while it is evaluated. */
export interface Reading {
  readonly call: CallFacts;
  /** `{}` when the call has none (C3). */
  readonly args: JsonValue;
  /** `args` again when it is an object, else an object without members: most paths read one member of it. */
  readonly members: JsonObject;
  /** What the paths of the document have read of it so far (shared-reads.ts). */
  readonly kept: (JsonValue | undefined)[];
  /**
   * Why the test that last returned UNKNOWN did so. INVARIANT: whoever returns UNKNOWN has left its own
   * cause here, so that the explanation names a leaf that really decided (R1).
   */
  unknown: Unknown | undefined;
}

/** The cause of an unknown. Holds the value only until the sentence about its kind is made (R5). */
export interface Unknown {
  /** The path of the value, or of the container that could not be looked into. */
  readonly path: string;
  readonly value: JsonValue | undefined;
  readonly expected: Expected;
}

/** What an operator can judge, in the words of the explanation. */
export interface Expected {
  /** JSON kinds whose values it judges. */
  readonly kinds: readonly Kind[];
  /** What is said of a value that has the right kind and still cannot be judged. */
  readonly otherwise: string;
}

export type Kind = "string" | "number" | "boolean" | "array" | "object" | "null";

/** The JSON type of a value. */
export function kindOf(value: JsonValue): Kind {
  if (value === null) return "null";
  if (typeof value === "object") return Array.isArray(value) ? "array" : "object";
  if (typeof value === "string") return "string";
  return typeof value === "number" ? "number" : "boolean";
}

/** NOT of C1. */
export function negate(truth: Truth): Truth {
  if (truth === UNKNOWN) return UNKNOWN;
  return truth === TRUE ? FALSE : TRUE;
}

export function toTruth(holds: boolean): Truth {
  return holds ? TRUE : FALSE;
}

/** AND of C1; true over nothing. Reads in order and stops at the first false. */
export function allOf(tests: readonly Test[]): Test {
  return joined(tests, FALSE, TRUE);
}

/** OR of C1; false over nothing. Reads in order and stops at the first true. */
export function anyOf(tests: readonly Test[]): Test {
  return joined(tests, TRUE, FALSE);
}

/** Marks a test as unknown because of the value at `path`. */
export function unknownBecause(
  reading: Reading,
  { text: path }: Path,
  value: JsonValue | undefined,
  expected: Expected,
): typeof UNKNOWN {
  reading.unknown = { path, value, expected };
  return UNKNOWN;
}

function joined(tests: readonly Test[], decisive: Truth, neutral: Truth): Test {
  const only = tests[0];
  if (only !== undefined && tests.length === 1) return only;
  return (reading) => {
    let first: Unknown | undefined;
    for (const test of tests) {
      const truth = test(reading);
      if (truth === decisive) return decisive;
      if (truth === UNKNOWN) first ??= reading.unknown;
    }
    if (first === undefined) return neutral;
    reading.unknown = first;
    return UNKNOWN;
  };
}
