import { describe, expect, it } from "vitest";
import { compilePolicy } from "../src/compile.ts";
import type { Condition, Entry, PolicyDocument, Predicate } from "../src/document.ts";
import { evaluateCall } from "../src/evaluate.ts";
import type { JsonValue } from "../src/json.ts";
import { type LintOptions, lintPolicy } from "../src/lint.ts";
import type { Fix, Warning } from "../src/lint-warning.ts";
import { validatePolicy } from "../src/validate.ts";

type Found = readonly (readonly [pointer: string, code: string])[];

const PAY = {
  name: "pay",
  inputSchema: {
    type: "object",
    properties: {
      amount: { type: "number" },
      note: { type: "string" },
      currency: { type: "string", enum: ["usd", "eur"] },
      to: {
        type: "object",
        properties: { id: { type: "string" }, city: { type: "string" } },
        required: ["id"],
      },
      items: {
        type: "array",
        items: { type: "object", properties: { price: { type: "integer" } }, required: ["price"] },
      },
      meta: { type: "object" },
    },
    required: ["amount", "currency"],
  },
};
const LIST = { name: "list", inputSchema: { type: "object", properties: {}, additionalProperties: false } };

function lint(
  document: Partial<PolicyDocument>,
  tools: LintOptions["tools"] = [PAY, LIST],
): readonly Warning[] {
  const valid = validatePolicy({ version: "1", default: "deny", ...document });
  if (!valid.ok) throw new Error(JSON.stringify(valid.error));
  return lintPolicy(valid.value, tools === undefined ? {} : { tools });
}

function found(document: Partial<PolicyDocument>, tools?: LintOptions["tools"]): Found {
  return lint(document, tools).map(({ pointer, code }) => [pointer, code]);
}

const leaf = (path: string, op: string, value: JsonValue): Condition => ({ path, op, value }) as Condition;
const when = (...conditions: Condition[]): Predicate => ({ conditions });
const pay = (entry: Entry): Partial<PolicyDocument> => ({ tools: { pay: entry } });

describe("policy-spec A4: tools of the server", () => {
  it.each<[string, Partial<PolicyDocument>, Found]>([
    ["a tool that does not exist", { tools: { pya: {}, list: {} } }, [["/tools/pya", "unknown_tool"]]],
    ["names have case (T1)", { tools: { Pay: {} } }, [["/tools/Pay", "unknown_tool"]]],
    [
      "a glob that matches nothing (T2)",
      { tools: { "get_*": {}, "p*": {} } },
      [["/tools/get_*", "unknown_tool"]],
    ],
    ["`hide` of what is not there", { hide: ["pay", "x", "l*"] }, [["/hide/1", "unknown_tool"]]],
  ])("%s", (_, document, expected) => {
    expect(found(document)).toEqual(expected);
  });

  it("looks for near names of a hundred misspelt ones, among a hundred each", () => {
    const tools = Array.from({ length: 150 }, (_, index) => ({
      name: `tool_${String(index).padStart(3, "0")}`,
    }));
    const keys = Array.from({ length: 101 }, (_, index) => `tool-${String(index).padStart(3, "0")}`);
    const messages = lint({ tools: Object.fromEntries(keys.map((key) => [key, {}])) }, tools).map(
      ({ message }) => message,
    );
    expect([messages[99], messages[100]]).toEqual([
      "the server has no tool `tool-099`; did you mean `tool_099`?",
      "the server has no tool `tool-100`",
    ]);
    expect(lint({ tools: { "tool-149": {} } }, tools)[0]?.message).not.toContain("tool_149");
  });

  it("knows names behind two thousand others; of more than it reads it says nothing", () => {
    const document = { tools: { last: {}, "las*": {}, lost: {} } };
    const after = (others: number) => [
      ...Array.from({ length: others }, (_, at) => ({ name: `t${at}` })),
      { name: "last" },
    ];
    expect(found(document, after(2_000))).toEqual([["/tools/lost", "unknown_tool"]]);
    expect(found(document, after(20_000))).toEqual([]);
  });

  it("offers a near name", () => {
    expect(lint({ tools: { pya: {} } }).map(({ message }) => message)).toEqual([
      "the server has no tool `pya`; did you mean `pay`?",
    ]);
  });

  it("says nothing of tools without a list", () => {
    expect(
      lintPolicy({
        version: "1",
        default: "deny",
        tools: { nope: { deny_if: [when(leaf("args.x", "eq", 1))] } },
      }),
    ).toEqual([]);
  });
});

