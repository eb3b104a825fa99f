import { describe, expect, test } from "vitest";
import { lintPolicy } from "../../src/lint.ts";
import { caller, imported, intercept, lossesOf } from "./imported.ts";

/** A policy whose tool `t` has these rules. */
const rules = (...list: readonly object[]): object => intercept({ t: { rules: list } });
const argument = (path: string, op: string, value: unknown): object => ({
  name: "r",
  conditions: [{ path, op, value }],
});
const entryOf = (source: object) => imported(source, { from: "intercept" }).document.tools?.["t"];

describe("policy-spec A6: what a rule becomes", () => {
  test("`evaluate` must pass: a `require` with its message", () => {
    const source = rules({
      name: "small",
      action: "evaluate",
      conditions: [
        { path: "args.amount", op: "lte", value: 10 },
        { path: "args.kind", op: "exists", value: true },
      ],
      on_deny: "Too much.",
    });
    const { document, notCarried } = imported(source);
    expect(document).toEqual({
      version: "1",
      default: "allow",
      tools: {
        t: {
          require: [
            {
              conditions: [
                { path: "args.amount", op: "lte", value: 10 },
                { path: "args.kind", op: "exists", value: true },
              ],
              on_deny: "Too much.",
            },
          ],
        },
      },
    });
    expect([notCarried, lintPolicy(document)]).toEqual([[], []]);
    const call = caller(document);
    expect([call("t", { amount: 10, kind: "a" }), call("t", { amount: 11, kind: "a" })]).toEqual([
      "",
      "Too much.",
    ]);
    expect(call("t", { kind: "a" })).toBe("Too much. (args.amount is missing)");
  });

  test("`deny` denies the tool whatever else it says, and shows the message or the rule's name", () => {
    const source = intercept({
      a: { rules: [argument("args.x", "eq", 1), { name: "never", action: "deny" }] },
      b: { rules: [{ name: "no", action: "deny", on_deny: "Ask a person.", rate_limit: "1/day" }] },
      c: { rules: [{ action: "deny" }] },
    });
    const { document, notCarried } = imported(source);
    expect(document.tools).toEqual({
      a: { action: "deny", reason: "Denied by rule `never`." },
      b: { action: "deny", reason: "Ask a person." },
      c: { action: "deny" },
    });
    expect(notCarried).toEqual([]);
  });

  test('rules of `"*"` are for every tool besides its own; a denial there denies all', () => {
    const call = caller(
      imported(intercept({ "*": { rules: [{ name: "all", rate_limit: "1/minute" }] }, t: { rules: [] } }))
        .document,
    );
    expect([call("t"), call("other"), call("t", {}, 60_000)]).toEqual([
      "",
      "Rate limit of 1 per minute reached; retry in 60 s.",
      "",
    ]);
    const stopped = intercept({
      "*": { rules: [{ name: "stop", action: "deny", on_deny: "Closed." }, { action: "deny" }] },
    });
    expect(imported(stopped).document.all_tools).toEqual({
      deny_if: [{ conditions: [], on_deny: "Closed." }],
    });
    const unnamed = intercept({ "*": { rules: [{ action: "deny" }] } });
    expect(caller(imported(unnamed).document)("any")).toBe("Denied by rule /all_tools/deny_if/0.");
  });

  test.each([
    ["args.a", "args.a"],
    ["args.a.b", "args.a.b"],
    ["args.two words", 'args["two words"]'],
    ["args.list[0]", 'args["list[0]"]'],
    ["args.", 'args[""]'],
    ["args.a..b", 'args.a[""].b'],
  ])("the path %s is %s here: a dot goes down, and nothing else has a meaning there", (path, ours) => {
    expect(entryOf(rules(argument(path, "eq", 1)))).toMatchObject({
      require: [{ conditions: [{ path: ours }] }],
    });
  });

  test("a rule without name and message has none here", () => {
    expect(entryOf(rules({ conditions: [{ path: "args.a", op: "eq", value: 1 }] }))).toEqual({
      require: [{ conditions: [{ path: "args.a", op: "eq", value: 1 }] }],
    });
  });

  test("a message longer than ours may be, or with control characters, is changed and reported", () => {
    const long = { ...argument("args.a", "eq", 1), on_deny: "x".repeat(501) };
    expect(lossesOf(rules(long))).toEqual(["text /tools/t/rules/0/on_deny"]);
    const [predicate] = entryOf(rules(long))?.require ?? [];
    expect(predicate?.on_deny).toBe(`${"x".repeat(499)}…`);
    const belled = entryOf(rules({ ...argument("args.a", "eq", 1), on_deny: "a\u0007b\n" }));
    expect(belled?.require?.[0]?.on_deny).toBe("a b\n");
  });
});

