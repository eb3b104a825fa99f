import { describe, expect, test } from "vitest";
import { type ImportOptions, importPolicy } from "../../src/import/import-policy.ts";
import { lintPolicy } from "../../src/lint.ts";
import { caller, imported, lossesOf } from "./imported.ts";

/** `line:column pointer code` of every error. */
function errorsOf(source: string | Uint8Array, options?: ImportOptions): readonly string[] {
  const result = importPolicy(source, options);
  if (result.ok) throw new Error("it was imported");
  return result.error.map(({ pointer, code, line, column }) => `${line}:${column} ${pointer} ${code}`);
}

describe("policy-spec A6: reading Intercept's YAML", () => {
  test("a file with comments, nulls and everything optional left out", () => {
    const { from, document, notCarried, notes } = imported(`
version: 1 # as a number
description: Mine
hide:
tools:
    # nothing is written here
    read:
    list: { rules: }
    drop:
        rules:
            - name: never
              action: deny
`);
    expect([from, notCarried, lintPolicy(document)]).toEqual(["intercept", [], []]);
    expect(document).toEqual({
      version: "1",
      description: "Mine",
      default: "allow",
      tools: { read: {}, list: {}, drop: { action: "deny", reason: "Denied by rule `never`." } },
    });
    expect(notes).toEqual([expect.stringMatching(/^sampling/)]);
  });

  test("`default: deny` allows what is listed, and nothing else, before any rule of `*`", () => {
    const { document, notes } = imported(
      'version: "1"\ndefault: deny\ntools:\n  a: {rules: []}\n  "*": {rules: [{name: r, rate_limit: 1/day}]}\n',
    );
    const call = caller(document);
    expect(call("b")).toBe('Tool "b" is not permitted by policy.');
    expect([call("a"), call("a")]).toEqual(["", expect.stringMatching(/^Rate limit of 1 per day/)]);
    expect(notes).toEqual([
      expect.stringMatching(/^limits are shared/),
      expect.stringMatching(/also denies resources and prompts/),
    ]);
  });

  test("what is stricter is told once each", () => {
    const { notes } = imported(`
version: "1"
default: allow
tools:
  t:
    rules:
      - {name: a, conditions: [{path: args.a, op: eq, value: 5}]}
      - {name: b, conditions: [{path: args.b, op: in, value: [5]}]}
      - {name: c, conditions: [{path: state.t.c, op: lte, value: 5}], state: {counter: c, window: day, increment_from: args.n}}
`);
    expect(notes.map((note) => note.slice(0, 12))).toEqual([
      "values of di",
      "limits are s",
      "a call whose",
      "sampling req",
    ]);
  });

  test.each([
    ["an octal number", "010"],
    ["a number with underscores", "1_000"],
    ["a fraction with underscores", "1_0.5"],
    ["a binary number", "0b101"],
    ["a signed hexadecimal", "-0x10"],
    ["a hexadecimal with underscores", "0xf_f"],
    ["a date", "2026-01-31"],
    ["a time", "2026-1-3 10:00:00"],
    ["a number that would change", "9007199254740993"],
    ["infinity", ".inf"],
    ["one of them in a list", "[1, 010]"],
  ])("%s is another value there, so that the tool is denied", (_, value) => {
    const source = `{version: "1", tools: {t: {rules: [{name: r, conditions: [{path: args.a, op: eq, value: ${value}}]}]}}}`;
    expect(lossesOf(source)).toEqual(["denied /tools/t/rules/0/conditions/0"]);
    expect(imported(source).document.tools?.["t"]?.action).toBe("deny");
  });

  test.each([
    "10",
    "0x1f",
    "0o17",
    "1e3",
    "-2.5",
    "0",
    "0.5",
    "'010'",
    '"2026-01-31"',
    "1_invoice",
    "yes",
    "a",
  ])("%s is the same there and here", (value) => {
    expect(
      lossesOf(
        `{version: "1", tools: {t: {rules: [{name: r, conditions: [{path: args.a, op: eq, value: ${value}}]}]}}}`,
      ),
    ).toEqual([]);
  });

  test("so is an amount that a counter takes", () => {
    const state = "{counter: c, window: day, increment: 010}";
    const conditions = "[{path: args.a, op: eq, value: 1}]";
    expect(
      lossesOf(
        `{version: "1", tools: {t: {rules: [{name: r, conditions: ${conditions}, state: ${state}}]}}}`,
      ),
    ).toEqual(["denied /tools/t/rules/0/state"]);
  });

  test("losses come in the order of the source, with line and column", () => {
    const { notCarried } = imported(`version: "1"
tools:
  a:
    rules:
      - name: r
        action: log
  "*":
    rules:
      - name: s
        rate_limit: often
`);
    expect(notCarried.map(({ line, column, pointer }) => `${line}:${column} ${pointer}`)).toEqual([
      "6:17 /tools/a/rules/0/action",
      "10:21 /tools/*/rules/0/rate_limit",
    ]);
  });
});

