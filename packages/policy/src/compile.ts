import { conditionCompiler } from "./condition.ts";
import { compileWallClock } from "./condition-time.ts";
import type { Entry, PolicyDocument } from "./document.ts";
import { globLiesInside, globMatches, isGlob, literalCount } from "./glob.ts";
import { compileDefaultAllow, compileEntry, type RuleSet, type Shared } from "./rule-set.ts";
import { type CompiledSections, compileSections } from "./section.ts";

/** A document in the form calls are decided by: immutable, shared by every call of one version (M7). */
export interface CompiledPolicy extends CompiledSections {
  /** What governs a tool (section 2); constant time for a name that was asked before. */
  readonly governing: (tool: string) => Governing;
}

/** What section 2 says of one tool name. */
export type Governing = { readonly kind: "hidden" } | { readonly kind: "default-deny" } | RuleSet;

/**
 * Compiles a document that `parsePolicy` or `validatePolicy` returned; throws on any other, which is a bug
 * of the caller.
 */
export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  const clock = compileWallClock(document.time_zone ?? "UTC");
  const shared: Shared = {
    allTools: document.all_tools ?? {},
    onUnknown: document.on_unknown ?? "deny",
    clock,
    conditions: conditionCompiler(clock),
  };
  return Object.freeze({
    ...compileSections(document),
    governing: remembered(compileLookup(document, shared)),
  });
}

interface CompiledGlob {
  readonly key: string;
  readonly literals: number;
  readonly denies: boolean;
  readonly rules: RuleSet;
}

/** Section 2: `hide`, then the exact key, then the globs, then `default`. */
function compileLookup(document: PolicyDocument, shared: Shared): (tool: string) => Governing {
  const hide = document.hide ?? [];
  const hidden = new Set(hide.filter((entry) => !isGlob(entry)));
  const hiddenGlobs = hide.filter(isGlob);
  const entries = Object.entries(document.tools ?? {});
  const exact = new Map<string, RuleSet>();
  for (const [key, entry] of entries) {
    if (!isGlob(key)) exact.set(key, compileEntry(key, entry, shared));
  }
  const globs = entries
    .filter(([key]) => isGlob(key))
    .map(([key, entry]) => compileGlob(key, entry, shared))
    .sort((a, b) => b.literals - a.literals);
  const otherwise: Governing =
    document.default === "allow" ? compileDefaultAllow(shared) : { kind: "default-deny" };
  return (tool) => {
    // T4: `hide` beats every entry.
    if (hidden.has(tool) || hiddenGlobs.some((glob) => globMatches(glob, tool))) return HIDDEN;
    return exact.get(tool) ?? governingGlob(globs, tool)?.rules ?? otherwise;
  };
}

const HIDDEN: Governing = { kind: "hidden" };

function compileGlob(key: string, entry: Entry, shared: Shared): CompiledGlob {
  return {
    key,
    literals: literalCount(key),
    denies: entry.action === "deny",
    rules: compileEntry(key, entry, shared),
  };
}

/**
 * T3: the glob with the most literals, unless a denying one matches that it does not lie inside. Where several
 * deny, the one with the most literals decides. `globs` are in falling order of literals.
 */
function governingGlob(globs: readonly CompiledGlob[], tool: string): CompiledGlob | undefined {
  const matching = globs.filter(({ key }) => globMatches(key, tool));
  const [first] = matching;
  if (first === undefined || first.denies) return first;
  return matching.find(({ denies, key }) => denies && !globLiesInside(first.key, key)) ?? first;
}

/** Names remembered per policy; far above any server's tool list, far below what would weigh on memory. */
const MAX_REMEMBERED_TOOLS = 4096;

/** Remembers answers. Strangers choose names, so the memory is bounded: full, it starts again. */
function remembered(lookup: (tool: string) => Governing): (tool: string) => Governing {
  const known = new Map<string, Governing>();
  return (tool) => {
    const before = known.get(tool);
    if (before !== undefined) return before;
    const governing = lookup(tool);
    if (known.size >= MAX_REMEMBERED_TOOLS) known.clear();
    known.set(tool, governing);
    return governing;
  };
}
