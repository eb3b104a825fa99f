import { isExactNumberToken } from "@portcullis/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("faithful numbers (policy-spec C7, threats 4 and 5)", () => {
  it.each([
    ["zero", "0"],
    ["minus zero is zero", "-0"],
    ["zero with a fraction and any exponent", "0.000e99999999999999999999"],
    ["a short fraction", "0.1"],
    ["a trailing zero", "1.0"],
    ["an exponent of nothing", "5e0"],
    ["an upper-case exponent with a sign", "1E+3"],
    ["another spelling of 1000", "0.1e4"],
    ["2^53", "9007199254740992"],
    ["the largest double", "1.7976931348623157e308"],
    ["the smallest double", "5e-324"],
    ["42 digits that are a power of ten", `1${"0".repeat(41)}`],
    ["a power of ten spelled with a mantissa of many zeros", `1${"0".repeat(400)}e-400`],
    ["20 digits that are the shortest decimal", "12345678901234567000"],
    ["0.1 with a million zeros behind", `0.1${"0".repeat(1_000_000)}`],
  ])("accepts %s", (_name, token) => {
    expect(isExactNumberToken(token)).toBe(true);
  });

  it.each([
    ["2^53 + 1", "9007199254740993"],
    ["its negative", "-9007199254740993"],
    ["20 digits", "12345678901234567890"],
    ["overflow", "1e400"],
    ["overflow by the mantissa", "10e308"],
    ["underflow to zero", "1e-400"],
    ["an exponent beyond any integer", "1e-99999999999999999999999"],
    ["a fraction of 20 digits", "0.10000000000000000555"],
    ["the exact binary value of 0.1", "0.1000000000000000055511151231257827"],
    ["a denormal with too many digits", "2.2250738585072011e-308"],
    ["a million digits", "7".repeat(1_000_000)],
    ["a fraction of a million digits", `0.${"3".repeat(1_000_000)}`],
  ])("refuses %s", (_name, token) => {
    expect(isExactNumberToken(token)).toBe(false);
  });

  it("accepts every spelling that String() gives", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
        isExactNumberToken(JSON.stringify(value)),
      ),
    );
  });

  it("agrees with exact arithmetic on any token", () => {
    const digits = fc.stringMatching(/^(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?$/);
    fc.assert(
      fc.property(digits, fc.boolean(), (magnitude, isNegative) => {
        const token = isNegative ? `-${magnitude}` : magnitude;
        expect(isExactNumberToken(token)).toBe(isEqualExactly(token, String(Number(token))));
      }),
      { numRuns: 5_000 },
    );
  });
});

/** By cross-multiplied integers, without looking at digits. */
function isEqualExactly(left: string, right: string): boolean {
  const [a, b] = [toFraction(left), toFraction(right)];
  return a.over * b.under === b.over * a.under;
}

function toFraction(token: string): { over: bigint; under: bigint } {
  const [mantissa = "", exponent = "0"] = token.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const power = Number(exponent) - fraction.length;
  const over = BigInt(whole + fraction);
  const scale = 10n ** BigInt(Math.abs(power));
  return power >= 0 ? { over: over * scale, under: 1n } : { over, under: scale };
}
