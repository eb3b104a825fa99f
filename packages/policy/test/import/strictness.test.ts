import { describe, expect, test } from "vitest";
import type { PolicyDocument, Predicate } from "../../src/document.ts";
import { strictnessNotes } from "../../src/import/strictness.ts";

const open: PolicyDocument = { version: "1", default: "allow" };
const above = { path: "args.amount", op: "gt", value: 10 } as const;

function denyIf(...predicates: readonly Predicate[]): PolicyDocument {
  return { ...open, tools: { pay: { deny_if: predicates } } };
}

describe("policy-spec A6: what is stricter here than in the JSON dialect", () => {
  test("a `deny_if` on an argument that may be missing, with where and how many", () => {
    expect(strictnessNotes(denyIf({ conditions: [above] }))).toEqual([
      expect.stringMatching(/^\/tools\/pay\/deny_if\/0: a `deny_if` also denies a call without the argument/),
    ]);
    expect(strictnessNotes(denyIf({ conditions: [above] }, { conditions: [{ not: above }] }))).toEqual([
      expect.stringMatching(/^\/tools\/pay\/deny_if\/0 and 1 more: /),
    ]);
  });

  test.each<[string, PolicyDocument]>([
    [
      "`exists` beside it",
      denyIf({ conditions: [{ path: "args.amount", op: "exists", value: true }, above] }),
    ],
    ["`exists` alone", denyIf({ conditions: [{ path: "args.amount", op: "exists", value: false }] })],
    ["`on_unknown` in the rule", denyIf({ conditions: [above], on_unknown: "deny" })],
    ["`on_unknown` in the document", { ...denyIf({ conditions: [above] }), on_unknown: "deny" }],
    ["a document that names our schema", { ...denyIf({ conditions: [above] }), $schema: "policy.v1.json" }],
    ["the clock", denyIf({ conditions: [{ path: "time.hour", op: "gt", value: 10 }] })],
    [
      "`require`, which needs the argument there as well",
      { ...open, tools: { pay: { require: [{ conditions: [above] }] } } },
    ],
  ])("nothing is said of %s", (_, document) => {
    expect(strictnessNotes(document)).toEqual([]);
  });

  test("`default: deny` is for resources and prompts, too (M2)", () => {
    const closed: PolicyDocument = { version: "1", default: "deny" };
    expect(strictnessNotes(closed)).toEqual([
      '`default: "deny"` also denies resources and prompts; the section `resources` and `prompts` can allow them',
    ]);
    expect(strictnessNotes({ ...closed, prompts: { default: "allow" } })).toEqual([
      '`default: "deny"` also denies resources; the section `resources` can allow them',
    ]);
    expect(strictnessNotes({ ...closed, prompts: {}, resources: {} })).toEqual([]);
  });
});
