import { RE2JS } from "re2js";
import { err, ok, type Result } from "./result.ts";

/** A compiled regular expression in RE2 syntax; matching takes time linear in the text (M7). */
export interface Pattern {
  readonly source: string;
  /** True when the pattern is found anywhere in the text; `$` is the end of the text. */
  matches(text: string): boolean;
}

/** Largest program that a pattern may compile to, as `programSize()` counts (section 4, `regex`). */
export const MAX_PATTERN_INSTRUCTIONS = 1000;

/** Compiles a pattern of the `regex` operator. The error is a sentence for the author. */
export function compilePattern(source: string): Result<Pattern, string> {
  const compiled = compileRe2(source);
  if (!compiled.ok) return compiled;
  const program = compiled.value;
  const size = program.programSize();
  if (size > MAX_PATTERN_INSTRUCTIONS) {
    return err(`pattern compiles to ${size} instructions; at most ${MAX_PATTERN_INSTRUCTIONS} are allowed`);
  }
  return ok({ source, matches: (text) => program.test(text) });
}

function compileRe2(source: string): Result<RE2JS, string> {
  try {
    return ok(RE2JS.compile(source));
  } catch (cause) {
    // The library throws errors alone.
    return err(`pattern does not compile: ${(cause as Error).message}; only RE2 syntax is supported`);
  }
}
