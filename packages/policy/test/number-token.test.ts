import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decimalPlaces, isExactNumberToken } from "../src/number-token.ts";

describe("isExactNumberToken (policy-spec C7)", () => {
  test.each([
    ["zero", "0"],
    ["negative zero", "-0"],
    ["zero with a huge exponent", "0e99999"],
    ["a decimal without a finite binary form", "0.1"],
    ["a written zero decimal", "1.0"],
    ["an exponent", "5e0"],
    ["a capital exponent with a sign", "1.5E+3"],
    ["a negative number", "-12.25"],
    ["2^53", "9007199254740992"],
    ["2^53 - 1 with decimals", "9007199254740991.000"],
    ["the largest finite value", "1.7976931348623157e308"],
    ["the smallest value", "5e-324"],
    ["a power of ten beyond 2^53", "100000000000000000000"],
    ["leading zeros, as YAML writes them", "007"],
    ["a plus sign, as YAML writes it", "+1"],
    ["no digit before the dot, as YAML writes it", ".5"],
    ["no digit after the dot, as YAML writes it", "5."],
    ["a sum that is the shortest form of itself", "0.30000000000000004"],
  ])("accepts %s: %s", (_name, token) => {
    expect(isExactNumberToken(token)).toBe(true);
  });

  test.each([
    ["2^53 + 1", "9007199254740993"],
    ["beyond binary64", "1e400"],
    ["below binary64", "1e-400"],
    ["a fraction of 20 digits", "0.10000000000000000555"],
    ["the exact value of a double that is not its shortest form", "1152921504606846976"],
    ["a negative integer too long", "-9007199254740993"],
    ["an exponent that no number holds", `1e${"9".repeat(400)}`],
    ["not a number", "abc"],
    ["nothing", ""],
    ["a sign alone", "-"],
    ["an exponent alone", "e5"],
    ["a dot alone", "."],
    ["hexadecimal", "0x10"],
    ["infinity of YAML", ".inf"],
    ["infinity of JavaScript", "Infinity"],
    ["a number in white space", " 1"],
  ])("refuses %s: %s", (_name, token) => {
    expect(isExactNumberToken(token)).toBe(false);
  });

  test("accepts what JSON.stringify writes, and no neighbour of more digits", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => value !== 0),
        (value) => {
          const token = JSON.stringify(value);
          expect(isExactNumberToken(token)).toBe(true);
          const [digits = "", exponent = ""] = token.split("e");
          const longer = `${digits}${digits.includes(".") ? "" : "."}${"0".repeat(20)}1`;
          expect(isExactNumberToken(exponent === "" ? longer : `${longer}e${exponent}`)).toBe(false);
        },
      ),
    );
  });

  test("every decimal of 15 digits survives", () => {
    const digits = fc.integer({ min: 0, max: 999_999_999_999_999 }).map(String);
    fc.assert(
      fc.property(digits, fc.nat({ max: 15 }), fc.integer({ min: -200, max: 200 }), (text, dot, exponent) => {
        expect(isExactNumberToken(`${text.slice(0, dot)}.${text.slice(dot)}e${exponent}`)).toBe(true);
      }),
    );
  });

  test.each([
    ["zeros before a digit", `0.${"0".repeat(262_000)}1`],
    ["zeros within digits", `1${"0".repeat(131_000)}1${"0".repeat(131_000)}1`],
    ["nines", "9".repeat(262_000)],
  ])("judges 256 KiB of %s in linear time", (_name, token) => {
    const startMs = performance.now();
    expect(isExactNumberToken(token)).toBe(false);
    // Quadratic work on so many digits takes minutes.
    expect(performance.now() - startMs).toBeLessThan(2000);
  });
});

describe("decimalPlaces (policy-spec L2)", () => {
  test.each([
    [0, 0],
    [5, 0],
    [1.1, 1],
    [-0.25, 2],
    [0.000001, 6],
    [1e-7, 7],
    [1.5e-7, 8],
    [1e21, 0],
    [Number.POSITIVE_INFINITY, 0],
  ])("%d has %d decimals", (value, places) => {
    expect(decimalPlaces(value)).toBe(places);
  });
});
