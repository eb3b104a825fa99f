import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePolicy } from "../src/compile.ts";
import { evaluateCall } from "../src/evaluate.ts";
import { toMicros } from "../src/limit.ts";

describe("policy-spec L2: amounts as exact millionths", () => {
  it.each([
    [0, 0],
    [-0, 0],
    [1, 1_000_000],
    [0.1, 100_000],
    [1.1, 1_100_000],
    [0.000001, 1],
    [1.000001, 1_000_001],
    [4.35, 4_350_000],
    [1_234_567.891234, 1_234_567_891_234],
    [8_999_999_999.999998, 8_999_999_999_999_998],
    [9_000_000_000, 9_000_000_000_000_000],
  ])("%d", (amount, micros) => {
    expect(toMicros(amount)).toEqual({ ok: true, value: micros });
  });

  it.each([
    [-0.1, "is negative"],
    [9_000_000_000.000002, "is above 9000000000"],
    [Number.MAX_VALUE, "is above 9000000000"],
    [Number.NaN, "is above 9000000000"],
    [0.0000001, "has more than 6 decimals"],
    [1.5e-7, "has more than 6 decimals"],
    [1.0000001, "has more than 6 decimals"],
    [1.2345678, "has more than 6 decimals"],
    [Number.MIN_VALUE, "has more than 6 decimals"],
  ])("%d has none", (amount, error) => {
    expect(toMicros(amount)).toEqual({ ok: false, error });
  });

  it("counts the digits of the shortest decimal, whatever the amount", () => {
    const decimals = fc.integer({ min: 0, max: 8_999_999_999_999_999 }).map((micros) => micros / 1e6);
    const near = fc
      .tuple(fc.integer({ min: 1, max: 8_589_934_592 }), fc.integer({ min: -40, max: 40 }))
      .map(([whole, steps]) => whole + steps * 2 ** -21);
    fc.assert(
      fc.property(fc.oneof(decimals, near, fc.double({ min: 0, max: 9e9, noNaN: true })), (amount) => {
        expect(toMicros(amount)).toEqual(byDigits(amount));
      }),
    );
  });

  it("denies where a path of many values slipped through validation", () => {
    const limits = [{ counter: "c", window: 1, max: 1, increment_from: "args[*]" }];
    const policy = compilePolicy({ version: "1", default: "deny", tools: { t: { limits } } });
    expect(evaluateCall(policy, { tool: "t", nowMs: 0, args: [1] }).message).toBe(
      "Denied by rule /tools/t/limits/0. (args[*] is missing)",
    );
  });

  const policy = compilePolicy({
    version: "1",
    default: "deny",
    on_unknown: "pass",
    tools: { t: { limits: [{ counter: "c", window: 1, max: 1, increment_from: "args.n" }] } },
  });
  it.each([
    ["missing", {}, "args.n is missing"],
    ["null", { n: null }, "args.n is null"],
    ["text", { n: "5" }, "args.n is a string, not a number"],
    ["a boolean", { n: true }, "args.n is a boolean, not a number"],
    ["a list", { n: [5] }, "args.n is an array, not a number"],
    ["an object", { n: {} }, "args.n is an object, not a number"],
    ["negative", { n: -1 }, "args.n is negative"],
    ["too large", { n: 1e10 }, "args.n is above 9000000000"],
    ["too fine", { n: 0.0000001 }, "args.n has more than 6 decimals"],
  ])("denies an amount that is %s", (_, args, why) => {
    expect(evaluateCall(policy, { tool: "t", nowMs: 0, args })).toEqual({
      effect: "deny",
      rule: "/tools/t/limits/0",
      message: `Denied by rule /tools/t/limits/0. (${why})`,
      reservations: [],
    });
  });
});

/** The definition: the digits of the shortest decimal, moved by six places (C7). */
function byDigits(amount: number): ReturnType<typeof toMicros> {
  const [whole = "", fraction = ""] = String(amount).split(".");
  const isExponent = String(amount).includes("e");
  if (isExponent || fraction.length > 6) return { ok: false, error: "has more than 6 decimals" };
  return { ok: true, value: Number(`${whole}${fraction.padEnd(6, "0")}`) };
}
