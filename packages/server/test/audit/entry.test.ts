import canonicalize from "canonicalize";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkpointBody, intentBody, outcomeBody } from "../../src/audit/entry.ts";
import type { IntentEntry } from "../../src/call/ports.ts";
import { intentOf, outcomeOf } from "./fixtures.ts";

describe("bodies are canonical JSON", () => {
  it.each([
    ["a full intent", intentBody(1, intentOf())],
    [
      "absent members",
      intentBody(2, intentOf({ tool: undefined, policy: undefined, argumentsHmac: undefined })),
    ],
    ["neither a tool nor its hash", intentBody(2, intentOf({ tool: undefined, toolHash: undefined }))],
    [
      "hostile text",
      intentBody(3, intentOf({ method: '"\\\u0000\u2028\u{1F600}é', argumentKeys: ['"', "\n"] })),
    ],
    ["an outcome", outcomeBody(4, outcomeOf(1, { latencyMs: 0.1 + 0.2 }))],
    ["an outcome without a status", outcomeBody(5, outcomeOf(1, { httpStatus: undefined }))],
    ["a checkpoint", checkpointBody(6, { size: 5, timeMs: 1_793_491_200_000 })],
  ])("%s", (_, body) => {
    expect(canonicalize(JSON.parse(body))).toBe(body);
  });
});

/** What an entry says, without the way in which it is written. */
function saidBy(seq: number, { argumentsBytes: argumentBytes, ...entry }: IntentEntry): unknown {
  return JSON.parse(JSON.stringify({ ...entry, argumentBytes, kind: "intent", seq }));
}

describe("whatever intents come one after the other", () => {
  const text = fc.constantFrom("", "a", "b", '"', "a".repeat(300));
  const change: fc.Arbitrary<Partial<IntentEntry>> = fc.record(
    {
      time: fc.constantFrom(0, 1_793_491_200_000),
      requestId: text,
      grant: fc.constantFrom("grt_1", "grt_2").map((id) => id as IntentEntry["grant"]),
      grantLabel: text,
      server: text.map((id) => id as IntentEntry["server"]),
      serverName: text,
      method: text,
      tool: fc.option(text, { nil: undefined }),
      toolHash: fc.option(text, { nil: undefined }),
      argumentKeys: fc.array(text, { maxLength: 3 }),
      argumentsHmac: fc.option(text, { nil: undefined }),
      argumentsBytes: fc.option(fc.nat(3), { nil: undefined }),
      policy: fc.option(
        text.map((id) => id as NonNullable<IntentEntry["policy"]>),
        { nil: undefined },
      ),
      policyName: fc.option(text, { nil: undefined }),
      policyVersion: fc.option(fc.nat(3), { nil: undefined }),
      mode: fc.constantFrom("enforce", "shadow"),
      effect: fc.constantFrom("allow", "deny", "hold"),
      rule: text,
      message: fc.oneof(text, fc.constant("a".repeat(3_000))),
      fate: fc.constantFrom("sent", "stopped", "refused"),
    },
    { requiredKeys: [] },
  );
  // An entry like the one before but for a member or two, as an agent's are, or like none.
  const entries = fc
    .array(fc.record({ change, isAnew: fc.boolean() }), { minLength: 2, maxLength: 8 })
    .map((changes) => {
      let last = intentOf();
      return changes.map(({ change: more, isAnew }) => (last = { ...(isAnew ? intentOf() : last), ...more }));
    });

  it("each says what it has, and nothing of another", () => {
    fc.assert(
      fc.property(entries, (some) => {
        for (const [at, entry] of some.entries()) {
          const body = intentBody(at, entry);
          expect(JSON.parse(body)).toEqual(saidBy(at, entry));
          expect(canonicalize(JSON.parse(body))).toBe(body);
        }
      }),
    );
  });

  it("also when there are more than are remembered", () => {
    for (let at = 0; at < 2_500; at += 1) {
      const entry = intentOf({ tool: `tool_${at % 1_300}`, argumentsBytes: at });
      expect(JSON.parse(intentBody(at, entry))).toEqual(saidBy(at, entry));
    }
  });
});