describe("policy-spec A6: a source that is no policy there is refused, with line and column", () => {
  test.each<[string, string, readonly string[]]>([
    ["not YAML", 'version: "1\ntools: {', ["2:9  syntax"]],
    ["not an object", "- a", ["1:1  wrong_type", "1:1 /version missing_key"]],
    ["another version", "version: 2\ntools: {a: {rules: []}}", ["1:10 /version unsupported_version"]],
    ["no version", "tools: {a: {rules: []}}", ["1:1 /version missing_key"]],
    ["another default", "version: 1\ndefault: ask\ntools: {a: {rules: []}}", ["2:10 /default invalid_value"]],
    ["an unknown key", "version: 1\nhidden: [a]\ntools: {a: {rules: []}}", ["2:1 /hidden unknown_key"]],
    [
      "an empty and a repeated name to hide",
      "version: 1\nhide: [a, '', a]\ntools: {a: {rules: []}}",
      ["2:11 /hide/1 invalid_value", "2:15 /hide/2 duplicate_item"],
    ],
    ["`hide` that is no list", "version: 1\nhide: a\ntools: {a: {rules: []}}", ["2:7 /hide wrong_type"]],
    [
      "a text that is a list",
      "version: 1\ndescription: [a]\ntools: {a: {rules: []}}",
      ["2:14 /description wrong_type"],
    ],
    [
      "a duplicate key",
      "version: 1\ntools:\n  a: {rules: []}\n  a: {rules: []}",
      ["4:3 /tools/a duplicate_key"],
    ],
    [
      "a duplicate key in a rule",
      "version: 1\ntools:\n  a:\n    rules: [{name: r, name: s, action: deny}]",
      ["4:23 /tools/a/rules/0/name duplicate_key"],
    ],
    ["a tool without a name", 'version: 1\ntools: {"": {rules: []}}', ["2:9 /tools/ invalid_value"]],
    ["rules that are no list", "version: 1\ntools: {a: {rules: {}}}", ["2:20 /tools/a/rules wrong_type"]],
    [
      "an alias",
      "version: 1\ntools: {a: &r {rules: []}, b: *r}",
      ["2:15 /tools/a unsupported_yaml", "2:31 /tools/b unsupported_yaml"],
    ],
  ])("%s", (_, source, errors) => {
    expect(errorsOf(source, { from: "intercept" })).toEqual(errors);
  });

  test("bytes that are no text, and too many of them", () => {
    expect(errorsOf(new Uint8Array([0xff, 0xfe]))).toEqual(["undefined:undefined  syntax"]);
    expect(errorsOf(`# ${"x".repeat(300_000)}`)).toEqual(["undefined:undefined  limit_exceeded"]);
  });

  test("aliases that would grow without bound are refused at once", () => {
    const levels = Array.from({ length: 30 }, (_, n) => `  l${n + 1}: &l${n + 1} [*l${n}, *l${n}]`);
    const source = `version: "1"\ntools:\n  l0: &l0 [x]\n${levels.join("\n")}\n`;
    const begun = performance.now();
    expect(errorsOf(source).length).toBeGreaterThan(30);
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  test("a name longer than ours may be is refused, and nothing below it is read", () => {
    const many = "{name: r},".repeat(10_000);
    const source = `{version: "1", tools: {"${"k".repeat(100_000)}": {rules: [${many}]}}}`;
    const result = importPolicy(source, { from: "intercept" });
    expect(result.ok ? [] : result.error.map(({ code, line }) => `${line} ${code}`)).toEqual([
      "1 limit_exceeded",
    ]);
    expect(imported(`{version: "1", tools: {"${"k".repeat(256)}": {rules: []}}}`).notCarried).toEqual([]);
  });

  test("nesting is bounded", () => {
    const deep = `version: "1"\ntools: ${"[".repeat(10_000)}${"]".repeat(10_000)}`;
    expect(errorsOf(deep)).toEqual([expect.stringMatching(/limit_exceeded$/)]);
  });

  test("more tools than a document may have (M5)", () => {
    const tools = Array.from({ length: 2001 }, (_, n) => `  t${n}: {rules: []}`);
    expect(errorsOf(`version: "1"\ntools:\n${tools.join("\n")}\n`)).toEqual([
      "undefined:undefined /tools limit_exceeded",
    ]);
  });
});

describe("policy-spec A6: which language it is", () => {
  const OURS = {
    version: "1",
    default: "deny",
    tools: { a: { limits: [{ counter: "c", window: "day", max: 1 }] } },
  };

  test("ours, as JSON and as YAML, comes back as it is", () => {
    for (const [source, options] of [
      [JSON.stringify(OURS), { format: "json" }],
      [`// mine\n${JSON.stringify(OURS)}`, { format: "jsonc" }],
      [JSON.stringify(OURS), {}],
    ] as const) {
      const { from, document, notCarried } = imported(source, options);
      expect([from, document, notCarried]).toEqual(["portcullis", OURS, []]);
    }
  });

  test.each<[string, object, readonly string[]]>([
    [
      "a wrong rule of ours",
      { ...OURS, tools: { a: { require: [{}] } } },
      ["/tools/a/require/0/conditions missing_key"],
    ],
    ["a key of ours above", { version: "1", all_tools: {} }, ["/default missing_key"]],
  ])("%s is called wrong as ours", (_, source, errors) => {
    expect(errorsOf(JSON.stringify(source)).map((error) => error.replace(/^\S+ /, ""))).toEqual(errors);
  });

  test("what neither marks is Intercept's, whose `default` may be left out", () => {
    expect(imported({ version: "1", tools: {} })).toMatchObject({
      from: "intercept",
      document: { default: "allow" },
    });
    expect(imported({ version: "1" })).toMatchObject({ from: "intercept", document: { tools: {} } });
    expect(imported({ version: "1", tools: { a: null } }).from).toBe("intercept");
  });

  test("what is told is believed", () => {
    expect(
      errorsOf('{"version":"1","tools":{"a":{"rules":[]}}}', { from: "portcullis", format: "json" }),
    ).toEqual(["1:1 /default missing_key", "1:30 /tools/a/rules unknown_key"]);
    expect(lossesOf(OURS)).toEqual(["denied /tools/a/limits"]);
  });

  test("tools without a document, as pages show them, deny everything else", () => {
    const ours = imported({
      make: { limits: [{ counter: "make_per_hour", window: "hour", max: 1, scope: "grant" }] },
    });
    expect(ours.notes[0]).toMatch(/names tools only/);
    expect([ours.from, caller(ours.document)("make"), caller(ours.document)("other")]).toEqual([
      "portcullis",
      "",
      'Tool "other" is not permitted by policy.',
    ]);
    const theirs = imported("make:\n  rules:\n    - rate_limit: 1/hour\n      on_deny: Slow.\n");
    expect([theirs.from, theirs.notes[0], theirs.document.default]).toEqual([
      "intercept",
      ours.notes[0],
      "deny",
    ]);
    expect(theirs.notCarried).toMatchObject([{ pointer: "/make/rules/0/on_deny", line: 4 }]);
    expect(errorsOf('{"make": {"limit": []}}')).toEqual(["1:11 /make/limit unknown_key"]);
    expect(errorsOf("make: {rules: 1}")).toEqual(["1:15 /make/rules wrong_type"]);
  });
});
