import { conditionCompiler } from "./condition.ts";
import { compileWallClock } from "./condition-time.ts";
import type { PolicyDocument } from "./document.ts";
import { compileLookup } from "./lookup.ts";
import { compileDefaultAllow, compileEntry, type RuleSet, type Shared } from "./rule-set.ts";
import { type CompiledSections, compileSections } from "./section.ts";
import { SharedReads } from "./shared-reads.ts";

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
  const reads = new SharedReads(compileWallClock(document.time_zone ?? "UTC"));
  const shared: Shared = {
    allTools: document.all_tools ?? {},
    onUnknown: document.on_unknown ?? "deny",
    reads,
    conditions: conditionCompiler(reads),
  };
  return Object.freeze({
    ...compileSections(document),
    governing: remembered(
      compileLookup<Governing>(document, {
        hidden: { kind: "hidden" },
        entry: (key, entry) => compileEntry(key, entry, shared),
        otherwise: document.default === "allow" ? compileDefaultAllow(shared) : { kind: "default-deny" },
      }),
    ),
  });
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
