import type { Entry, PolicyDocument } from "./document.ts";
import { globLiesInside, globMatches, isGlob, literalCount } from "./glob.ts";

/** What each part of a document says of the tools that it governs. */
export interface Answers<T> {
  readonly hidden: T;
  readonly entry: (key: string, entry: Entry) => T;
  /** For a tool that nothing names. */
  readonly otherwise: T;
}

/** Section 2 for one document: `hide`, then the exact key, then the globs, then `default`. */
export function compileLookup<T>(
  document: Pick<PolicyDocument, "hide" | "tools">,
  answers: Answers<T>,
): (tool: string) => T {
  const hide = document.hide ?? [];
  const hidden = new Set(hide.filter((entry) => !isGlob(entry)));
  const hiddenGlobs = hide.filter(isGlob);
  const exact = new Map<string, T>();
  const globs: RankedGlob<T>[] = [];
  for (const [key, entry] of Object.entries(document.tools ?? {})) {
    const answer = answers.entry(key, entry);
    if (!isGlob(key)) exact.set(key, answer);
    else globs.push({ key, literals: literalCount(key), denies: entry.action === "deny", answer });
  }
  globs.sort((a, b) => b.literals - a.literals);
  return (tool) => {
    // T4: `hide` beats every entry.
    if (hidden.has(tool) || hiddenGlobs.some((glob) => globMatches(glob, tool))) return answers.hidden;
    return exact.get(tool) ?? governingGlob(globs, tool)?.answer ?? answers.otherwise;
  };
}

interface RankedGlob<T> {
  readonly key: string;
  readonly literals: number;
  readonly denies: boolean;
  readonly answer: T;
}

/**
 * T3: the glob with the most literals, unless a denying one matches that it does not lie inside. Where several
 * deny, the one with the most literals decides. `globs` are in falling order of literals.
 */
function governingGlob<T>(globs: readonly RankedGlob<T>[], tool: string): RankedGlob<T> | undefined {
  const matching = globs.filter(({ key }) => globMatches(key, tool));
  const [first] = matching;
  if (first === undefined || first.denies) return first;
  return matching.find(({ denies, key }) => denies && !globLiesInside(first.key, key)) ?? first;
}
