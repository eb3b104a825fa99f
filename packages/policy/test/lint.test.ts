import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Entry, PolicyDocument, Predicate } from "../src/document.ts";
import type { JsonValue } from "../src/json.ts";
import { lintPolicy, MAX_WARNINGS } from "../src/lint.ts";
import { LINT_WARNINGS, type Warning } from "../src/lint-warning.ts";
import { validatePolicy } from "../src/validate.ts";

type Found = readonly (readonly [pointer: string, code: string])[];

function lint(document: Partial<PolicyDocument>): readonly Warning[] {
  const whole = { version: "1", default: "deny", ...document };
  const valid = validatePolicy(whole);
  if (!valid.ok) throw new Error(JSON.stringify(valid.error));
  return lintPolicy(valid.value);
}

function found(document: Partial<PolicyDocument>): Found {
  return lint(document).map(({ pointer, code }) => [pointer, code]);
}

const when = (path: string, op: string, value: JsonValue): Predicate =>
  ({ conditions: [{ path, op, value }] }) as Predicate;
const tool = (entry: Entry): Partial<PolicyDocument> => ({ tools: { t: entry } });

describe("policy-spec A4: names", () => {
  it.each<[string, Partial<PolicyDocument>, Found]>([
    [
      "an entry that is hidden by name (T4)",
      { hide: ["x"], tools: { x: {}, y: {} } },
      [["/tools/x", "hidden_entry"]],
    ],
    [
      "an entry that is hidden by a glob",
      { hide: ["a*"], tools: { "ab*": {}, "*a": {} } },
      [
        ["/tools/ab*", "hidden_entry"],
        ["/tools/*a", "overlapping_globs"],
      ],
    ],
    ["a key with a slash (R1)", { hide: ["a/b"], tools: { "a/b": {} } }, [["/tools/a~1b", "hidden_entry"]]],
    ["a default that `*` makes dead (T3)", { tools: { "*": {} } }, [["/default", "dead_default"]]],
    [
      "rules of `*` that others do not get",
      { tools: { "*": { deny_if: [when("tool.name", "eq", "x")] }, y: {} } },
      [
        ["/default", "dead_default"],
        ["/tools/*", "star_entry"],
      ],
    ],
    [
      "`*` alone is no mistake for `all_tools`",
      { tools: { "*": { limits: [{ counter: "c", window: 1, max: 1 }] } } },
      [["/default", "dead_default"]],
    ],
    [
      "globs that overlap partly (T3)",
      { tools: { "a*": {}, "*xyz": {} } },
      [["/tools/*xyz", "overlapping_globs"]],
    ],
    ["globs inside each other, or apart", { tools: { "a*": {}, "ab*": {}, "b*cdef": {} } }, []],
    ["nothing to say", { hide: ["z"], tools: { x: {} } }, []],
  ])("%s", (_, document, expected) => {
    expect(found(document)).toEqual(expected);
  });
});

describe("policy-spec A4: limits and approvals", () => {
  const limit = { counter: "c", window: "day", max: 5 } as const;
  it.each<[string, Partial<PolicyDocument>, Found]>([
    [
      "a shared counter with another `max` (L4)",
      { tools: { a: { limits: [limit] }, b: { limits: [{ ...limit, window: 86_400, max: 6 }] } } },
      [["/tools/b/limits/0/max", "shared_counter"]],
    ],
    [
      "the counter of a `rate_limit` (section 3)",
      {
        tools: {
          a: {
            limits: [{ counter: "a_rate", window: 60, max: 5 }],
            rate_limit: { max: 6, window: "minute" },
          },
        },
      },
      [["/tools/a/rate_limit/max", "shared_counter"]],
    ],
    [
      "the same `max`, another window, scope or algorithm",
      tool({
        limits: [
          limit,
          limit,
          { ...limit, window: "week", max: 6 },
          { ...limit, scope: "server", max: 7 },
          { ...limit, algorithm: "sliding", max: 8 },
        ],
      }),
      [],
    ],
    [
      "a limit per session alone (L1)",
      tool({ limits: [{ ...limit, scope: "session" }] }),
      [["/tools/t/limits/0/scope", "session_scope"]],
    ],
    [
      "a limit per session beside one per grant",
      { all_tools: { limits: [limit] }, ...tool({ limits: [{ ...limit, counter: "s", scope: "session" }] }) },
      [],
    ],
    [
      "terms of an approval that never comes",
      tool({ approval: { approvers: 2 } }),
      [["/tools/t/approval", "approval_without_hold"]],
    ],
    [
      "terms of an approval by `all_tools`",
      { all_tools: { approve_if: [when("tool.name", "eq", "t")] }, ...tool({ approval: {} }) },
      [],
    ],
    ["terms of an approval by action", tool({ action: "require_approval", approval: {} }), []],
  ])("%s", (_, document, expected) => {
    expect(found(document)).toEqual(expected);
  });
});

