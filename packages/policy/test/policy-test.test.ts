import { describe, expect, it } from "vitest";
import { compilePolicy } from "../src/compile.ts";
import type { PolicyDocument } from "../src/document.ts";
import type { PolicyFormat } from "../src/parse.ts";
import { type PolicyTest, parsePolicyTests, runPolicyTests } from "../src/policy-test.ts";

const MINIMAL = { name: "n", call: { tool: "t" }, expect: { effect: "allow" } };
const FULL: PolicyTest = {
  name: "n",
  call: { tool: "t", args: { a: [1, null, { b: "x" }] } },
  at: "2026-03-02T10:00:00+01:00",
  given: { counters: { spend: 12.5 } },
  expect: { effect: "deny", rule: "/tools/t/limits/0" },
};

describe("policy-spec A3: reading tests", () => {
  it.each<[string, string, PolicyFormat, readonly unknown[]]>([
    ["a JSON list", JSON.stringify([MINIMAL, FULL]), "json", [MINIMAL, FULL]],
    ["a JSON object with `tests`", JSON.stringify({ tests: [FULL] }), "json", [FULL]],
    ["JSONC", `// why\n${JSON.stringify([MINIMAL])}`, "jsonc", [MINIMAL]],
    ["no tests", "[]", "json", []],
    ["YAML", "tests:\n  - name: n\n    call: {tool: t}\n    expect: {effect: allow}\n", "yaml", [MINIMAL]],
  ])("%s", (_, source, format, value) => {
    expect(parsePolicyTests(source, { format })).toEqual({ ok: true, value });
  });

  it("bytes are read as text, and JSON is the default", () => {
    expect(parsePolicyTests(new TextEncoder().encode(JSON.stringify([MINIMAL])))).toEqual({
      ok: true,
      value: [MINIMAL],
    });
  });

  it.each<[string, unknown, readonly [pointer: string, code: string][]]>([
    ["a scalar", 5, [["", "wrong_type"]]],
    ["an unknown key of the file (M3)", { tests: [], test: [] }, [["/test", "unknown_key"]]],
    ["no `tests` (M6)", {}, [["/tests", "missing_key"]]],
    ["an unknown key of a test (M3)", [{ ...MINIMAL, given_: 1 }], [["/0/given_", "unknown_key"]]],
    [
      "unknown keys at every depth (M3)",
      {
        tests: [
          {
            name: "n",
            call: { tool: "t", arg: {} },
            given: { counter: {} },
            expect: { effect: "deny", rul: "" },
          },
        ],
      },
      [
        ["/tests/0/call/arg", "unknown_key"],
        ["/tests/0/given/counter", "unknown_key"],
        ["/tests/0/expect/rul", "unknown_key"],
      ],
    ],
    [
      "a test without anything (M6)",
      [{}],
      [
        ["/0/name", "missing_key"],
        ["/0/call", "missing_key"],
        ["/0/expect", "missing_key"],
      ],
    ],
    ["another effect", [{ ...MINIMAL, expect: { effect: "pass" } }], [["/0/expect/effect", "invalid_value"]]],
    ["an empty name", [{ ...MINIMAL, name: "" }], [["/0/name", "invalid_value"]]],
    ["an instant without a zone", [{ ...MINIMAL, at: "2026-03-02T10:00:00" }], [["/0/at", "invalid_value"]]],
    ["a day that is not", [{ ...MINIMAL, at: "2026-02-30T10:00:00Z" }], [["/0/at", "invalid_value"]]],
    ["an hour that is not", [{ ...MINIMAL, at: "2026-02-20T25:00:00Z" }], [["/0/at", "invalid_value"]]],
    [
      "amounts that no counter can hold (L2)",
      [{ ...MINIMAL, given: { counters: { a: -1, b: 9_000_000_001, c: 0.1234567, d: "1", e: 1 } } }],
      [
        ["/0/given/counters/a", "invalid_value"],
        ["/0/given/counters/b", "invalid_value"],
        ["/0/given/counters/c", "invalid_value"],
        ["/0/given/counters/d", "wrong_type"],
      ],
    ],
    [
      "counters that are no object",
      [{ ...MINIMAL, given: { counters: [] } }],
      [["/0/given/counters", "wrong_type"]],
    ],
    ["too many tests", Array.from({ length: 2001 }, () => MINIMAL), [["", "limit_exceeded"]]],
  ])("refuses %s", (_, value, expected) => {
    expect(faultsOf(JSON.stringify(value))).toEqual(expected);
  });

  it("refuses what a call could not carry: duplicate keys and numbers that lose their value (M4, C7)", () => {
    const source = `[{"name":"n","call":{"tool":"t","args":{"a":[9007199254740993],"b":{"c":1,"c":2}}},"expect":{"effect":"deny"}}]`;
    expect(faultsOf(source)).toEqual([
      ["/0/call/args/a/0", "inexact_number"],
      ["/0/call/args/b/c", "duplicate_key"],
    ]);
  });

  it("gives line and column (M6)", () => {
    expect(parsePolicyTests('[\n  {"name": 1}\n]')).toMatchObject({
      ok: false,
      error: [
        { pointer: "/0/call", line: 2, column: 3 },
        { pointer: "/0/expect", line: 2, column: 3 },
        { pointer: "/0/name", line: 2, column: 12, code: "wrong_type" },
      ],
    });
  });

  it.each([
    ["broken source", "[{", "syntax"],
    ["bytes that are not UTF-8", new Uint8Array([0xff]), "syntax"],
    ["too large a source (M5)", " ".repeat(256 * 1024 + 1), "limit_exceeded"],
    ["too deep a source", `${"[".repeat(70)}${"]".repeat(70)}`, "limit_exceeded"],
  ])("never throws: %s", (_, source, code) => {
    expect(parsePolicyTests(source)).toMatchObject({ ok: false, error: [{ code }] });
  });
});

