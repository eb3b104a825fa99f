import { describe, expect, test } from "vitest";
import { policyJsonSchema } from "../src/json-schema.ts";
import { parsePolicy } from "../src/parse.ts";
import { validatePolicy } from "../src/validate.ts";

const HEAD = { version: "1", default: "deny" };
const entry = (content: unknown) => ({ ...HEAD, tools: { t: content } });
const rule = (predicate: unknown) => entry({ require: [predicate] });
const when = (condition: unknown) => rule({ conditions: [condition] });
const leaf = (op: unknown, value: unknown, path: unknown = "args.a") => when({ path, op, value });
const limit = (content: object) => entry({ limits: [{ counter: "c", window: 60, max: 1, ...content }] });
const many = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));
const groups = (depth: number): unknown =>
  depth === 0 ? { path: "args.a", op: "exists", value: true } : { not: groups(depth - 1) };

/** What is wrong, and the document. One fault each, or several that must be told together. */
const FAULTS: readonly (readonly [string, unknown])[] = [
  ["no object", []],
  ["a text", "policy"],
  ["nothing", null],
  ["another version", { ...HEAD, version: "2" }],
  ["a number as version", { ...HEAD, version: 1 }],
  ["a word that is none", { ...HEAD, default: "block" }],
  ["a word of another type", { ...HEAD, default: true }],
  ["a key that is almost one", { ...HEAD, tool: {} }],
  ["a key that is none", { ...HEAD, quotas: {} }],
  ["a time zone that is none", { ...HEAD, time_zone: "Europe/Berln" }],
  ["half a character", { ...HEAD, description: "\ud83d" }],
  ["hide that is no list", { ...HEAD, hide: "a" }],
  ["hide twice", { ...HEAD, hide: ["a", "b*", "a"] }],
  ["hide with a number", { ...HEAD, hide: [1] }],
  ["an empty name", { ...HEAD, hide: [""] }],
  ["a tool without a name", { ...HEAD, tools: { "": {} } }],
  ["globs that collide", { ...HEAD, tools: { "a*b": {}, "a*c": {}, "*bc": {} } }],
  ["tools that are a list", { ...HEAD, tools: [] }],
  ["too many hidden", { ...HEAD, hide: many(2_001, (at) => `t${at}`) }],
  ["too many tools", { ...HEAD, tools: Object.fromEntries(many(2_001, (at) => [`t${at}`, {}])) }],
  ["deny with rules", entry({ action: "deny", require: [], limits: [] })],
  ["a reason with a control character", entry({ action: "deny", reason: "a\u0007" })],
  ["a reason that is too long", entry({ action: "deny", reason: "x".repeat(501) })],
  ["a predicate without conditions", rule({})],
  ["conditions that are no list", rule({ conditions: {} })],
  ["too many conditions", rule({ conditions: many(65, () => groups(0)) })],
  ["too many predicates", entry({ deny_if: many(65, () => ({ conditions: [] })) })],
  ["too many limits", entry({ limits: many(17, (at) => ({ counter: `c${at}`, window: 60, max: 1 })) })],
  ["a condition that is no object", when("args.a")],
  ["a leaf without a value", when({ path: "args.a", op: "eq" })],
  ["a leaf with a stray key", when({ path: "args.a", op: "eq", value: 1, valu: 2 })],
  ["a leaf that is a group as well", when({ path: "args.a", op: "eq", value: 1, all: [] })],
  ["two kinds of group", when({ all: [groups(0)], any: [groups(0)] })],
  ["an empty group", when({ any: [] })],
  ["a group that is no list", when({ all: groups(0) })],
  ["groups too deep", when(groups(20))],
  ["null as value", leaf("eq", null)],
  ["null in a list", leaf("in", [null])],
  ["an operator that is almost one", leaf("starts_wiht", "a")],
  ["an operator of another type", leaf(1, "a")],
  ["a list for `eq`", leaf("eq", ["a"])],
  ["a text for `in`", leaf("in", "a")],
  ["an empty list for `in`", leaf("in", [])],
  ["a text for `lt`", leaf("lt", "a")],
  ["a date for `time.date` that is none", leaf("lt", "2026-02-30", "time.date")],
  ["a number for `contains`", leaf("contains", {})],
  ["a text for `exists`", leaf("exists", "yes")],
  ["an empty text for `starts_with`", leaf("starts_with", "")],
  ["a negative length", leaf("length_lte", -1)],
  ["a broken pattern", leaf("regex", "(")],
  ["a pattern that looks back", leaf("regex", "(a)\\1")],
  ["a folder that is relative", leaf("path_within", ["srv"])],
  ["no folder", leaf("path_within", [])],
  ["a host with a path", leaf("host_in", ["example.com/a"])],
  ["a host with a star inside", leaf("host_in", ["a.*.com"])],
  ["a path without root", leaf("eq", 1, "arg.a")],
  ["a path that breaks off", leaf("eq", 1, "args.")],
  ["a path with an open bracket", leaf("eq", 1, "args[0")],
  ["a path of another type", leaf("eq", 1, 5)],
  ["a counter with a blank", limit({ counter: "a b" })],
  ["a counter without a name", limit({ counter: "" })],
  ["a window that is no word", limit({ window: "decade" })],
  ["a window of nothing", limit({ window: 0 })],
  ["a window of half a second", limit({ window: 0.5 })],
  ["a window that is too long", limit({ window: 1e9 })],
  ["a window of another type", limit({ window: true })],
  ["a negative max", limit({ max: -1 })],
  ["a max that is too large", limit({ max: 1e15 })],
  ["a max with too many decimals", limit({ max: 0.0000001 })],
  ["an increment of nothing", limit({ increment: 0 })],
  ["an increment twice", limit({ increment: 1, increment_from: "args.a" })],
  ["an increment from no argument", limit({ increment_from: "time.hour" })],
  ["an increment from all", limit({ increment_from: "args.a[*]" })],
  ["a sliding month", limit({ window: "month", algorithm: "sliding" })],
  ["a sliding window of more than a week", limit({ window: 604_801, algorithm: "sliding" })],
  ["a limit without its keys", entry({ limits: [{}] })],
  ["a rate limit without its keys", entry({ rate_limit: {} })],
  ["a rate limit with a scope", entry({ rate_limit: { max: 1, window: 60, scope: "grant" } })],
  ["a timeout that is too long", entry({ approval: { timeout: "25h" } })],
  ["a timeout that is too short", entry({ approval: { timeout: "59s" } })],
  ["a timeout without a unit", entry({ approval: { timeout: "15" } })],
  ["no approver", entry({ approval: { approvers: 0 } })],
  ["half an approver", entry({ approval: { approvers: 1.5 } })],
  ["too many approvers", entry({ approval: { approvers: 11 } })],
  ["a text for a boolean", entry({ approval: { exclude_requester: "yes" } })],
  ["a resource pattern that is empty", { ...HEAD, resources: { allow: [""] } }],
  ["a request that there is none of", { ...HEAD, server_requests: { files: "deny" } }],
];

