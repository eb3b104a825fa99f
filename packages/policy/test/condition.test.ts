import { describe, expect, it } from "vitest";
import { compilePolicy } from "../src/compile.ts";
import type { CallFacts } from "../src/decision.ts";
import type { Condition, PolicyDocument } from "../src/document.ts";
import { evaluateCall } from "../src/evaluate.ts";
import type { JsonValue } from "../src/json.ts";

type List = "require" | "deny_if" | "approve_if";

/** The value of one condition in a list, or why it is unknown. */
function truthIn(list: List, condition: Condition, call: Partial<CallFacts>, timeZone = "UTC"): string {
  const document: PolicyDocument = {
    version: "1",
    default: "deny",
    time_zone: timeZone,
    tools: { t: { [list]: [{ conditions: [condition] }] } },
  };
  const { trace } = evaluateCall(compilePolicy(document), { tool: "t", nowMs: 0, ...call }, { trace: true });
  const step = trace?.[0];
  return step?.unknown ?? step?.result ?? "not read";
}

const x = (value: JsonValue, op: "eq" | "gt" | "exists" = "eq", path = "args.x"): Condition => ({
  path,
  op,
  value,
});

describe("policy-spec C1: Kleene's logic", () => {
  const T = x(1, "eq", "args.one");
  const F = x(2, "eq", "args.one");
  const U = x(1, "eq", "args.u");
  const V = x(1, "eq", "args.v");
  it.each<[string, Condition, string]>([
    ["true and true", { all: [T, T] }, "true"],
    ["true and false", { all: [T, F] }, "false"],
    ["unknown and false", { all: [U, F] }, "false"],
    ["unknown and true", { all: [U, T] }, "args.u is missing"],
    ["the first unknown is named", { all: [V, T, U] }, "args.v is missing"],
    ["false or true", { any: [F, T] }, "true"],
    ["false or false", { any: [F, F] }, "false"],
    ["unknown or true", { any: [U, T] }, "true"],
    ["unknown or false", { any: [U, F] }, "args.u is missing"],
    ["not true", { not: T }, "false"],
    ["not false", { not: F }, "true"],
    ["not unknown", { not: U }, "args.u is missing"],
    [
      "the unknown that decided is named, not one that did not",
      { all: [{ any: [U, T] }, V] },
      "args.v is missing",
    ],
    ["groups in groups", { not: { any: [{ all: [T, F] }, { not: T }] } }, "true"],
  ])("%s", (_, condition, expected) => {
    expect(truthIn("require", condition, { args: { one: 1 } })).toBe(expected);
  });
});

describe("policy-spec C3: what a path reads", () => {
  const args = JSON.parse(
    '{"a":{"b":[{"c":1},{"c":2}],"":0},"s":"text","list":["p"],"null":null,"constructor":7,"length":8}',
  );
  it.each<[string, Condition, string]>([
    ["a nested member", x(1, "eq", "args.a.b[0].c"), "true"],
    ["an empty name", x(0, "eq", 'args.a[""]'), "true"],
    ["an own member of any name", x(7, "eq", "args.constructor"), "true"],
    ["no inherited member", x(1, "eq", "args.toString"), "args.toString is missing"],
    ["no inherited `__proto__`", x(1, "eq", "args.__proto__"), "args.__proto__ is missing"],
    ["no inherited member further down", x(1, "eq", "args.a.toString"), "args.a.toString is missing"],
    ["an own `length`", x(8, "eq", "args.length"), "true"],
    ["no length of a list", x(1, "eq", "args.list.length"), "args.list.length is missing"],
    ["no length of a text", x(4, "eq", "args.s.length"), "args.s.length is missing"],
    ["nothing inside a text", x("t", "eq", "args.s[0]"), "args.s[0] is missing"],
    ["no index as a name", x("p", "eq", 'args.list["0"]'), 'args.list["0"] is missing'],
    ["no element of an object", x(0, "eq", "args.a[0]"), "args.a[0] is missing"],
    ["no element beyond the end", x("p", "eq", "args.list[1]"), "args.list[1] is missing"],
    ["nothing below null", x(1, "eq", "args.null.x"), "args.null.x is missing"],
    ["the arguments themselves", x(true, "exists", "args"), "true"],
  ])("%s", (_, condition, expected) => {
    expect(truthIn("require", condition, { args })).toBe(expected);
  });

  it.each<[string, Partial<CallFacts>, Condition, string]>([
    ["absent arguments are {}", {}, x(true, "exists", "args"), "true"],
    ["no member of absent arguments", {}, x(true, "exists", "args.x"), "false"],
    ["arguments that are a list", { args: [1] }, x(1, "eq", "args[0]"), "true"],
    ["no member of a list", { args: [1] }, x(1, "eq", "args.x"), "args.x is missing"],
    ["null arguments", { args: null }, x(true, "exists", "args"), "false"],
    ["the tool's name", {}, x("t", "eq", "tool.name"), "true"],
    ["the grant's label", { grantLabel: "ci" }, x("ci", "eq", "grant.label"), "true"],
    ["no label without a grant", {}, x("ci", "eq", "grant.label"), "grant.label is missing"],
  ])("%s", (_, call, condition, expected) => {
    expect(truthIn("require", condition, call)).toBe(expected);
  });
});