const POLICY: PolicyDocument = {
  version: "1",
  default: "deny",
  all_tools: { limits: [{ counter: "calls", window: "minute", max: 3, scope: "server" }] },
  tools: {
    pay: {
      approve_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 100 }], reason: "Large." }],
      limits: [
        { counter: "spend", window: "day", max: 500, increment_from: "args.amount", algorithm: "sliding" },
      ],
    },
    "get_*": { rate_limit: { max: 2, window: "minute" } },
    night: { require: [{ conditions: [{ path: "time.hour", op: "lt", value: 6 }] }] },
    drop: { action: "deny", reason: "Never." },
  },
};

describe("policy-spec A3: running tests", () => {
  const compiled = compilePolicy(POLICY);
  const run = (test: Omit<PolicyTest, "name" | "expect">, nowMs = 0) =>
    runPolicyTests(compiled, [{ name: "n", ...test, expect: { effect: "allow" } }], nowMs)[0]?.actual;
  const pay = (amount: number, counters: Record<string, number>) =>
    run({ call: { tool: "pay", args: { amount } }, given: { counters } });

  it("reports each test with what was expected and what was decided", () => {
    const tests: PolicyTest[] = [
      { name: "right", call: { tool: "drop" }, expect: { effect: "deny", rule: "/tools/drop/action" } },
      { name: "wrong rule", call: { tool: "drop" }, expect: { effect: "deny", rule: "(default deny)" } },
      { name: "wrong effect", call: { tool: "drop" }, expect: { effect: "allow" } },
      { name: "any rule", call: { tool: "drop" }, expect: { effect: "deny" } },
      { name: "plain allow", call: { tool: "get_x" }, expect: { effect: "allow", rule: "" } },
    ];
    const denied = { effect: "deny", rule: "/tools/drop/action", message: "Never." };
    expect(runPolicyTests(compiled, tests, 0)).toEqual([
      { name: "right", ok: true, expected: tests[0]?.expect, actual: denied },
      { name: "wrong rule", ok: false, expected: tests[1]?.expect, actual: denied },
      { name: "wrong effect", ok: false, expected: tests[2]?.expect, actual: denied },
      { name: "any rule", ok: true, expected: tests[3]?.expect, actual: denied },
      {
        name: "plain allow",
        ok: true,
        expected: tests[4]?.expect,
        actual: { effect: "allow", rule: "", message: "" },
      },
    ]);
  });

  it("given counters are used in the current window, fixed or sliding, of any scope (L3, L5)", () => {
    const overSpend = "Limit of 500 per day reached (asked 60, left 50); retry in 86400 s.";
    expect(pay(50, { spend: 450 })).toEqual({ effect: "allow", rule: "", message: "" });
    expect(pay(60, { spend: 450 })).toEqual({
      effect: "deny",
      rule: "/tools/pay/limits/0",
      message: overSpend,
    });
    expect(pay(60, { calls: 2 })).toEqual({ effect: "allow", rule: "", message: "" });
    expect(pay(60, { calls: 3 })).toMatchObject({ effect: "deny", rule: "/all_tools/limits/0" });
    expect(pay(60, { spend: 9_000_000_000 })).toMatchObject({ effect: "deny", rule: "/tools/pay/limits/0" });
    expect(pay(60, { calls_: 3 })).toMatchObject({ effect: "allow" });
  });

  it("the counter of a `rate_limit` has the name of its entry", () => {
    const get = (used: number) =>
      run({ call: { tool: "get_x" }, given: { counters: { "get_*_rate": used } } });
    expect([get(1)?.effect, get(2)?.rule]).toEqual(["allow", "/tools/get_*/rate_limit"]);
  });

  it("a held call is held, whatever the counters say (R1)", () => {
    expect(pay(101, { spend: 500 })).toEqual({
      effect: "hold",
      rule: "/tools/pay/approve_if/0",
      message: "Large.",
    });
  });

  it("`at` is the instant of the call, else the given one", () => {
    const fiveMs = Date.parse("2026-03-02T05:00:00Z");
    const at = (instant?: string) =>
      run({ call: { tool: "night" }, ...(instant === undefined ? {} : { at: instant }) }, fiveMs)?.effect;
    expect([at(), at("2026-03-02T06:00:00Z"), at("2026-03-02T06:00:00+01:00")]).toEqual([
      "allow",
      "deny",
      "allow",
    ]);
  });

  it("tests do not charge each other's counters", () => {
    const tests = Array.from({ length: 5 }, (_, index) => ({
      name: String(index),
      call: { tool: "get_x" },
      expect: { effect: "allow" as const },
    }));
    expect(runPolicyTests(compiled, tests, 0).map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
  });

  it("an amount that no parser would let through leaves nothing to use", () => {
    const unset = undefined as unknown as number;
    for (const spend of [Number.NaN, -1, 9_000_000_001, unset]) {
      expect(pay(1, { spend })).toMatchObject({ effect: "deny", rule: "/tools/pay/limits/0" });
    }
  });
});

function faultsOf(source: string): (readonly [string, string])[] {
  const parsed = parsePolicyTests(source);
  return parsed.ok ? [] : parsed.error.map(({ pointer, code }) => [pointer, code] as const);
}