describe("policy-spec A4: arguments against the schema", () => {
  const at = "/tools/pay/deny_if/0/conditions/0";
  it.each<[string, Condition, Found]>([
    ["what is required and of the right type", leaf("args.amount", "gt", 5), []],
    [
      "an argument that the schema does not have",
      leaf("args.amuont", "gt", 5),
      [[`${at}/path`, "unknown_argument"]],
    ],
    [
      "`exists` of what cannot be there",
      leaf("args.amuont", "exists", true),
      [[`${at}/path`, "unknown_argument"]],
    ],
    ["a member of a number", leaf("args.amount.value", "eq", 5), [[`${at}/path`, "unknown_argument"]]],
    ["an element of an object", leaf("args.to[0]", "exists", true), [[`${at}/path`, "unknown_argument"]]],
    ["a member of something open", leaf("args.meta.x", "exists", true), []],
    [
      "a member of something open and optional",
      leaf("args.meta.x", "eq", 1),
      [[`${at}/path`, "unguarded_argument"]],
    ],
    [
      "a number compared with a text (C5)",
      leaf("args.amount", "eq", "5"),
      [[`${at}/value`, "impossible_type"]],
    ],
    [
      "an operator for texts on a number",
      leaf("args.amount", "starts_with", "5"),
      [[`${at}/value`, "impossible_type"]],
    ],
    ["an enum value that is not one", leaf("args.currency", "eq", "use"), [[`${at}/value`, "unknown_value"]]],
    [
      "enum values in a list",
      leaf("args.currency", "not_in", ["usd", "gbp", "eur", "x"]),
      [
        [`${at}/value/1`, "unknown_value"],
        [`${at}/value/3`, "unknown_value"],
      ],
    ],
    ["enum values that are", leaf("args.currency", "in", ["usd", "eur"]), []],
    ["an optional argument", leaf("args.note", "contains", "x"), [[`${at}/path`, "unguarded_argument"]]],
    [
      "what is required below something optional",
      leaf("args.to.id", "eq", "x"),
      [[`${at}/path`, "unguarded_argument"]],
    ],
    [
      "`[*]` over something optional",
      leaf("args.items[*].price", "gt", 5),
      [[`${at}/path`, "unguarded_argument"]],
    ],
    ["all arguments", leaf("args", "eq", "x"), [[`${at}/value`, "impossible_type"]]],
    ["what no schema describes", leaf("tool.name", "eq", "x"), []],
    [
      "an enum value of another type is of an impossible type, no more",
      leaf("args.currency", "eq", 5),
      [[`${at}/value`, "impossible_type"]],
    ],
  ])("%s", (_, condition, expected) => {
    expect(found(pay({ deny_if: [when(condition)] }))).toEqual(expected);
  });

  const note = leaf("args.note", "contains", "x");
  const there = leaf("args.note", "exists", true);
  const missing = leaf("args.note", "exists", false);
  it.each<[string, Partial<PolicyDocument>]>([
    ["`exists` in the same AND", pay({ deny_if: [when(there, note)] })],
    ["`exists: false` in the same OR", pay({ require: [when({ any: [missing, note] })] })],
    ["`exists: false` under `not`", pay({ deny_if: [when({ not: missing }, note)] })],
    ["`exists` outside the group", pay({ deny_if: [when(there, { any: [note, { not: note }] })] })],
    [
      "`exists` of what holds it",
      pay({ deny_if: [when(leaf("args.to", "exists", true), leaf("args.to.id", "eq", "x"))] }),
    ],
    [
      "`exists` of what lies in it",
      pay({ deny_if: [when(leaf("args.to.id", "exists", true), leaf("args.to.id", "eq", "x"))] }),
    ],
    [
      "`exists` before `[*]`",
      pay({ deny_if: [when(leaf("args.items", "exists", true), leaf("args.items[*].price", "gt", 1))] }),
    ],
    ["a demand of the entry", pay({ require: [when(there)], deny_if: [when(note)] })],
    [
      "a demand of `all_tools`",
      { all_tools: { require: [when(there)] }, hide: ["list"], ...pay({ approve_if: [when(note)] }) },
    ],
    ["a denial of its absence", pay({ deny_if: [when(missing), when(note)] })],
    ["unknown passes here (C2)", pay({ deny_if: [{ ...when(note), on_unknown: "pass" }] })],
  ])("guarded: %s", (_, document) => {
    expect(found(document)).toEqual([]);
  });

  it.each<[string, Entry]>([
    ["`exists` of another argument", { deny_if: [when(leaf("args.meta", "exists", true), note)] }],
    [
      "`exists` of what holds it, where it is optional there as well",
      { deny_if: [when(leaf("args.to", "exists", true), leaf("args.to.city", "eq", "x"))] },
    ],
    ["`exists` in an OR", { deny_if: [when({ any: [there, note] })] }],
    ["a denial that asks for more", { deny_if: [when(missing, leaf("args.amount", "gt", 1)), when(note)] }],
    ["unknown never passes in `require` (C2)", { require: [when(note)] }],
  ])("not guarded: %s", (_, entry) => {
    expect(found(pay(entry)).map(([, code]) => code)).toEqual(["unguarded_argument"]);
  });

  it.each<[string, unknown, JsonValue, string[]]>([
    [
      "a text near one",
      ["usd", "eur"],
      "use",
      ['`"use"` is not among the values of `args.x` in `a`; did you mean `usd`?'],
    ],
    ["a number", [1, 2], 3, ["`3` is not among the values of `args.x` in `a`"]],
    ["a flag", [true], false, ["`false` is not among the values of `args.x` in `a`"]],
    ["a value that is one", [1, 2], 2, []],
    ["nothing that a condition can name", [{}], 2, []],
  ])("a value outside the enum: %s", (_, values, value, messages) => {
    const tools = [
      { name: "a", inputSchema: { type: "object", properties: { x: { enum: values } }, required: ["x"] } },
    ];
    const document = { tools: { a: { deny_if: [when(leaf("args.x", "eq", value))] } } };
    expect(lint(document, tools).map(({ message }) => message)).toEqual(messages);
  });

  it("an enum value may be in the enum of another tool, or of one without enum", () => {
    const of = (name: string, x: unknown) => ({
      name,
      inputSchema: { type: "object", properties: { x }, required: ["x"] },
    });
    const document = { tools: { "*": { deny_if: [when(leaf("args.x", "eq", "q"))] } } };
    const open = [of("a", { enum: ["p"] }), of("b", { type: "string" })];
    const closed = [of("a", { enum: ["p"] }), of("b", { enum: ["q"] })];
    expect([open, closed].flatMap((tools) => found(document, tools).slice(1))).toEqual([]);
  });

  it("names three tools and counts the others", () => {
    const tools = ["a", "b", "c", "d", "e"].map((name) => ({
      name,
      inputSchema: { type: "object", properties: { x: { type: ["number", "null"] } }, required: ["x"] },
    }));
    const document = { tools: { "*": { deny_if: [when(leaf("args.x", "regex", "q"))] } } };
    expect(lint(document, tools).map(({ message }) => message)[1]).toBe(
      "`args.x` is always number or null in `a`, `b`, `c`, 2 more, but `regex` with this value judges only string",
    );
  });

  it("names the argument once per predicate, and what happens to the call", () => {
    const twice = when(note, leaf("args.note", "starts_with", "y"));
    expect(lint(pay({ approve_if: [twice] })).map(({ message }) => message)).toEqual([
      "`args.note` is optional in `pay`: a call without it is held; ask `exists` first",
    ]);
  });

  it("rules for many tools name those that they stop (T5)", () => {
    const rule = { deny_if: [when(leaf("args.amount", "gt", 5))] };
    const guarded = { deny_if: [when(leaf("args.amount", "exists", true), leaf("args.amount", "gt", 5))] };
    const messages = ["the schema has no `args.amount` in `list`: every call is denied"];
    const of = (document: Partial<PolicyDocument>) => lint(document).map(({ message }) => message);
    expect(of({ default: "allow", all_tools: rule })).toEqual(messages);
    expect(of({ tools: { "*": rule } }).slice(1)).toEqual(messages);
    expect(of({ default: "allow", all_tools: guarded })).toEqual([]);
    expect(of({ all_tools: rule, tools: { pay: {} } })).toEqual([]);
  });

  it("only what a tool is governed by is compared with its schema (T3, T4)", () => {
    const rule = { deny_if: [when(leaf("args.amount", "gt", 5))] };
    expect(found({ hide: ["list"], tools: { "*": rule } })).toEqual([["/default", "dead_default"]]);
    expect(found({ tools: { "*": rule, list: { action: "deny" } } }).slice(2)).toEqual([]);
  });
});

