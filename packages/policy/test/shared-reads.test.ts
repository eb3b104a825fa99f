import { describe, expect, it } from "vitest";
import { compilePolicy } from "../src/compile.ts";
import { evaluateCall } from "../src/evaluate.ts";
import type { JsonObject, JsonValue } from "../src/json.ts";

const NAMES = Array.from({ length: 40 }, (_, at) => `arg_${at}`);

/** Denies by rule n when argument n is above 1, or below 0; charges argument 0 and argument 39. */
const makePolicy = () =>
  compilePolicy({
    version: "1",
    default: "deny",
    tools: {
      pay: {
        deny_if: NAMES.map((name) => ({
          conditions: [
            {
              any: [
                { path: `args.${name}`, op: "gt", value: 1 },
                { path: `args["${name}"]`, op: "lt", value: 0 },
                { path: `args.${name}`, op: "lt", value: 0 },
              ],
            },
          ],
        })),
        limits: ["arg_0", "arg_39"].map((name) => ({
          counter: name,
          window: "day",
          max: 100,
          increment_from: `args.${name}`,
        })),
      },
    },
  });

const decide = (args: JsonObject, policy = makePolicy()) =>
  evaluateCall(policy, { tool: "pay", args, nowMs: 0 });
const all = (value: JsonValue): JsonObject => Object.fromEntries(NAMES.map((name) => [name, value]));

describe("policy-spec C3: paths that several rules read", () => {
  it.each(NAMES.flatMap((name, at) => [2, -1].map((value) => [name, value, at] as const)))(
    "%s = %d is what its rule reads, and no other",
    (name, value, at) => {
      expect(decide({ ...all(1), [name]: value }).rule).toBe(`/tools/pay/deny_if/${at}`);
    },
  );

  it("charges what the rules read", () => {
    const { effect, reservations } = decide({ ...all(1), arg_0: 0.5 });
    expect(effect).toBe("allow");
    expect(reservations.map(({ amountMicros }) => amountMicros)).toEqual([500_000, 1_000_000]);
  });

  it("reads each call anew", () => {
    const policy = makePolicy();
    expect(decide(all(1), policy).effect).toBe("allow");
    expect(decide({ ...all(1), arg_7: 3 }, policy).effect).toBe("deny");
    expect(decide(all(1), policy).effect).toBe("allow");
  });

  it("says of a path what its author wrote, however often it is read", () => {
    const { message } = decide({ ...all(1), arg_3: "many" });
    expect(message).toContain("(args.arg_3 is a string, not a number)");
  });

  it.each([null, false, 0, ""])("keeps %j as it is", (value) => {
    const expected = value === 0 ? "allow" : "deny";
    expect(decide({ ...all(1), arg_2: value }).effect).toBe(expected);
  });

  // Two spellings of one path are two paths, and sixteen paths are kept.
  it.each([
    ["arg_0", "three rules and a limit, in two spellings", 2],
    ["arg_7", "three rules, in two spellings", 2],
    ["arg_8", "three rules, none of them kept", 3],
  ])("looks up %s for %s: %d times", (name, _, expected) => {
    let looks = 0;
    const args: JsonObject = Object.defineProperty(all(1), name, {
      enumerable: true,
      get: () => {
        looks += 1;
        return 1;
      },
    });
    expect(decide(args).effect).toBe("allow");
    expect(looks).toBe(expected);
  });
});
