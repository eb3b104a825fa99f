import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  freshCharacter,
  globLiesInside,
  globMatches,
  globsOverlap,
  isGlob,
  literalCount,
} from "../src/glob.ts";

describe("policy-spec T2: `*` is any run of characters and nothing else is special", () => {
  it.each([
    ["*", "", true],
    ["*", "anything", true],
    ["get_*", "get_", true],
    ["get_*", "get", false],
    ["*_x", "a_x", true],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["*b*b*", "ab", false],
    ["*b*b*", "abcb", true],
    ["a*b*c", "aXbXbXc", true],
    ["a*bc*c", "abc", false],
    ["**", "x", true],
    ["a.c*", "abcd", false],
    ["a?*", "ab", false],
    ["[ab]*", "a", false],
    ["exact", "exact", true],
    ["exact", "Exact", false],
    ["é*", "e\u0301x", false],
    ["😀*", "😀x", true],
    ["\ud83d*", "😀", false],
    ["*\ude00", "😀", false],
    ["*\ud83d*", "a😀", false],
    ["*\ud83d*", "😀\ud83dx", true],
  ])("T1: `%s` against `%s`", (glob, name, matches) => {
    expect(globMatches(glob, name)).toBe(matches);
  });

  it("knows a glob by its star", () => {
    expect([isGlob("get_*"), isGlob("get_?"), isGlob("")]).toEqual([true, false, false]);
  });

  it("takes linear time where a backtracking matcher would not end", () => {
    expect(globMatches("*a".repeat(120), `${"a".repeat(50_000)}b`)).toBe(false);
  });
});

describe("policy-spec T3: ranks and relations of globs", () => {
  it.each([
    ["*", 0],
    ["get_*", 4],
    ["*😀é*", 2],
    ["\ud83d*\ude00", 2],
  ])("`%s` has so many literal code points", (glob, count) => {
    expect(literalCount(glob)).toBe(count);
  });

  it.each([
    ["get_user_*", "*secret*", true],
    ["a*", "*b", true],
    ["a*", "b*", false],
    ["*a", "*b", false],
    ["*ab", "*b", true],
    ["ab*", "a*c", true],
    ["a*c", "abc", true],
    ["abc", "a*d", false],
    ["abc", "abd", false],
    ["a*b", "aXb", true],
    ["*", "*", true],
    ["a*a", "a", false],
  ])("whether one name can match `%s` and `%s`", (a, b, overlap) => {
    expect([globsOverlap(a, b), globsOverlap(b, a)]).toEqual([overlap, overlap]);
  });

  it.each([
    ["get_*", "*", true],
    ["*", "get_*", false],
    ["get_user_*", "*secret*", false],
    ["*_secret_*", "*secret*", true],
    ["a*b", "a*b", true],
    ["a*", "a*b", false],
    ["ab*", "a*b", false],
    ["\ue000*", "\ue000*", true],
    ["*", "\ue000*", false],
  ])("whether `%s` lies inside `%s`", (x, d, inside) => {
    expect(globLiesInside(x, d)).toBe(inside);
  });

  const glob = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 6 });
  const name = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });

  it("agrees with a regular expression", () => {
    fc.assert(
      fc.property(glob, name, (pattern, text) => {
        const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`, "u").test(text);
        expect(globMatches(pattern, text)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it("a name that matches both proves an overlap, and what lies inside matches wherever the inner one does", () => {
    fc.assert(
      fc.property(glob, glob, name, (a, b, text) => {
        const both = globMatches(a, text) && globMatches(b, text);
        expect(both && !globsOverlap(a, b)).toBe(false);
        expect(globLiesInside(a, b) && globMatches(a, text) && !globMatches(b, text)).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  it("an overlap has a name that proves it", () => {
    const names = allNames(8);
    fc.assert(
      fc.property(glob, glob, (a, b) => {
        const shared = names.some((text) => globMatches(a, text) && globMatches(b, text));
        // Longer globs may only share longer names.
        fc.pre(literalCount(a) + literalCount(b) <= 8);
        expect(globsOverlap(a, b)).toBe(shared);
      }),
      { numRuns: 500 },
    );
  });
});

it.each([
  ["nothing", "", "\ue000"],
  ["letters", "get_*", "\ue000"],
  ["characters that were fresh before", "\ue001\ue000*", "\ue002"],
])("policy-spec T3: a character that %s does not have", (_, text, fresh) => {
  expect(freshCharacter(text)).toBe(fresh);
});

function allNames(maxLength: number): string[] {
  const names = [""];
  for (const name of names) {
    if (name.length < maxLength) names.push(`${name}a`, `${name}b`);
  }
  return names;
}
