import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { caller, imported } from "./imported.ts";
import {
  type ReferenceCondition,
  type ReferencePolicy,
  type ReferenceRule,
  referenceCaller,
} from "./intercept-reference.ts";

const TOOLS = ["pay", "read", "_global"];
const OPERATORS = [
  "eq",
  "neq",
  "in",
  "not_in",
  "lt",
  "lte",
  "gt",
  "gte",
  "regex",
  "contains",
  "exists",
] as const;

const scalar = fc.constantFrom<string | number | boolean | null>(
  0,
  1,
  2.5,
  -1,
  5,
  "5",
  "a",
  "ab",
  "",
  true,
  "true",
  null,
);
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.record({ x: scalar }));
const args = fc.dictionary(fc.constantFrom("a", "b", "n"), value, { maxKeys: 3 });

const wantedBy: { readonly [op in (typeof OPERATORS)[number]]: fc.Arbitrary<ReferenceCondition["value"]> } = {
  eq: value,
  neq: value,
  in: fc.array(scalar, { maxLength: 3 }),
  not_in: fc.array(scalar, { maxLength: 3 }),
  lt: fc.constantFrom(0, 2, 5),
  lte: fc.constantFrom(0, 2, 5),
  gt: fc.constantFrom(0, 2, 5),
  gte: fc.constantFrom(0, 2, 5),
  regex: fc.constantFrom("^a", "b$", "", "[0-9]"),
  contains: value,
  exists: fc.boolean(),
};
const condition: fc.Arbitrary<ReferenceCondition> = fc.constantFrom(...OPERATORS).chain((op) =>
  fc.record({
    path: fc.constantFrom("args.a", "args.b", "args.a.x", "args.n"),
    op: fc.constant(op),
    value: wantedBy[op],
  }),
);

/** Mostly a tool's own counter, sometimes the one of all tools or of another tool. */
const counted = (scope: string): fc.Arbitrary<ReferenceCondition> =>
  fc.record({
    path: fc.constantFrom(`state.${scope}.c`, `state.${scope}.c`, "state._global.c", "state.pay.c"),
    op: fc.constantFrom("lt", "lte", "lte", "gt", "exists"),
    value: fc.constantFrom(1, 3, 7.5, true),
  });

const rule = (scope: string): fc.Arbitrary<ReferenceRule> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        name: fc.constant("arguments"),
        conditions: fc.array(condition, { minLength: 1, maxLength: 2 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        name: fc.constant("rate"),
        rate_limit: fc.constantFrom("1/minute", "3/hour", "4/day"),
      }),
    },
    { weight: 1, arbitrary: fc.constant<ReferenceRule>({ name: "never", action: "deny" }) },
    {
      weight: 3,
      arbitrary: fc.record({
        name: fc.constant("count"),
        conditions: fc.array(fc.oneof(counted(scope), condition), { minLength: 1, maxLength: 2 }),
        state: fc.oneof(
          fc.record({
            counter: fc.constant("c"),
            window: fc.constant("minute"),
            increment: fc.constantFrom(1, 2),
          }),
          fc.record({
            counter: fc.constant("c"),
            window: fc.constant("hour"),
            increment_from: fc.constant("args.n"),
          }),
        ),
      }),
    },
  );

const entry = (scope: string) => fc.record({ rules: fc.array(rule(scope), { maxLength: 3 }) });
const policy: fc.Arbitrary<ReferencePolicy> = fc.record(
  {
    default: fc.constantFrom("allow" as const, "deny" as const),
    hide: fc.uniqueArray(fc.constantFrom("read", "other"), { maxLength: 1 }),
    tools: fc.record({ pay: entry("pay"), read: entry("read"), "*": entry("_global") }, { requiredKeys: [] }),
  },
  { requiredKeys: ["tools"] },
);
const calls = fc.array(
  fc.record({
    tool: fc.constantFrom(...TOOLS, "other"),
    args,
    afterMs: fc.constantFrom(0, 1000, 61_000, 4_000_000),
  }),
  { minLength: 1, maxLength: 12 },
);

describe("policy-spec A6: against a reference of Intercept", () => {
  test("what passes here would pass there, whatever the policy and the calls before", () => {
    fc.assert(
      fc.property(policy, calls, (source, sequence) => {
        const { document } = imported({ version: "1", ...source }, { from: "intercept" });
        const ours = caller(document);
        const theirs = referenceCaller(source);
        let nowMs = 0;
        for (const { tool, args: given, afterMs } of sequence) {
          nowMs += afterMs;
          // Only what passes here is counted there: what is stricter here must not use up quota there.
          if (ours(tool, given, nowMs) === "") expect(theirs(tool, given, nowMs)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  const exact = fc.constantFrom<ReferenceRule>(
    { name: "sum", conditions: [{ path: "args.n", op: "lte", value: 3 }] },
    { name: "kind", conditions: [{ path: "args.kind", op: "in", value: ["a", "b"] }] },
    { name: "not", conditions: [{ path: "args.kind", op: "neq", value: "b" }] },
    {
      name: "both",
      conditions: [
        { path: "args.kind", op: "exists", value: true },
        { path: "args.n", op: "gt", value: 0 },
      ],
    },
    { name: "head", conditions: [{ path: "args.kind", op: "regex", value: "^[ac]" }] },
    { name: "rate", rate_limit: "2/minute" },
  );
  const typedCalls = fc.array(
    fc.record({
      tool: fc.constantFrom("pay", "read", "other"),
      args: fc.record(
        { n: fc.integer({ min: 0, max: 5 }), kind: fc.constantFrom("a", "b", "c") },
        { requiredKeys: [] },
      ),
      afterMs: fc.constantFrom(0, 20_000),
    }),
    { minLength: 1, maxLength: 10 },
  );
  const simple = fc.record(
    {
      default: fc.constantFrom("allow" as const, "deny" as const),
      hide: fc.constantFrom(["read"], ["*"], []),
      tools: fc.dictionary(
        fc.constantFrom("pay", "read", "*"),
        fc.record({ rules: fc.uniqueArray(exact, { maxLength: 3 }) }),
      ),
    },
    { requiredKeys: ["tools"] },
  );

  test("with arguments of the types that the rules speak of, the decisions are the same", () => {
    fc.assert(
      fc.property(simple, typedCalls, (source, sequence) => {
        const { document } = imported({ version: "1", ...source }, { from: "intercept" });
        const ours = caller(document);
        const theirs = referenceCaller(source);
        let nowMs = 0;
        for (const { tool, args: given, afterMs } of sequence) {
          nowMs += afterMs;
          expect(ours(tool, given, nowMs) === "").toBe(theirs(tool, given, nowMs));
        }
      }),
      { numRuns: 300 },
    );
  });
});