describe("policy-spec A4: predicates that never decide", () => {
  const over = (value: number) => when("args.n", "gt", value);
  const under = (value: number) => when("args.n", "lte", value);
  const unreachable = (...pointers: string[]): Found => pointers.map((at) => [at, "unreachable_predicate"]);
  it.each<[string, Partial<PolicyDocument>, Found]>([
    [
      "after a denial of everything (E2)",
      tool({ deny_if: [{ conditions: [] }, over(1)], approve_if: [over(2)] }),
      unreachable("/tools/t/deny_if/1", "/tools/t/approve_if/0"),
    ],
    [
      "a hold behind a lower denial",
      tool({ deny_if: [over(100)], approve_if: [over(500)] }),
      unreachable("/tools/t/approve_if/0"),
    ],
    ["a hold below a denial", tool({ deny_if: [over(500)], approve_if: [over(100)] }), []],
    [
      "a denial that `require` makes idle",
      tool({ require: [under(100)], deny_if: [over(500)] }),
      unreachable("/tools/t/deny_if/0"),
    ],
    ["a denial within what `require` allows", tool({ require: [under(500)], deny_if: [over(100)] }), []],
    ["a weaker demand", tool({ require: [under(10), under(20)] }), unreachable("/tools/t/require/1")],
    ["a stronger demand", tool({ require: [under(20), under(10)] }), []],
    [
      "a denial with one condition more",
      tool({
        deny_if: [over(1), { conditions: [...over(1).conditions, ...when("args.c", "eq", "x").conditions] }],
      }),
      unreachable("/tools/t/deny_if/1"),
    ],
    [
      "what unknown lets pass there (C2)",
      tool({ deny_if: [{ ...over(1), on_unknown: "pass" }, over(1)] }),
      [],
    ],
    [
      "behind `all_tools` (section 6)",
      { all_tools: { deny_if: [over(1)] }, ...tool({ deny_if: [over(1)] }) },
      unreachable("/tools/t/deny_if/0"),
    ],
    [
      "holds of `all_tools` come last",
      { all_tools: { approve_if: [over(1)] }, ...tool({ approve_if: [over(1)] }) },
      [],
    ],
    [
      "holds of a tool that is held anyway",
      tool({ action: "require_approval", approve_if: [over(1)] }),
      unreachable("/tools/t/approve_if/0"),
    ],
    [
      "values that were denied before",
      tool({
        deny_if: [when("args.c", "in", ["a", "b"]), when("args.c", "eq", "b"), when("args.c", "eq", "c")],
      }),
      unreachable("/tools/t/deny_if/1"),
    ],
    [
      "a list with other types may be known where one value is not",
      tool({ deny_if: [when("args.c", "in", ["a", 5]), when("args.c", "eq", "a")] }),
      [],
    ],
    ["another path", tool({ deny_if: [over(1), when("args.m", "gt", 1)] }), []],
    [
      "after a hold of everything (E2)",
      tool({ approve_if: [{ conditions: [] }, over(1)] }),
      unreachable("/tools/t/approve_if/1"),
    ],
    [
      "within `all_tools` itself",
      { all_tools: { deny_if: [over(1), over(2)] } },
      unreachable("/all_tools/deny_if/1"),
    ],
  ])("%s", (_, document, expected) => {
    expect(found(document)).toEqual(expected);
  });
});

