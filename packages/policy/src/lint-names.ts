import type { Entry, PolicyDocument } from "./document.ts";
import { globLiesInside, globsOverlap, isGlob, literalCount } from "./glob.ts";
import { escapeToken } from "./lint-rules.ts";
import { toWarning, type Warning } from "./lint-warning.ts";
import { quote } from "./schema-report.ts";

/** What keys, `hide` and `default` say of each other (section 2). */
export function lintNames(document: PolicyDocument): readonly Warning[] {
  const entries = Object.entries(document.tools ?? {});
  const star = entries.find(([key]) => isGlob(key) && literalCount(key) === 0);
  return [
    ...(star === undefined ? [] : lintStar(document, star, entries.length)),
    ...lintHidden(
      entries.map(([key]) => key),
      document.hide ?? [],
    ),
    ...lintOverlaps(
      entries
        .map(([key]) => key)
        .filter(isGlob)
        .slice(0, MAX_GLOBS),
    ),
  ];
}

function lintStar(document: PolicyDocument, [key, entry]: [string, Entry], count: number): Warning[] {
  const rules = ["require", "deny_if", "approve_if", "limits"] as const;
  const meantForAll = count > 1 && rules.some((list) => (entry[list] ?? []).length > 0);
  return [
    toWarning(
      "/default",
      "dead_default",
      `\`default: "${document.default}"\` decides no tool, because ${quote(key)} in \`tools\` governs every one; it still decides resources and prompts`,
    ),
    ...(meantForAll
      ? [
          toWarning(
            `/tools/${escapeToken(key)}`,
            "star_entry",
            `the rules of ${quote(key)} do not apply to tools that another entry governs; move them to \`all_tools\` if they are meant for all`,
          ),
        ]
      : []),
  ];
}

/** T4: of a glob, only what a `hide` entry covers wholly is dead. */
function lintHidden(keys: readonly string[], hide: readonly string[]): Warning[] {
  const names = new Set(hide);
  const globs = hide.filter(isGlob).slice(0, MAX_GLOBS);
  return keys.flatMap((key) => {
    const by = names.has(key) ? key : globs.find((glob) => globLiesInside(key, glob));
    if (by === undefined) return [];
    const pointer = `/tools/${escapeToken(key)}`;
    const message = `${quote(by)} in \`hide\` hides every tool that ${quote(key)} names; remove one of them`;
    return [toWarning(pointer, "hidden_entry", message, { op: "remove", pointer })];
  });
}

/** Globs that are compared with each other or with every key, which takes time in the square of their number. */
const MAX_GLOBS = 500;

/** Overlaps that are reported; the pairs of 2,000 globs would be two million. */
const MAX_OVERLAPS = 100;

function lintOverlaps(globs: readonly string[]): Warning[] {
  const warnings: Warning[] = [];
  for (const [index, glob] of globs.entries()) {
    // One partner is enough to see that the order of rank decides.
    const other = globs.slice(0, index).find((one) => overlapPartly(one, glob));
    if (other === undefined) continue;
    const winner = literalCount(glob) > literalCount(other) ? glob : other;
    const message = `${quote(glob)} and ${quote(other)} match some of the same names; there ${quote(winner)} governs, unless the other one denies`;
    warnings.push(toWarning(`/tools/${escapeToken(glob)}`, "overlapping_globs", message));
    if (warnings.length === MAX_OVERLAPS) break;
  }
  return warnings;
}

function overlapPartly(a: string, b: string): boolean {
  return globsOverlap(a, b) && !globLiesInside(a, b) && !globLiesInside(b, a);
}