describe("policy-spec A6: what cannot be carried over denies, and is told", () => {
  test.each<[string, object, string]>([
    ["an unknown operator", argument("args.a", "starts_with", "x"), "/tools/t/rules/0/conditions/0/op"],
    ["a path of neither kind", argument("tool.name", "eq", "x"), "/tools/t/rules/0/conditions/0/path"],
    ["a comparison with null", argument("args.a", "eq", null), "/tools/t/rules/0/conditions/0"],
    [
      "a value left out",
      { name: "r", conditions: [{ path: "args.a", op: "eq" }] },
      "/tools/t/rules/0/conditions/0",
    ],
    ["a comparison with an object", argument("args.a", "eq", { b: 1 }), "/tools/t/rules/0/conditions/0"],
    ["an empty list", argument("args.a", "in", []), "/tools/t/rules/0/conditions/0"],
    ["a list in a list", argument("args.a", "in", [["x"]]), "/tools/t/rules/0/conditions/0"],
    [
      "a list of two types that must not hold",
      argument("args.a", "not_in", ["5", 1]),
      "/tools/t/rules/0/conditions/0",
    ],
    ["a pattern that does not compile", argument("args.a", "regex", "("), "/tools/t/rules/0/conditions/0"],
    ["an action of another product", { name: "r", action: "require_approval" }, "/tools/t/rules/0/action"],
    ["an unknown action", { name: "r", action: "log" }, "/tools/t/rules/0/action"],
    ["a rule that says nothing", { name: "r" }, "/tools/t/rules/0"],
    ["a rate without a count", { name: "r", rate_limit: "x/hour" }, "/tools/t/rules/0/rate_limit"],
    ["a rate of nothing", { name: "r", rate_limit: "0/hour" }, "/tools/t/rules/0/rate_limit"],
    ["a rate per week", { name: "r", rate_limit: "5/week" }, "/tools/t/rules/0/rate_limit"],
    [
      "a rate beside conditions",
      { ...argument("args.a", "eq", 1), rate_limit: "1/day" },
      "/tools/t/rules/0/rate_limit",
    ],
    [
      "a rate beside a state",
      { name: "r", rate_limit: "1/day", state: { counter: "c", window: "day" } },
      "/tools/t/rules/0/rate_limit",
    ],
    ["an unknown key of a rule", { ...argument("args.a", "eq", 1), unless: "x" }, "/tools/t/rules/0/unless"],
    [
      "an unknown key of a condition",
      { name: "r", conditions: [{ path: "args.a", op: "eq", value: 1, not: true }] },
      "/tools/t/rules/0/conditions/0/not",
    ],
  ])("%s", (_, rule, pointer) => {
    const source = rules(rule, { name: "fine", rate_limit: "5/day" });
    expect(lossesOf(source)).toEqual([`denied ${pointer}`]);
    expect(entryOf(source)).toEqual({
      action: "deny",
      reason:
        "The rule `r` could not be imported from Intercept; what it judged is denied until it is written anew.",
    });
  });

  test("a rule without a name denies without one; approvals are pointed to", () => {
    const source = rules({ action: "ask_human", on_deny: "Never read." });
    expect(entryOf(source)?.reason).toMatch(/^A rule could not be imported/);
    const [loss] = imported(source).notCarried;
    expect(loss?.text).toMatch(/no action `ask_human`; write `"action": "require_approval"`$/);
  });

  test('a rule of `"*"` that is lost denies every tool, and keeps the others', () => {
    const { document } = imported(
      intercept({ "*": { rules: [{ name: "odd" }, { name: "all", rate_limit: "9/day" }] } }),
    );
    expect(document.all_tools?.limits).toHaveLength(1);
    expect(caller(document)("any")).toMatch(/^The rule `odd` could not be imported/);
  });

  test("a tool with another key than `rules` is denied; words without a meaning are passed over", () => {
    const strange = intercept({ t: { rules: [], require: [] } });
    expect(lossesOf(strange)).toEqual(["denied /tools/t/require"]);
    expect(entryOf(strange)?.action).toBe("deny");
    const harmless = intercept({
      t: { description: "d", rules: [{ ...argument("args.a", "eq", 1), "x-owner": "me" }] },
    });
    expect(lossesOf(harmless)).toEqual(["text /tools/t/description", "text /tools/t/rules/0/x-owner"]);
    expect(entryOf(harmless)?.require).toHaveLength(1);
  });

  test("more rules than an entry may have: the tool is denied, or all of them (M5)", () => {
    const many = { rules: Array.from({ length: 65 }, () => argument("args.a", "neq", 1)) };
    expect(lossesOf(intercept({ t: many }))).toEqual(["denied /tools/t"]);
    expect(entryOf(intercept({ t: many }))?.action).toBe("deny");
    const { document, notCarried } = imported(intercept({ "*": many }));
    expect(notCarried.map(({ severity, pointer }) => [severity, pointer])).toEqual([["denied", "/tools/*"]]);
    expect(caller(document)("any", { a: 2 })).toMatch(/^The rules of this tool could not be imported/);
  });
});

describe("policy-spec A6: names", () => {
  test("a `*` inside a name is one tool's name there and a pattern here: it never allows", () => {
    const tools = { "get_*": { rules: [] }, t: { rules: [] } };
    const denying = imported(intercept(tools, { default: "deny" }));
    expect(Object.keys(denying.document.tools ?? {})).toEqual(["t"]);
    expect(denying.notCarried[0]).toMatchObject({ severity: "denied", pointer: "/tools/get_*" });
    const allowing = imported(intercept(tools, { hide: ["old_*", "gone", "*"] }));
    expect(Object.keys(allowing.document.tools ?? {})).toEqual(["get_*", "t"]);
    expect(allowing.document.hide).toEqual(["old_*", "gone", "*"]);
    expect(allowing.notCarried.map(({ severity, pointer }) => `${severity} ${pointer}`)).toEqual([
      "stricter /hide/0",
      "stricter /tools/get_*",
    ]);
  });

  test("names that mean something to JavaScript are names", () => {
    const source = '{"version":"1","tools":{"__proto__":{"rules":[{"name":"n","action":"deny"}]}}}';
    expect(caller(imported(source).document)("__proto__")).toBe("Denied by rule `n`.");
  });

  test("the description is kept, as far as ours may be long", () => {
    const describe = (description: string) => imported(intercept({}, { description }), { from: "intercept" });
    expect(describe("Mine").document.description).toBe("Mine");
    expect(describe("x".repeat(5000)).document.description).toHaveLength(4096);
  });
});
