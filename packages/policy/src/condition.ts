import { compileOperator } from "./condition-operator.ts";
import { compileReadEvery, MAX_VALUES_PER_PATH, type ReadEvery } from "./condition-read.ts";
import {
  allOf,
  anyOf,
  type Expected,
  FALSE,
  negate,
  type Test,
  TRUE,
  type Truth,
  toTruth,
  UNKNOWN,
  type Unknown,
  unknownBecause,
} from "./condition-truth.ts";
import type { Condition, Leaf } from "./document.ts";
import type { JsonValue } from "./json.ts";
import { hasEvery, type Path, parsePath } from "./path.ts";
import type { SharedReads } from "./shared-reads.ts";
import { validated } from "./validated.ts";

/** Whether a `[*]` leaf must hold for all values or for any (C6). */
export type Quantifier = "all" | "any";

/** Compiles the conditions of one document. */
export interface ConditionCompiler {
  /** The conditions of a predicate, joined by AND; none is true (E2). */
  readonly compile: (conditions: readonly Condition[], quantifier: Quantifier) => Test;
}

/**
 * A compiler whose tests are shared by all entries that say the same: policies repeat themselves, and what
 * stays in the processor's cache is read several times faster.
 */
export function conditionCompiler(reads: SharedReads): ConditionCompiler {
  const known = new Map<string, Test>();
  const sharedLeaf: CompileLeaf = (leaf, quantifier) => {
    const key = JSON.stringify([leaf.path, leaf.op, leaf.value, quantifier]);
    const test = known.get(key) ?? compileLeaf(leaf, quantifier, reads);
    known.set(key, test);
    return test;
  };
  return { compile: (conditions, quantifier) => compileAll(conditions, quantifier, sharedLeaf) };
}

type CompileLeaf = (leaf: Leaf, quantifier: Quantifier) => Test;

function compileAll(conditions: readonly Condition[], quantifier: Quantifier, toTest: CompileLeaf): Test {
  return allOf(conditions.map((condition) => compileCondition(condition, quantifier, toTest)));
}

function compileCondition(condition: Condition, quantifier: Quantifier, toTest: CompileLeaf): Test {
  if ("path" in condition) return toTest(condition, quantifier);
  if ("all" in condition) return compileAll(condition.all, quantifier, toTest);
  if ("any" in condition) {
    return anyOf(condition.any.map((inner) => compileCondition(inner, quantifier, toTest)));
  }
  // C6: under `not` the quantifier flips with the polarity.
  const inner = compileCondition(condition.not, quantifier === "all" ? "any" : "all", toTest);
  return (reading) => negate(inner(reading));
}

function compileLeaf(leaf: Leaf, quantifier: Quantifier, reads: SharedReads): Test {
  const path = validated(parsePath(leaf.path));
  if (hasEvery(path)) return compileEveryLeaf(leaf, path, quantifier);
  const read = reads.one(path);
  if (leaf.op === "exists") {
    const wanted = leaf.value === true;
    return (reading) => toTruth(isPresent(read(reading)) === wanted);
  }
  const { test, expected } = compileOperator(leaf.op, leaf.value);
  return (reading) => {
    const value = read(reading);
    // C4: missing and null are unknown to every operator but `exists`.
    const truth = isPresent(value) ? test(value) : UNKNOWN;
    return truth === UNKNOWN ? unknownBecause(reading, path, value, expected) : truth;
  };
}

function compileEveryLeaf(leaf: Leaf, path: Path, quantifier: Quantifier): Test {
  const read = compileReadEvery(path);
  if (leaf.op === "exists") return existsForEvery(read, leaf.value === true, quantifier);
  const { test, expected } = compileOperator(leaf.op, leaf.value);
  const decisive = quantifier === "all" ? FALSE : TRUE;
  return (reading) => {
    const { values, gap, tooMany } = read(reading);
    if (tooMany) return unknownBecause(reading, path, [], TOO_MANY);
    let first: Unknown | undefined =
      gap === undefined ? undefined : { path: gap.path, value: gap.value, expected: CONTAINER };
    for (const value of values) {
      const truth: Truth = isPresent(value) ? test(value) : UNKNOWN;
      if (truth === decisive) return decisive;
      if (truth === UNKNOWN) first ??= { path: path.text, value, expected };
    }
    if (first === undefined) return negate(decisive);
    reading.unknown = first;
    return UNKNOWN;
  };
}

/** C6: judged per value; what cannot be reached, or is too much to read, counts as one that is not present. */
function existsForEvery(read: ReadEvery, wanted: boolean, quantifier: Quantifier): Test {
  return (reading) => {
    const { values, gap, tooMany } = read(reading);
    const holds = (value: JsonValue | undefined) => isPresent(value) === wanted;
    const judged = gap === undefined && !tooMany ? values : [...values, undefined];
    return toTruth(quantifier === "all" ? judged.every(holds) : judged.some(holds));
  };
}

function isPresent(value: JsonValue | undefined): value is Exclude<JsonValue, null> {
  return value !== undefined && value !== null;
}

const CONTAINER: Expected = { kinds: ["array", "object"], otherwise: "cannot be looked into" };
const TOO_MANY: Expected = { kinds: ["array"], otherwise: `has more than ${MAX_VALUES_PER_PATH} values` };