describe("policy-spec A4: amounts", () => {
  const spend = (from: string, rest: Entry = {}): Partial<PolicyDocument> =>
    pay({ ...rest, limits: [{ counter: "c", window: "day", max: 9, increment_from: from }] });
  const at = "/tools/pay/limits/0/increment_from";
  const fixed = { require: [when(leaf("args.currency", "eq", "usd"))] };
  it.each<[string, Partial<PolicyDocument>, Found]>([
    ["a currency that may change", spend("args.amount"), [[at, "unfixed_currency"]]],
    ["a currency that is fixed", spend("args.amount", fixed), []],
    ["a limit that counts calls", pay({ limits: [{ counter: "c", window: "day", max: 9 }] }), []],
    [
      "a currency fixed by `deny_if`",
      spend("args.amount", { deny_if: [when(leaf("args.currency", "neq", "usd"))] }),
      [],
    ],
    [
      "two currencies",
      spend("args.amount", { require: [when(leaf("args.currency", "in", ["usd", "eur"]))] }),
      [[at, "unfixed_currency"]],
    ],
    ["an amount that is not there (L2)", spend("args.total", fixed), [[at, "unknown_argument"]]],
    ["an amount that is no number (L2)", spend("args.currency", fixed), [[at, "impossible_type"]]],
    ["an amount that is optional (L2)", spend("args.meta.n", fixed), [[at, "unguarded_argument"]]],
  ])("%s", (_, document, expected) => {
    expect(found(document)).toEqual(expected);
  });
});

