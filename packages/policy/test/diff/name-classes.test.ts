import { describe, expect, it } from "vitest";
import { findNameClasses } from "../../src/diff/name-classes.ts";
import { globMatches } from "../../src/glob.ts";
import { GLOBS } from "../reference/pool-names.ts";
import { type Random, seededRandom } from "../reference/random.ts";

const SEED = Number(process.env["PORTCULLIS_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

const matchesOf = (globs: readonly string[], name: string): string =>
  globs.map((glob) => globMatches(glob, name)).join();

describe("one name for each set of globs (policy-spec T3)", () => {
  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ["no globs", [], [], [""]],
    ["a beginning", ["get_*"], [], ["", "get_"]],
    ["an end", ["*_x"], [], ["", "_x"]],
    ["everything", ["*"], [], [""]],
    ["two that overlap", ["a*", "*b"], [], ["", "a", "b", "ab"]],
    ["one that begins another", ["a*", "ab*"], [], ["", "a", "ab"]],
    ["the same written twice", ["a*", "a**"], [], ["", "a"]],
    ["what ends and begins with the same", ["aa*", "*aa"], [], ["", "aa", "aa\ue000", "\ue000aa"]],
    ["ignored beginnings are not gone into", ["a*", "ab*", "c*"], ["a*"], ["", "c"]],
    ["ignored ends are gone through", ["*a", "*ab"], ["*a"], ["", "ab"]],
    ["characters of two units", ["😀*", "*"], [], ["", "😀"]],
  ])("%s", (_, globs, ignored, names) => {
    const { names: found, isComplete } = findNameClasses(globs, new Set(ignored));
    expect(isComplete).toBe(true);
    expect([...found].sort()).toEqual([...names].sort());
  });

  it("every name has a class, and no two classes are the same", () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 100; round += 1) {
      const globs = random.subset(GLOBS, 0, 6);
      const { names } = findNameClasses(globs, new Set());
      const classes = names.map((name) => matchesOf(globs, name));
      expect(new Set(classes).size).toBe(classes.length);
      for (let tried = 0; tried < 20; tried += 1) {
        const name = makeName(random, globs);
        expect(classes, JSON.stringify({ SEED, globs, name })).toContain(matchesOf(globs, name));
      }
    }
  });

  it("too many ways to overlap are not gone through", () => {
    const words = Array.from({ length: 30 }, (_, index) => `*w${String.fromCharCode(97 + index)}*`);
    expect(findNameClasses(words, new Set()).isComplete).toBe(false);
    expect(findNameClasses(words, new Set(words))).toEqual({ names: [""], isComplete: true });
  });
});

/** A glob, or two in a row, with something for the stars. */
function makeName(random: Random, globs: readonly string[]): string {
  const parts = globs.length === 0 ? ["a"] : random.some(1, 2, () => random.pick(globs));
  return parts
    .join(random.pick(["", "_", "x"]))
    .replaceAll("*", () => random.pick(["", "a", "b", "user", "secret", "😀"]));
}