describe("policy-spec C3: time", () => {
  it.each<[string, string, string, readonly JsonValue[]]>([
    ["UTC", "UTC", "2026-03-01T23:59:59.999Z", [23, 59, 7, "2026-03-01"]],
    ["midnight is hour 0", "Europe/Berlin", "2026-01-31T23:00:00Z", [0, 0, 7, "2026-02-01"]],
    ["summer time", "America/New_York", "2026-07-06T03:30:00Z", [23, 30, 7, "2026-07-05"]],
    ["a half-hour zone", "Asia/Kolkata", "2026-03-02T00:00:00Z", [5, 30, 1, "2026-03-02"]],
    ["the hour that comes twice", "Europe/Berlin", "2026-10-25T01:10:00Z", [2, 10, 7, "2026-10-25"]],
    ["before the epoch", "Asia/Tokyo", "1969-12-31T14:59:59Z", [23, 59, 3, "1969-12-31"]],
  ])("%s", (_, zone, now, [hour = 0, minute = 0, weekday = 0, date = ""]) => {
    const nowMs = Date.parse(now);
    const is = (path: string, value: JsonValue) => truthIn("require", x(value, "eq", path), { nowMs }, zone);
    expect([
      is("time.hour", hour),
      is("time.minute", minute),
      is("time.weekday", weekday),
      is("time.date", date),
    ]).toEqual(["true", "true", "true", "true"]);
  });

  it.each([
    ["2026-02-28", "gt", "true"],
    ["2026-03-01", "gt", "false"],
    ["2026-03-01", "gte", "true"],
    ["2026-03-01", "lte", "true"],
    ["2026-03-02", "lt", "true"],
  ] as const)("dates have an order: %s %s", (value, op, expected) => {
    const nowMs = Date.parse("2026-03-01T12:00:00Z");
    expect(truthIn("require", { path: "time.date", op, value }, { nowMs })).toBe(expected);
  });
});

