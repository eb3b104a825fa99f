import { describe, expect, it } from "vitest";
import { compilePattern } from "../src/pattern.ts";

function matches(source: string, text: string): boolean {
  const pattern = compilePattern(source);
  if (!pattern.ok) throw new Error(pattern.error);
  return pattern.value.matches(text);
}

describe("policy-spec section 4, `regex`", () => {
  it.each([
    ["is unanchored", "b", "abc", true],
    ["is whole when written so", "^b$", "abc", false],
    ["`$` is the end of the text, not of a line", "a$", "a\n", false],
    ["`.` leaves out the line end", "^a.b$", "a\nb", false],
    ["has no flags unless written", "A", "a", false],
    ["takes a written flag", "(?i)A", "a", true],
    ["reads code points", "^.$", "😀", true],
    ["does not match half a character", "\ud83d", "😀", false],
    ["matches the empty pattern", "", "", true],
  ])("%s", (_, source, text, expected) => {
    expect(matches(source, text)).toBe(expected);
  });

  it.each([
    [
      "an open group",
      "(",
      "pattern does not compile: error parsing regexp: missing closing ): `(`; only RE2 syntax is supported",
    ],
    [
      "a look-ahead",
      "(?=a)",
      "pattern does not compile: error parsing regexp: invalid or unsupported Perl syntax: `(?=`; only RE2 syntax is supported",
    ],
    [
      "a back reference",
      "(a)\\1",
      "pattern does not compile: error parsing regexp: invalid escape sequence: `\\1`; only RE2 syntax is supported",
    ],
    [
      "a program of 1,002 instructions",
      "a{1000}",
      "pattern compiles to 1002 instructions; at most 1000 are allowed",
    ],
  ])("refuses %s", (_, source, error) => {
    expect(compilePattern(source)).toEqual({ ok: false, error });
  });

  it("M7: takes linear time where a backtracking engine would not end", () => {
    expect(matches("^(a+)+$", `${"a".repeat(60_000)}b`)).toBe(false);
  });
});