function told(document: unknown): readonly string[] {
  const checked = validatePolicy(document);
  if (checked.ok) return ["(nothing)"];
  return checked.error.map(({ code, pointer, message }) => `${code} ${pointer || "/"} — ${message}`);
}

describe("what a document that is not a policy is told (policy-spec M1 to M6, docs/errors.md)", () => {
  test("each fault has its code, its place and its words", async () => {
    const text = FAULTS.map(([name, document]) =>
      [name, ...told(document).map((line) => `  ${line}`)].join("\n"),
    );
    await expect(`${text.join("\n\n")}\n`).toMatchFileSnapshot("vectors/schema-messages.txt");
  });

  test("no fault passes", () => {
    expect(FAULTS.filter(([, document]) => validatePolicy(document).ok).map(([name]) => name)).toEqual([]);
  });

  test("numbers that would change their value are not read", () => {
    const text = JSON.stringify(limit({ max: 7 })).replace(":7", ":0.10000000000000000001");
    const parsed = parsePolicy(text);
    expect(parsed.ok ? [] : parsed.error.map(({ message }) => message)).toEqual([
      "`max` would change its value: `0.10000000000000000001` is read as 0.1; write a number of at most 15 digits",
    ]);
  });
});

test("the JSON Schema that editors read is what it was", async () => {
  await expect(`${JSON.stringify(policyJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
    "vectors/policy.schema.txt",
  );
});