describe("policy-spec C6: `[*]`", () => {
  const items = (...values: JsonValue[]) => ({ args: { items: values } });
  const gt = x(5, "gt", "args.items[*]");
  const many = Array.from({ length: 10_001 }, () => 9);
  it.each<[string, List, Condition, Partial<CallFacts>, string]>([
    ["`require` wants all", "require", gt, items(6, 5), "false"],
    ["`require` has all", "require", gt, items(6, 7), "true"],
    ["`deny_if` wants any", "deny_if", gt, items(1, 6), "true"],
    ["`deny_if` has none", "deny_if", gt, items(1, 2), "false"],
    ["`approve_if` wants any", "approve_if", gt, items(1, 6), "true"],
    ["under `not`, `require` wants any", "require", { not: gt }, items(1, 6), "false"],
    ["under `not`, `deny_if` wants all", "deny_if", { not: gt }, items(1, 6), "true"],
    ["twice under `not`, nothing has changed", "require", { not: { not: gt } }, items(1, 6), "false"],
    ["in a group, nothing has changed", "deny_if", { any: [gt] }, items(1, 6), "true"],
    ["`require` over nothing is true", "require", gt, items(), "true"],
    ["`deny_if` over nothing is false", "deny_if", gt, items(), "false"],
    ["false beats unknown in `require`", "require", gt, items("a", 1), "false"],
    ["true beats unknown in `deny_if`", "deny_if", gt, items("a", 6), "true"],
    ["unknown stays in `require`", "require", gt, items("a", 6), "args.items[*] is a string, not a number"],
    ["unknown stays in `deny_if`", "deny_if", gt, items(null, 1), "args.items[*] is null"],
    ["members of an object", "require", gt, { args: { items: { a: 6, b: 1 } } }, "false"],
    [
      "a text has no elements",
      "require",
      gt,
      { args: { items: "ab" } },
      "args.items is a string, not an array or an object",
    ],
    ["nothing has no elements", "deny_if", gt, {}, "args.items is missing"],
    ["null has no elements", "deny_if", gt, { args: { items: null } }, "args.items is null"],
    ["10,000 values are read", "require", gt, items(...many.slice(1)), "true"],
    ["10,001 are not", "require", gt, items(...many), "args.items[*] has more than 10000 values"],
  ])("%s", (_, list, condition, call, expected) => {
    expect(truthIn(list, condition, call)).toBe(expected);
  });

  const deep = (op: "gt" | "exists", value: JsonValue) => x(value, op, 'args.rows[*]["the cells"][*].n[0]');
  const rows = (...values: JsonValue[]) => ({ args: { rows: values } });
  it.each<[string, List, Condition, Partial<CallFacts>, string]>([
    [
      "all of all",
      "require",
      deep("gt", 5),
      rows({ "the cells": [{ n: [6] }] }, { "the cells": [{ n: [1] }] }),
      "false",
    ],
    [
      "any of any",
      "deny_if",
      deep("gt", 5),
      rows({ "the cells": [{ n: [1] }] }, { "the cells": [{ n: [6] }] }),
      "true",
    ],
    [
      "a hole in the middle",
      "deny_if",
      deep("gt", 5),
      rows({ "the cells": [{ n: [1] }] }, {}),
      'args.rows[*]["the cells"] is missing',
    ],
    [
      "a hole does not hide what is true",
      "deny_if",
      deep("gt", 5),
      rows({}, { "the cells": [{ n: [6] }] }),
      "true",
    ],
    [
      "a hole at the end",
      "require",
      deep("gt", 5),
      rows({ "the cells": [{}] }),
      'args.rows[*]["the cells"][*].n[0] is missing',
    ],
    [
      "a hole behind an index",
      "require",
      x(1, "gt", "args.rows[0][*].x"),
      rows(1),
      "args.rows[0] is a number, not an array or an object",
    ],
    [
      "`exists` per value",
      "require",
      deep("exists", true),
      rows({ "the cells": [{ n: [1] }, { n: [] }] }),
      "false",
    ],
    ["`exists` of all", "require", deep("exists", true), rows({ "the cells": [{ n: [1] }] }), "true"],
    [
      "a hole is not present",
      "require",
      deep("exists", true),
      rows({ "the cells": [{ n: [1] }] }, 5),
      "false",
    ],
    ["a hole is absent", "deny_if", deep("exists", false), rows({ "the cells": [{ n: [1] }] }, 5), "true"],
    ["no values, nothing absent", "deny_if", deep("exists", false), rows(), "false"],
    ["no container is one absent value", "require", deep("exists", false), {}, "true"],
  ])("in depth: %s", (_, list, condition, call, expected) => {
    expect(truthIn(list, condition, call)).toBe(expected);
  });

  it("`exists` over too many values: not present", () => {
    const call = { args: { items: many } };
    const judged = ([true, false] as const).map((value) =>
      truthIn("require", x(value, "exists", "args.items[*]"), call),
    );
    expect(judged).toEqual(["false", "true"]);
  });

  it("two `[*]` leaves of one predicate are independent", () => {
    const document: PolicyDocument = {
      version: "1",
      default: "deny",
      tools: {
        t: { deny_if: [{ conditions: [x(1, "eq", "args.items[*].a"), x(2, "eq", "args.items[*].b")] }] },
      },
    };
    const call = {
      tool: "t",
      nowMs: 0,
      args: {
        items: [
          { a: 1, b: 0 },
          { a: 0, b: 2 },
        ],
      },
    };
    expect(evaluateCall(compilePolicy(document), call).rule).toBe("/tools/t/deny_if/0");
  });
});
