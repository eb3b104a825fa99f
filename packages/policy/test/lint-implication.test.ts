import { describe, expect, it } from "vitest";
import { compileOperator, type ValueOperator } from "../src/condition-operator.ts";
import { FALSE, TRUE, UNKNOWN } from "../src/condition-truth.ts";
import type { Condition, Leaf } from "../src/document.ts";
import type { JsonValue } from "../src/json.ts";
import { excludes, implies, toComparable } from "../src/lint-implication.ts";

type Said = readonly [op: ValueOperator, value: JsonValue];

const leaf = ([op, value]: Said): Leaf => ({ path: "args.x", op, value });
const told = (relation: typeof implies, a: Condition, b: Condition) =>
  relation(toComparable(a), toComparable(b));

describe("policy-spec A4: what one condition says of another", () => {
  it.each<[string, Said, Said, "implies" | "excludes" | "says nothing of"]>([
    ["the same", ["regex", "a"], ["regex", "a"], "implies"],
    ["another pattern", ["regex", "a"], ["regex", "b"], "says nothing of"],
    ["a value of a list", ["eq", "a"], ["in", ["a", "b"]], "implies"],
    ["a value of no list", ["eq", "c"], ["in", ["a", "b"]], "excludes"],
    ["a shorter list", ["in", ["a", "b"]], ["in", ["a", "b", "c"]], "implies"],
    ["a longer list", ["in", ["a", "b", "c"]], ["in", ["a", "b"]], "says nothing of"],
    ["lists apart", ["in", ["a", "b"]], ["in", ["c", "d"]], "excludes"],
    ["a value and another", ["eq", "a"], ["eq", "b"], "excludes"],
    ["a value and its opposite", ["eq", "a"], ["neq", "a"], "excludes"],
    ["a value and the opposite of another", ["eq", "a"], ["neq", "b"], "implies"],
    ["a value outside a list", ["eq", "c"], ["not_in", ["a", "b"]], "implies"],
    ["a value inside a list", ["eq", "a"], ["not_in", ["a", "b"]], "excludes"],
    ["a list of one, and its value", ["in", ["a"]], ["eq", "a"], "implies"],
    ["a list of two types and a value of one", ["eq", "a"], ["in", ["a", 5]], "says nothing of"],
    ["a value of another type", ["eq", "5"], ["eq", 5], "says nothing of"],
    ["a value below a bound", ["eq", 4], ["lt", 5], "implies"],
    ["a value at an open upper bound", ["eq", 5], ["lt", 5], "excludes"],
    ["a value at a closed upper bound", ["eq", 5], ["lte", 5], "implies"],
    ["a value above a bound", ["eq", 6], ["gt", 5], "implies"],
    ["a value at an open lower bound", ["eq", 5], ["gt", 5], "excludes"],
    ["a value at a closed lower bound", ["eq", 5], ["gte", 5], "implies"],
    ["a value and a pattern", ["eq", "a"], ["regex", "a"], "says nothing of"],
    ["a lower upper bound", ["lt", 4], ["lt", 5], "implies"],
    ["a higher upper bound", ["lt", 5], ["lt", 4], "says nothing of"],
    ["open within closed", ["lt", 5], ["lte", 5], "implies"],
    ["closed within open", ["lte", 5], ["lt", 5], "says nothing of"],
    ["closed within a wider open one", ["lte", 4], ["lt", 5], "implies"],
    ["a higher lower bound", ["gt", 5], ["gt", 4], "implies"],
    ["a lower lower bound", ["gt", 4], ["gt", 5], "says nothing of"],
    ["open within closed, from below", ["gt", 5], ["gte", 5], "implies"],
    ["closed within open, from below", ["gte", 5], ["gt", 5], "says nothing of"],
    ["closed within a wider open one, from below", ["gte", 5], ["gt", 4], "implies"],
    ["ranges that touch", ["lte", 5], ["gte", 5], "says nothing of"],
    ["ranges that do not touch", ["lt", 5], ["gte", 5], "excludes"],
    ["ranges that do not touch, from below", ["gt", 5], ["lte", 5], "excludes"],
    ["a range and a value beyond it", ["lt", 5], ["neq", 6], "implies"],
    ["a range and a value at its open end", ["lt", 5], ["neq", 5], "implies"],
    ["a range and a value at its closed end", ["lte", 5], ["neq", 5], "says nothing of"],
    ["a range and a value inside it", ["lt", 5], ["neq", 4], "says nothing of"],
    ["a range and a value it leaves out", ["gt", 5], ["eq", 4], "excludes"],
    ["a range and a value at its open start", ["gt", 5], ["neq", 5], "implies"],
    ["a range and a value at its closed start", ["gte", 5], ["neq", 5], "says nothing of"],
    ["a range and a value below it", ["gte", 5], ["neq", 4], "implies"],
    ["a range and a value within it", ["gt", 5], ["neq", 6], "says nothing of"],
    ["a range and a list", ["lt", 5], ["in", [1, 2]], "says nothing of"],
    ["a range and one of another type", ["lt", 5], ["lt", "2026-01-01"], "says nothing of"],
    ["dates", ["lt", "2026-01-01"], ["lt", "2026-02-01"], "implies"],
    ["dates, open within closed", ["gt", "2026-01-01"], ["gte", "2026-01-01"], "implies"],
    ["dates apart", ["lte", "2026-01-01"], ["gt", "2026-01-01"], "excludes"],
    ["flags have no order", ["eq", true], ["eq", false], "excludes"],
    ["an operator without an opposite", ["starts_with", "a"], ["ends_with", "a"], "says nothing of"],
  ])("%s", (_, a, b, relation) => {
    expect([told(implies, leaf(a), leaf(b)), told(excludes, leaf(a), leaf(b))]).toEqual([
      relation === "implies",
      relation === "excludes",
    ]);
  });

  it.each<[string, Condition, Condition, boolean]>([
    ["groups that say the same", { any: [leaf(["eq", 1])] }, { any: [leaf(["eq", 1])] }, true],
    ["groups that do not", { any: [leaf(["eq", 1])] }, { any: [leaf(["eq", 2])] }, false],
    ["a group and a leaf", { all: [leaf(["eq", 1])] }, leaf(["eq", 1]), false],
    ["a leaf and a group", leaf(["eq", 1]), { all: [leaf(["eq", 1])] }, false],
    ["another path", leaf(["eq", 1]), { ...leaf(["eq", 1]), path: "args.y" }, false],
  ])("%s", (_, a, b, expected) => {
    expect([told(implies, a, b), told(excludes, a, b)]).toEqual([expected, false]);
  });

  it("never tells more than is true of every value", () => {
    const lists: JsonValue[] = [["a"], ["a", "b"], [1], [1, 2], [2, 3, "a"], [true]];
    const scalars: JsonValue[] = [1, 2, 3, "a", "b", "2026-01-01", "2026-02-01", true, false];
    const ordered = scalars.filter((value) => typeof value !== "boolean");
    const said: Said[] = [
      ...scalars.flatMap((value): Said[] => [
        ["eq", value],
        ["neq", value],
      ]),
      ...ordered.flatMap((value): Said[] => [
        ["lt", value],
        ["lte", value],
        ["gt", value],
        ["gte", value],
      ]),
      ...lists.flatMap((value): Said[] => [
        ["in", value],
        ["not_in", value],
      ]),
    ];
    const values: JsonValue[] = [...scalars, 0, 1.5, 2.5, 4, "", "0", "aa", "c", "2026-01-15", [], {}, ["a"]];
    const judged = said.map((one) => values.map((value) => compileOperator(...one).test(value)));
    const wrong = said.flatMap((a, indexA) =>
      said.flatMap((b, indexB) => {
        const pairs = (judged[indexA] ?? []).map((truth, at) => [truth, judged[indexB]?.[at]] as const);
        const isImplied = pairs.every(
          ([first, second]) =>
            (first !== TRUE || second === TRUE) && (second !== UNKNOWN || first === UNKNOWN),
        );
        const isExcluded = pairs.every(([first, second]) => first !== TRUE || second === FALSE);
        return [
          ...(told(implies, leaf(a), leaf(b)) && !isImplied ? [[a, "implies", b]] : []),
          ...(told(excludes, leaf(a), leaf(b)) && !isExcluded ? [[a, "excludes", b]] : []),
        ];
      }),
    );
    expect(wrong).toEqual([]);
  });
});
