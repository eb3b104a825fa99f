import { describe, expect, test } from "vitest";
import { validatePolicy } from "../src/validate.ts";

const PREFIX = "/tools/t/require/0/conditions";

/** `code pointer` of each error in the conditions of a predicate, the pointer from there on. */
function errorsOf(...conditions: readonly unknown[]): readonly string[] {
  const document = { version: "1", default: "deny", tools: { t: { require: [{ conditions }] } } };
  const validated = validatePolicy(document);
  return validated.ok
    ? []
    : validated.error.map(({ code, pointer }) => `${code} ${pointer.replace(PREFIX, "")}`);
}

const LEAF = { path: "args.a", op: "exists", value: true };

describe("leaves and groups (policy-spec section 4)", () => {
  test.each<readonly [string, unknown, readonly string[]]>([
    ["a leaf", LEAF, []],
    ["each group", { all: [{ any: [LEAF, { not: LEAF }] }] }, []],
    ["no object", "args.a", ["wrong_type /0"]],
    ["nothing", {}, ["missing_key /0/path", "missing_key /0/op", "missing_key /0/value"]],
    ["no value", { path: "args.a", op: "exists" }, ["missing_key /0/value"]],
    ["a null value", { ...LEAF, value: null }, ["wrong_type /0/value"]],
    ["an unknown key of a leaf", { ...LEAF, values: 1 }, ["unknown_key /0/values"]],
    [
      "only unknown keys: no guess what is missing",
      { al: [], an: [] },
      ["unknown_key /0/al", "unknown_key /0/an"],
    ],
    ["an unknown key of a group", { any: [LEAF], alll: [] }, ["unknown_key /0/alll"]],
    ["a leaf that is a group too: the group must go", { all: [LEAF], ...LEAF }, ["conflict /0/all"]],
    [
      "half a leaf that is a group too",
      { op: "exists", not: LEAF },
      ["missing_key /0/path", "missing_key /0/value", "conflict /0/not"],
    ],
    ["two groups: the second must go", { any: [LEAF], not: LEAF }, ["conflict /0/not"]],
    ["an empty all", { all: [] }, ["invalid_value /0/all"]],
    ["an empty any", { not: { any: [] } }, ["invalid_value /0/not/any"]],
    ["a group that is no list", { all: LEAF }, ["wrong_type /0/all"]],
    ["not of a list", { not: [LEAF] }, ["wrong_type /0/not"]],
    [
      "an error deep down",
      { all: [LEAF, { not: { any: [LEAF, { ...LEAF, op: "is" }] } }] },
      ["unknown_operator /0/all/1/not/any/1/op"],
    ],
    ["an operator that is no text", { ...LEAF, op: 1 }, ["wrong_type /0/op"]],
    ["an operator of Object.prototype", { ...LEAF, op: "constructor" }, ["unknown_operator /0/op"]],
    ["a path that is no text", { ...LEAF, path: ["a"] }, ["wrong_type /0/path"]],
    ["C3: a path that is none", { ...LEAF, path: "args..a" }, ["invalid_path /0/path"]],
    [
      "C3: each root",
      {
        all: ["args", "args[*]", "time.hour", "time.date", "grant.label", "tool.name"].map((path) => ({
          ...LEAF,
          path,
        })),
      },
      [],
    ],
    [
      "M6: all errors of a leaf",
      { path: "x", op: "eqqq", value: {} },
      ["invalid_path /0/path", "unknown_operator /0/op", "wrong_type /0/value"],
    ],
    [
      "a list where the operator is unknown",
      { path: "args.a", op: "one_of", value: [null] },
      ["unknown_operator /0/op", "wrong_type /0/value/0"],
    ],
  ])("%s", (_name, condition, expected) => {
    expect(errorsOf(condition)).toEqual(expected);
  });
});

