import type { LintLeaf, LintPredicate } from "./lint-rules.ts";
import { toWarning, type Warning } from "./lint-warning.ts";
import { compilePattern } from "./pattern.ts";
import { MAX_PATTERN } from "./schema-value.ts";

/**
 * Patterns are searched anywhere in the text (section 4). Where a match lets the call go on, one without anchors lets
 * anything pass that has the allowed text somewhere; where a match stops it, searching is what is wanted.
 */
export function lintPattern({ list }: LintPredicate, { leaf, pointer, isPositive }: LintLeaf): Warning[] {
  const { op, value } = leaf;
  if (op !== "regex" || typeof value !== "string") return [];
  const isAllowing = (list === "require") === isPositive;
  if (!hasStrayAnchor(value) && !(isAllowing && looksWhole(value))) return [];
  const message =
    "the pattern is found anywhere in the text, so that more matches than it shows; anchor all of it with `^(?:…)$`";
  const whole = `^(?:${value})$`;
  const isUsable = whole.length <= MAX_PATTERN && compilePattern(whole).ok;
  return [
    isUsable
      ? toWarning(`${pointer}/value`, "unanchored_pattern", message, {
          op: "replace",
          pointer: `${pointer}/value`,
          value: whole,
        })
      : toWarning(`${pointer}/value`, "unanchored_pattern", message),
  ];
}

const FLAGS = /^\(\?[imsU]+\)/;
const STARTS = /^(?:\^|\\A)/;
const ENDS = /(?:^|[^\\])(?:\\\\)*(?:\$|\\z)$/;
/** A class, or a repeated one: beside an anchor, it means all that is left. */
const OPEN_START = /^(?:\[|\\[dws])/;
const OPEN_END = /(?:\]|\\[dws]|\))(?:[+*]|\{\d+(?:,\d*)?\})$/;

function looksWhole(pattern: string): boolean {
  const body = pattern.replace(FLAGS, "");
  const starts = STARTS.test(body);
  const ends = ENDS.test(body);
  // Whoever writes `.*` knows that there may be more.
  if (starts && ends) return false;
  if (starts) return OPEN_END.test(body);
  if (ends) return OPEN_START.test(body);
  return !body.startsWith(".*") && !body.endsWith(".*");
}

/** `^a|b$`: each anchor belongs to one alternative only. */
function hasStrayAnchor(pattern: string): boolean {
  const body = pattern.replace(FLAGS, "");
  const outer = outerAlternatives(body);
  if (outer === undefined) return false;
  const { first, last } = outer;
  return STARTS.test(first) && !ENDS.test(first) && !STARTS.test(last) && ENDS.test(last);
}

/** The first and the last of the alternatives that stand in no group and no class; undefined when there is but one. */
function outerAlternatives(pattern: string): { readonly first: string; readonly last: string } | undefined {
  let outer: { readonly first: string; readonly last: string } | undefined;
  let depth = 0;
  let isClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at];
    if (character === "\\") at += 1;
    else if (isClass) isClass = character !== "]";
    else if (character === "[") isClass = true;
    else if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    else if (character === "|" && depth === 0) {
      outer = { first: outer?.first ?? pattern.slice(0, at), last: pattern.slice(at + 1) };
    }
  }
  return outer;
}
