import { type Entry, isGlob } from "@portcullis/policy";
import type { ToolDefinition } from "../tool.ts";
import type { Category, Verdict } from "../verdict.ts";
import { type ArgumentRule, adviseArguments } from "./argument-rules.ts";
import type { ClassifiedTool } from "./classified-tool.ts";
import { effectOf } from "./effect.ts";
import type { Fill } from "./fill.ts";
import { CALLS_PER_MINUTE, rateOf } from "./limits.ts";
import { rationaleOf } from "./rationale.ts";

/** What becomes of a tool under the recommended policy. */
export type RecommendationKind = "allow" | "limit" | "approve" | "hide";

/** What the recommended policy does with one tool, and why. Every sentence is true of a document made of it. */
export interface ToolRecommendation {
  readonly tool: ToolDefinition;
  readonly verdict: Verdict;
  readonly kind: RecommendationKind;
  /** What stands in `tools`; undefined where the tool is hidden or left out. */
  readonly entry: Entry | undefined;
  /** True where the tool stands in `hide`. False beside the kind `hide`: left out, and so denied by default. */
  readonly isHidden: boolean;
  readonly argumentRules: readonly ArgumentRule[];
  /** One sentence: what an agent can still do. */
  readonly effect: string;
  readonly rationale: string;
  readonly fill: readonly Fill[];
}

/** How much of the recommendation a document has room for. */
export interface RecommendOptions {
  /**
   * `full` (default); `short`: limits in short, no argument rules; `left-out`: neither an entry nor hidden, so that
   * `default: "deny"` decides.
   */
  readonly detail?: "full" | "short" | "left-out";
}

/** The recommended entry for one tool (a document's `default` is `deny`). */
export function recommendTool(
  { tool, verdict }: ClassifiedTool,
  { detail = "full" }: RecommendOptions = {},
): ToolRecommendation {
  const isNameable = canBeNamed(tool.name);
  const isLeftOut = !isNameable || detail === "left-out";
  const kind = isLeftOut ? "hide" : KIND_OF[verdict.category];
  const isHidden = kind === "hide" && !isLeftOut;
  const isAdvised = kind !== "hide" && detail === "full";
  const advice = isAdvised ? adviseArguments(tool, verdict.category) : { rules: [], entry: {}, fill: [] };
  const entry =
    kind === "hide" ? undefined : { ...baseEntry(tool.name, verdict.category, detail), ...advice.entry };
  return {
    tool,
    verdict,
    kind,
    entry,
    isHidden,
    argumentRules: advice.rules,
    effect: effectOf({ name: tool.name, entry, isHidden }),
    rationale: rationaleOf(verdict),
    fill: advice.fill,
  };
}

/** Longest key of `tools`, in code points (M5). */
const MAX_KEY = 256;

/** True when an entry can name this tool and no other. A `*` is a pattern (T2), and nothing escapes it. */
export function canBeNamed(name: string): boolean {
  return name !== "" && !isGlob(name) && name.isWellFormed() && [...name].length <= MAX_KEY;
}

const KIND_OF: { readonly [C in Category]: RecommendationKind } = {
  Read: "allow",
  Write: "limit",
  Execute: "limit",
  Destructive: "hide",
  Financial: "approve",
};

function baseEntry(name: string, category: Category, detail: "full" | "short" | "left-out"): Entry {
  const isShort = detail !== "full";
  if (category === "Financial") return { action: "require_approval" };
  if (category === "Write" || category === "Execute")
    return rateOf(name, CALLS_PER_MINUTE[category], isShort);
  return {};
}