describe("policy-spec A4: one predicate by itself", () => {
  const pattern = (value: string) => when("args.s", "regex", value);
  const anchors: Found = [["/tools/t/require/0/conditions/0/value", "unanchored_pattern"]];
  const denied: Found = [["/tools/t/deny_if/0/conditions/0/value", "unanchored_pattern"]];
  it.each<[string, Partial<PolicyDocument>, Found]>([
    ["`on_unknown` for the document (C2)", { on_unknown: "pass" }, [["/on_unknown", "on_unknown_pass"]]],
    ["`on_unknown: deny`", { on_unknown: "deny" }, []],
    [
      "`on_deny` in `approve_if`",
      tool({ approve_if: [{ conditions: [], on_deny: "x" }] }),
      [["/tools/t/approve_if/0/on_deny", "unread_text"]],
    ],
    [
      "`reason` in `deny_if`",
      tool({ deny_if: [{ conditions: [], reason: "x" }] }),
      [["/tools/t/deny_if/0/reason", "unread_text"]],
    ],
    [
      "`reason` in `require`",
      tool({ require: [{ conditions: [], reason: "x" }] }),
      [["/tools/t/require/0/reason", "unread_text"]],
    ],
    [
      "texts where they are read",
      tool({ require: [{ conditions: [], on_deny: "x" }], approve_if: [{ conditions: [], reason: "x" }] }),
      [],
    ],
    [
      "an empty list passes (C6)",
      tool({ require: [when("args.a[*]", "eq", 1)] }),
      [["/tools/t/require/0/conditions/0/path", "empty_list_passes"]],
    ],
    [
      "an empty list is asked for",
      tool({ require: [when("args.a[*]", "eq", 1), when("args.a[0]", "exists", true)] }),
      [],
    ],
    [
      "an element of another list is asked for",
      tool({ require: [when("args.a[*]", "eq", 1), when("args.b[0]", "exists", true)] }),
      [["/tools/t/require/0/conditions/0/path", "empty_list_passes"]],
    ],
    [
      "`exists` of every element asks for none (C6)",
      tool({ require: [when("args.a[*]", "exists", true)] }),
      [["/tools/t/require/0/conditions/0/path", "empty_list_passes"]],
    ],
    ["an empty list in `deny_if`", tool({ deny_if: [when("args.a[*]", "eq", 1)] }), []],
    [
      "`path_within` in `deny_if`",
      tool({ deny_if: [when("args.p", "path_within", ["/etc"])] }),
      [["/tools/t/deny_if/0/conditions/0/op", "path_within_in_deny_if"]],
    ],
    [
      "`path_within` under `not` in `deny_if`",
      tool({ deny_if: [{ conditions: [{ not: { path: "args.p", op: "path_within", value: ["/srv"] } }] }] }),
      [],
    ],
    [
      "a text where the hour is a number (C5)",
      tool({ require: [when("time.hour", "eq", "9")] }),
      [["/tools/t/require/0/conditions/0/value", "impossible_type"]],
    ],
    [
      "a date, a label and a name are texts",
      tool({
        require: [
          when("time.date", "gte", "2026-01-01"),
          when("grant.label", "eq", "x"),
          when("tool.name", "in", ["t"]),
        ],
      }),
      [],
    ],
    ["a pattern without anchors", tool({ require: [pattern("[a-z]+@example\\.com")] }), anchors],
    ["a pattern that is open at its end", tool({ require: [pattern("^[a-z]+")] }), anchors],
    ["a pattern that is open at its start", tool({ require: [pattern("[a-z]+$")] }), anchors],
    ["a pattern with a named end", tool({ require: [pattern("-x$")] }), []],
    ["a pattern whose anchors belong to its alternatives", tool({ require: [pattern("^a|b$")] }), anchors],
    ["the same with one between", tool({ deny_if: [pattern("^a|[|]|(b|c)|\\||d$")] }), denied],
    ["alternatives that each have theirs", tool({ deny_if: [pattern("^a$|^b$")] }), []],
    ["alternatives with one anchor", tool({ deny_if: [pattern("^a|b"), pattern("a|b$")] }), []],
    [
      "no alternatives but in a class or a group",
      tool({ deny_if: [pattern("^[a|b]$"), pattern("^(a|b)$")] }),
      [],
    ],
    [
      "an anchored pattern",
      tool({ require: [pattern("^(?:a|b)$"), pattern("(?i)\\Aa\\z"), pattern("^x-")] }),
      [],
    ],
    [
      "a pattern that searches",
      tool({ require: [pattern(".*a.*")], deny_if: [pattern("(?i)drop table")] }),
      [],
    ],
    [
      "a pattern under `not`",
      tool({ deny_if: [{ conditions: [{ not: { path: "args.s", op: "regex", value: "a" } }] }] }),
      [["/tools/t/deny_if/0/conditions/0/not/value", "unanchored_pattern"]],
    ],
  ])("%s", (_, document, expected) => {
    expect(found(document)).toEqual(expected);
  });
});