describe("operators and values (policy-spec section 4)", () => {
  const wrong = ["wrong_type /0/value"];
  const invalid = ["invalid_value /0/value"];

  test.each<readonly [string, unknown, readonly string[]]>([
    ["eq", "", []],
    ["eq", 1.5, []],
    ["neq", false, []],
    ["eq", [1], wrong],
    ["neq", {}, wrong],
    ["eq", Number.NaN, ["inexact_number /0/value"]],
    ["in", ["a", 1, true], []],
    ["in", "a", wrong],
    ["not_in", [], invalid],
    ["not_in", ["a", [1], null], ["wrong_type /0/value/1", "wrong_type /0/value/2"]],
    ["lt", 1, []],
    ["lte", "1", wrong],
    ["gt", true, wrong],
    ["gte", [1], wrong],
    ["contains", "a", []],
    ["contains", 1, []],
    ["contains", true, []],
    ["contains", "", invalid],
    ["contains", ["a"], wrong],
    ["regex", "^a+$", []],
    ["regex", "", []],
    ["regex", "(a", ["invalid_pattern /0/value"]],
    ["regex", "(?=a)", ["invalid_pattern /0/value"]],
    ["regex", "(a{50}){50}", ["invalid_pattern /0/value"]],
    ["regex", 1, wrong],
    ["exists", false, []],
    ["exists", "true", wrong],
    ["starts_with", "a", []],
    ["starts_with", "", invalid],
    ["ends_with", "", invalid],
    ["ends_with", 1, wrong],
    ["length_lte", 0, []],
    ["length_lte", -1, invalid],
    ["length_lte", 1.5, invalid],
    ["length_lte", "1", wrong],
    ["path_within", ["/srv/data", "/tmp/"], []],
    ["path_within", ["/srv", "srv", ""], ["invalid_directory /0/value/1", "invalid_directory /0/value/2"]],
    ["path_within", "/srv", wrong],
    ["path_within", [], invalid],
    ["host_in", ["example.com", "*.example.com"], []],
    [
      "host_in",
      ["*", "https://example.com", "example.com:80", 1],
      [
        "invalid_host /0/value/0",
        "invalid_host /0/value/1",
        "invalid_host /0/value/2",
        "wrong_type /0/value/3",
      ],
    ],
    ["host_in", [], invalid],
  ])("%s %j", (op, value, expected) => {
    expect(errorsOf({ path: "args.a", op, value })).toEqual(expected);
  });

  test.each<readonly [string, string, unknown, readonly string[]]>([
    ["a date", "lt", "2026-02-28", []],
    ["a leap day", "gte", "2028-02-29", []],
    ["no leap day", "lt", "2026-02-29", invalid],
    ["a 30th of February", "lt", "2026-02-30", invalid],
    ["a 13th month", "lte", "2026-13-01", invalid],
    ["an instant", "gt", "2026-01-01T00:00:00Z", invalid],
    ["a number", "gt", 20260101, wrong],
    ["equality with any text", "eq", "today", []],
  ])("C3: time.date with %s", (_name, op, value, expected) => {
    expect(errorsOf({ path: "time.date", op, value })).toEqual(expected);
  });

  test("C3: a date on another path is no number", () => {
    expect(errorsOf({ path: "args.date", op: "lt", value: "2026-02-28" })).toEqual(wrong);
  });
});

describe("limits on conditions (policy-spec M5)", () => {
  const nested = (groups: number): unknown => (groups === 0 ? LEAF : { not: nested(groups - 1) });
  const leaves = (count: number) => Array.from({ length: count }, () => LEAF);

  test("64 leaves at any depth", () => {
    expect(errorsOf(...leaves(63), { all: leaves(1) })).toEqual([]);
    expect(errorsOf(...leaves(63), { all: leaves(2) })).toEqual(["limit_exceeded "]);
  });

  test("leaves beyond the limit are counted, not read", () => {
    const bad = { ...LEAF, op: "no" };
    expect(errorsOf(...leaves(64), bad, bad)).toEqual(["limit_exceeded "]);
  });

  test("8 groups in each other", () => {
    expect(errorsOf(nested(8))).toEqual([]);
    expect(errorsOf(nested(9), LEAF)).toEqual([`limit_exceeded /0${"/not".repeat(8)}`]);
  });

  test.each<readonly [string, unknown, unknown, string]>([
    ["in", Array(1000).fill(1), Array(1001).fill(1), "/0/value"],
    ["host_in", Array(1000).fill("a.b"), Array(1001).fill("a.b"), "/0/value"],
    ["eq", "x".repeat(4096), "x".repeat(4097), "/0/value"],
    ["eq", "😀".repeat(4096), "😀".repeat(4097), "/0/value"],
    ["regex", "x".repeat(990), `${"x".repeat(990)}${"y?".repeat(6)}`, "/0/value"],
  ])("%s: the largest value, and one more", (op, largest, tooLarge, pointer) => {
    expect(errorsOf({ path: "args.a", op, value: largest })).toEqual([]);
    expect(errorsOf({ path: "args.a", op, value: tooLarge })).toEqual([`limit_exceeded ${pointer}`]);
  });
});