describe("policy-spec A4: the fix of an unguarded argument", () => {
  const note = leaf("args.note", "starts_with", "x");
  it.each<[string, Entry, "allow" | "deny" | "hold"]>([
    ["in `deny_if`", { deny_if: [when(note)] }, "deny"],
    ["in `require`", { require: [when(note)] }, "deny"],
    ["in `approve_if`", { approve_if: [when(note)] }, "hold"],
    ["under `not` in `deny_if`", { deny_if: [when({ not: note })] }, "deny"],
    ["under `not` in `require`", { require: [when({ not: note })] }, "deny"],
    ["in an OR", { deny_if: [when({ any: [note, leaf("args.amount", "gt", 5)] })] }, "deny"],
    ["over `[*]`", { deny_if: [when(leaf("args.items[*].price", "gt", 5))] }, "deny"],
  ])("%s: a call without the argument is stopped before and goes through after", (_, entry, before) => {
    const [warning] = lint(pay(entry));
    const document: PolicyDocument = { version: "1", default: "deny", ...pay(entry) };
    const fixed = validatePolicy(applied(document, warning?.fix));
    if (!fixed.ok) throw new Error(JSON.stringify(fixed.error));
    const call = { tool: "pay", args: { amount: 1 }, nowMs: 0 };
    expect(evaluateCall(compilePolicy(document), call).effect).toBe(before);
    expect(evaluateCall(compilePolicy(fixed.value), call).effect).toBe("allow");
    expect(lintPolicy(fixed.value, { tools: [PAY] })).toEqual([]);
  });

  it("is left out where the predicate would become too large (M5)", () => {
    const full = when(...Array.from({ length: 64 }, () => note));
    expect(lint(pay({ deny_if: [full] }))).toMatchObject([{ code: "unguarded_argument" }]);
    expect(lint(pay({ deny_if: [full] }))[0]?.fix).toBeUndefined();
  });

  it("is left out where groups would stand too deep in each other (M5)", () => {
    const nested = (depth: number): Condition =>
      depth === 0 ? note : { any: [nested(depth - 1), leaf("args.amount", "gt", depth)] };
    const fixes = [7, 8].map((depth) => lint(pay({ deny_if: [when(nested(depth))] }))[0]?.fix?.op);
    expect(fixes).toEqual(["replace", undefined]);
  });

  it.each<[string, string, object]>([
    [
      "where presence is judged value by value (C6)",
      "args.list[*].x",
      { type: "array", items: { type: "object", properties: { x: { type: "string" } } } },
    ],
    [
      "where the path before `[*]` cannot be told by its text",
      'args["[*]"][*]',
      { type: "array", items: { type: "string" } },
    ],
  ])("is left out %s", (_, path, list) => {
    const inputSchema = { type: "object", properties: { list, "[*]": list }, required: ["list"] };
    const [warning, ...others] = lint(pay({ deny_if: [when(leaf(path, "eq", "x"))] }), [
      { name: "pay", inputSchema },
    ]);
    expect([warning?.code, warning?.fix, others]).toEqual(["unguarded_argument", undefined, []]);
  });
});

/** A value after one operation of JSON Patch. */
function applied(document: unknown, fix: Fix | undefined): unknown {
  if (fix === undefined || fix.op === "remove") throw new Error("a fix with a value is expected");
  const { op, value } = fix;
  const change = (at: unknown, [key, ...rest]: readonly string[]): unknown => {
    if (key === undefined) return value;
    if (!Array.isArray(at)) return { ...Object(at), [key]: change(Object(at)[key], rest) };
    if (op === "add" && rest.length === 0) return at.toSpliced(Number(key), 0, value);
    return at.with(Number(key), change(at[Number(key)], rest));
  };
  return change(document, fix.pointer.slice(1).split("/"));
}
