import { describe, expect, test } from "vitest";
import { caller, imported, intercept, lossesOf } from "./imported.ts";

interface Rule {
  readonly name?: string;
  readonly path?: string;
  readonly op?: string;
  readonly value?: unknown;
  readonly state?: object;
}

/** A rule with one condition. */
const rule = ({ name = "r", path = "state.t.c", op = "lte", value = 2, state }: Rule): object => ({
  name,
  conditions: [{ path, op, value }],
  ...(state === undefined ? {} : { state }),
});
const HOURLY = { counter: "c", window: "hour" };
const tool = (...rules: readonly object[]): object => intercept({ t: { rules } });
const limitsOf = (source: object) => imported(source).document.tools?.["t"]?.limits;

describe("policy-spec A6: counters become limits", () => {
  test("a rate is a limit of the server, aligned to UTC, with its own message", () => {
    const source = tool({ name: "r", rate_limit: "+2/hour", on_deny: "Slow down." });
    const { document, notCarried } = imported(source);
    expect(limitsOf(source)).toEqual([{ counter: "t._rate_hour", window: "hour", max: 2, scope: "server" }]);
    expect(notCarried).toMatchObject([{ severity: "text", pointer: "/tools/t/rules/0/on_deny" }]);
    const call = caller(document);
    const hour = 3_600_000;
    expect([call("t", {}, hour - 1), call("t", {}, hour - 1), call("t", {}, hour - 1)]).toEqual([
      "",
      "",
      "Rate limit of 2 per hour reached; retry in 1 s.",
    ]);
    // As there, whoever calls uses up the same count.
    expect([call("t", {}, hour, "one"), call("t", {}, hour, "two"), call("t", {}, hour, "three")]).toEqual([
      "",
      "",
      "Rate limit of 2 per hour reached; retry in 3600 s.",
    ]);
  });

  test.each([
    ["lte", 5, 5],
    ["lt", 5, 4],
    ["lte", 5.9, 5],
    ["lt", 5.9, 4],
    ["lt", 0, 0],
    ["lte", -3, 0],
  ])("`%s` %d admits up to %d with the call itself", (op, value, max) => {
    expect(limitsOf(tool(rule({ op, value, state: HOURLY })))).toEqual([
      { counter: "t.c", window: "hour", max, scope: "server" },
    ]);
  });

  test("increments: a number, an argument, both, none", () => {
    const limitWith = (state: object) => limitsOf(tool(rule({ state: { ...HOURLY, ...state } })))?.[0];
    expect(limitWith({ increment: 3 })).toMatchObject({ increment: 3 });
    expect(limitWith({ increment: 0 })).not.toHaveProperty("increment");
    expect(limitWith({ increment: null })).not.toHaveProperty("increment");
    expect(limitWith({ increment: 1 })).not.toHaveProperty("increment");
    expect(limitWith({ increment: 3, increment_from: "args.a.b" })).toEqual({
      counter: "t.c",
      window: "hour",
      max: 2,
      scope: "server",
      increment_from: "args.a.b",
    });
  });

  test("sums are exact, and a call without an amount is denied", () => {
    const source = tool(rule({ value: 10, state: { ...HOURLY, increment_from: "args.n" } }));
    const call = caller(imported(source).document);
    expect(call("t")).toBe("Denied by rule /tools/t/limits/0. (args.n is missing)");
    expect([call("t", { n: 6 }), call("t", { n: 4.5 }), call("t", { n: 4 })]).toEqual([
      "",
      expect.stringMatching(/^Limit of 10 per hour reached \(asked 4.5, left 4\)/),
      "",
    ]);
  });

  test("conditions on arguments beside one on a counter keep their message", () => {
    const both = {
      name: "r",
      conditions: [
        { path: "args.kind", op: "eq", value: "a" },
        { path: "state.t.c", op: "lte", value: 1 },
      ],
      state: HOURLY,
    };
    const call = caller(imported(tool(both)).document);
    expect([call("t", { kind: "b" }), call("t", { kind: "a" }), call("t", { kind: "a" })]).toEqual([
      "Denied by rule `r`.",
      "",
      "Rate limit of 1 per hour reached; retry in 3600 s.",
    ]);
  });

  test("a count that a tool shares with all: charged once, each with its own maximum (L5)", () => {
    const source = intercept({
      "*": { rules: [rule({ path: "state._global.c", value: 3, state: HOURLY })] },
      t: { rules: [rule({ path: "state._global.c", value: 1 })] },
    });
    expect(lossesOf(source)).toEqual(["stricter /tools/t/rules/0/conditions/0"]);
    const call = caller(imported(source).document);
    expect([call("t"), call("t"), call("o"), call("o"), call("o")].map((text) => text === "")).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  test("a name that ours cannot have gets another, one and the same for one counter", () => {
    const path = "state.t.calls per hour";
    const counting = rule({ path, value: 5, state: { counter: "calls per hour", window: "hour" } });
    const reading = rule({ path, value: 3 });
    expect(limitsOf(tool(counting, reading))?.map(({ counter }) => counter)).toEqual([
      "imported-1",
      "imported-1",
    ]);
  });

  test("two rules that count under one name share it", () => {
    const source = tool(rule({ value: 5, state: HOURLY }), rule({ value: 3, state: HOURLY }));
    expect(limitsOf(source)?.map(({ counter, max }) => [counter, max])).toEqual([
      ["t.c", 5],
      ["t.c", 3],
    ]);
    expect(lossesOf(source)).toEqual([]);
  });

  test("a counter always exists", () => {
    const source = tool(rule({ op: "exists", value: true, state: HOURLY }));
    expect([imported(source).document.tools, lossesOf(source)]).toEqual([{ t: {} }, []]);
  });

  test("an amount that nothing limits must still be a number, as there", () => {
    const source = tool(
      rule({ path: "args.kind", op: "eq", value: "a", state: { ...HOURLY, increment_from: "args.n" } }),
    );
    const call = caller(imported(source).document);
    expect([call("t", { kind: "a", n: -3 }), call("t", { kind: "a", n: 7 })]).toEqual(["", ""]);
    expect(call("t", { kind: "a" })).toBe("Denied by rule `r`. (args.n is missing)");
    expect(call("t", { kind: "a", n: "7" })).toMatch(/args\.n is a string/);
  });

  test("a maximum above ours is ours", () => {
    const source = tool(rule({ value: 9_000_000_001, state: HOURLY }));
    expect([limitsOf(source)?.[0]?.max, lossesOf(source)]).toEqual([
      9_000_000_000,
      ["stricter /tools/t/rules/0/conditions/0"],
    ]);
  });
});

describe("policy-spec A6: a count that ours cannot say denies", () => {
  const state = (more: object) => rule({ state: { ...HOURLY, ...more } });

  test.each<[string, object, readonly string[]]>([
    ["a smallest value", rule({ op: "gte", state: HOURLY }), ["/tools/t/rules/0/conditions/0"]],
    ["a value that is no number", rule({ value: "2", state: HOURLY }), ["/tools/t/rules/0/conditions/0"]],
    [
      "a counter that must not exist",
      rule({ op: "exists", value: false, state: HOURLY }),
      ["/tools/t/rules/0/conditions/0"],
    ],
    ["a counter that nothing counts", rule({}), ["/tools/t/rules/0/conditions/0/path"]],
    [
      "a counter without a name",
      state({ counter: "" }),
      ["/tools/t/rules/0/state/counter", "/tools/t/rules/0/conditions/0/path"],
    ],
    [
      "an unknown window",
      state({ window: "week" }),
      ["/tools/t/rules/0/state/window", "/tools/t/rules/0/conditions/0/path"],
    ],
    [
      "an amount that is no argument",
      state({ increment_from: "state.x.y" }),
      ["/tools/t/rules/0/state/increment_from", "/tools/t/rules/0/conditions/0/path"],
    ],
    [
      "a count downwards",
      state({ increment: -1 }),
      ["/tools/t/rules/0/state", "/tools/t/rules/0/conditions/0/path"],
    ],
    [
      "half a count",
      state({ increment: 0.5 }),
      ["/tools/t/rules/0/state", "/tools/t/rules/0/conditions/0/path"],
    ],
    [
      "an amount in quotes",
      state({ increment: "2" }),
      ["/tools/t/rules/0/state", "/tools/t/rules/0/conditions/0/path"],
    ],
    [
      "an unknown key",
      state({ per: "user" }),
      ["/tools/t/rules/0/state/per", "/tools/t/rules/0/conditions/0/path"],
    ],
  ])("%s", (_, source, pointers) => {
    expect(lossesOf(tool(source)).toSorted()).toEqual(
      pointers.map((pointer) => `denied ${pointer}`).toSorted(),
    );
    expect(caller(imported(tool(source)).document)("t")).toMatch(/^The rule `r` could not be imported/);
  });

  test("a lost count beside conditions on arguments alone", () => {
    const source = tool(rule({ path: "args.a", op: "eq", value: 1, state: { ...HOURLY, window: "" } }));
    expect(lossesOf(source)).toEqual(["denied /tools/t/rules/0/state/window"]);
    expect(caller(imported(source).document)("t", { a: 1 })).not.toBe("");
  });

  test("the count of another tool", () => {
    const source = intercept({
      other: { rules: [rule({ path: "state.other.c", state: HOURLY })] },
      t: { rules: [rule({ path: "state.other.c" })] },
    });
    expect(lossesOf(source)).toEqual(["denied /tools/t/rules/0/conditions/0/path"]);
    const call = caller(imported(source).document);
    expect([call("other"), call("t")]).toEqual(["", expect.stringMatching(/could not be imported/)]);
  });
});
