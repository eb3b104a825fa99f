import { isGlob } from "@portcullis/policy";
import { type ClassifiedTool, compareNames, compareWorst } from "./classified-tool.ts";
import { counted, quoteCode } from "./plain-text.ts";
import { policyText, utf8Length } from "./policy-text.ts";
import {
  canBeNamed,
  type RecommendOptions,
  recommendTool,
  type ToolRecommendation,
} from "./recommend-tool.ts";
import { toDocument } from "./to-document.ts";

/** What to know before the recommended policy is used. */
export interface RecommendationWarning {
  /** The tool's name; absent where many are meant. */
  readonly tool?: string;
  readonly text: string;
}

/** Most entries and hidden names together: each list may have as many (M5), and lint reads as many tools. */
const MAX_NAMES = 2000;
/** Largest document (M5). */
const MAX_BYTES = 256 * 1024;
/** Room for the description and the lines around. */
const FRAME_BYTES = 2048;
/** Bytes around a name in a line of `tools` with a short entry, and in one of `hide`. */
const ENTRY_BYTES = 80;
const HIDE_BYTES = 8;

interface Fitted {
  readonly recommendations: readonly ToolRecommendation[];
  readonly warnings: readonly RecommendationWarning[];
}

/**
 * Recommendations for which one document has room: with everything; else with limits in short and without rules on
 * arguments; else without the most dangerous tools, which `default: "deny"` then refuses.
 */
export function fitTools(tools: readonly ClassifiedTool[]): Fitted {
  const { unique, warnings } = uniqueTools(tools);
  const odd = unique.filter(({ tool }) => !canBeNamed(tool.name)).flatMap(({ tool }) => oddName(tool.name));
  const before = [...warnings, ...odd];
  const full = unique.map(({ ambiguous, ...one }) =>
    recommendTool(one, { detail: ambiguous ? "short" : "full" }),
  );
  if (fits(full)) return { recommendations: full, warnings: before };
  const short = unique.map((one) => recommendTool(one, { detail: "short" }));
  const noRules = {
    text: `A policy holds at most ${MAX_BYTES / 1024} KiB: the limits are written in short, and the rules on arguments are left out.`,
  };
  if (fits(short)) return { recommendations: short, warnings: [...before, noRules] };
  return keepMildest(unique, [...before, noRules]);
}

function fits(recommendations: readonly ToolRecommendation[]): boolean {
  const named = recommendations.filter(({ entry, isHidden }) => entry !== undefined || isHidden);
  if (named.length > MAX_NAMES) return false;
  return utf8Length(policyText(toDocument("", recommendations))) <= MAX_BYTES - FRAME_BYTES;
}

/** Leaves out from the worst end, hidden tools first: nothing changes for those but the answer to a guessed name. */
function keepMildest(unique: readonly UniqueTool[], before: readonly RecommendationWarning[]): Fitted {
  let names = MAX_NAMES;
  let bytes = MAX_BYTES - FRAME_BYTES;
  let leftOut = 0;
  const recommendations = unique
    .map((one) => ({ one, short: recommendTool(one, { detail: "short" }) }))
    .toSorted((a, b) => Number(a.short.isHidden) - Number(b.short.isHidden) || compareWorst(b.one, a.one))
    .map(({ one, short }) => {
      if (short.entry === undefined && !short.isHidden) return short;
      const size = utf8Length(JSON.stringify(one.tool.name)) + (short.isHidden ? HIDE_BYTES : ENTRY_BYTES);
      if (names > 0 && size <= bytes) {
        names -= 1;
        bytes -= size;
        return short;
      }
      if (!short.isHidden) leftOut += 1;
      const detail: RecommendOptions["detail"] = "left-out";
      return recommendTool(one, { detail });
    });
  if (leftOut === 0) return { recommendations, warnings: before };
  const text = `A policy holds at most ${counted(MAX_NAMES, "name")} and ${MAX_BYTES / 1024} KiB: the ${counted(leftOut, "most dangerous tool")} that had no room are left out, and so refused.`;
  return { recommendations, warnings: [...before, { text }] };
}

interface UniqueTool extends ClassifiedTool {
  /** True where different tools have this name, so that a rule on arguments could be meant for the other one. */
  readonly ambiguous: boolean;
}

/** One tool for each name; of several the worst. The order does not depend on that of the list. */
function uniqueTools(tools: readonly ClassifiedTool[]): {
  readonly unique: readonly UniqueTool[];
  readonly warnings: readonly RecommendationWarning[];
} {
  const warnings: RecommendationWarning[] = [];
  const groups = [...Map.groupBy(tools, ({ tool }) => tool.name)].toSorted(([a], [b]) => compareNames(a, b));
  const unique = groups.flatMap(([name, group]) => {
    const definitions = new Set(group.map(({ tool }) => JSON.stringify(tool)));
    const [worst] = group.toSorted(
      (a, b) => compareWorst(a, b) || compareNames(JSON.stringify(a.tool), JSON.stringify(b.tool)),
    );
    if (worst === undefined) return [];
    if (definitions.size > 1) {
      const text = `The server has ${definitions.size} different tools named ${quoteCode(name)}; the policy is that of the most dangerous one.`;
      warnings.push({ tool: name, text });
    }
    return [{ ...worst, ambiguous: definitions.size > 1 }];
  });
  return { unique, warnings };
}

function oddName(name: string): RecommendationWarning[] {
  const why = isGlob(name)
    ? "has a `*` in its name, which the policy language reads as a pattern"
    : "has a name that no policy can hold (empty, too long, or no Unicode text)";
  return [{ tool: name, text: `${quoteCode(name)} ${why}; it is left out, and so refused.` }];
}