describe("policy-spec A4: fixes", () => {
  it.each<[string, Partial<PolicyDocument>, Warning["fix"]]>([
    ["removes `on_unknown`", { on_unknown: "pass" }, { op: "remove", pointer: "/on_unknown" }],
    ["removes a hidden entry", { hide: ["t"], tools: { t: {} } }, { op: "remove", pointer: "/tools/t" }],
    [
      "renames a text",
      tool({ deny_if: [{ reason: "x", conditions: [] }] }),
      { op: "replace", pointer: "/tools/t/deny_if/0", value: { on_deny: "x", conditions: [] } },
    ],
    [
      "removes a text beside the right one",
      tool({ deny_if: [{ reason: "x", on_deny: "y", conditions: [] }] }),
      { op: "remove", pointer: "/tools/t/deny_if/0/reason" },
    ],
    [
      "anchors a pattern, flags and all",
      tool({ require: [when("args.s", "regex", "(?i)a|b")] }),
      { op: "replace", pointer: "/tools/t/require/0/conditions/0/value", value: "^(?:(?i)a|b)$" },
    ],
    [
      "leaves alone a pattern that would become too long (M5)",
      tool({ require: [when("args.s", "regex", "a".repeat(995))] }),
      undefined,
    ],
    [
      "leaves alone a pattern whose program would become too large",
      tool({ require: [when("args.s", "regex", "a{998}")] }),
      undefined,
    ],
    [
      "counts per grant",
      tool({ limits: [{ counter: "c", window: 1, max: 1, scope: "session" }] }),
      { op: "replace", pointer: "/tools/t/limits/0/scope", value: "grant" },
    ],
  ])("%s", (_, document, fix) => {
    expect(lint(document).map((warning) => warning.fix)).toEqual([fix]);
  });
});

it("of globs that overlap partly, a hundred are enough (policy-spec A4)", () => {
  const suffixes = Array.from({ length: 102 }, (_, index) => `*${"z".repeat(index + 2)}`);
  const tools = Object.fromEntries(["a*", ...suffixes].map((key) => [key, {}]));
  expect(found({ tools })).toEqual(
    suffixes.slice(0, 100).map((key) => [`/tools/${key}`, "overlapping_globs"]),
  );
});

it("warnings have a bound (policy-spec A4)", () => {
  const tools = Object.fromEntries(
    Array.from({ length: 1500 }, (_, index) => [`t${index}`, { approval: {} }]),
  );
  expect(lint({ tools })).toHaveLength(MAX_WARNINGS);
});

it("messages do not steer a terminal", () => {
  const [warning] = lint({ hide: ["\u001b[2J"], tools: { "\u001b[2J": {} } });
  expect(warning?.message).toBe("`�[2J` in `hide` hides every tool that `�[2J` names; remove one of them");
});

it("docs/errors.md lists exactly the codes of the linter, with their meanings (policy-spec A4)", () => {
  const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  const section = page.split(/^## /m).find((part) => part.startsWith("Lint warnings\n")) ?? "";
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map((row) => [row[1], row[2]]);
  expect(rows).toEqual(Object.entries(LINT_WARNINGS));
});
