import type { PolicyDocument } from "@portcullis/policy";
import { CATEGORIES, type Category } from "../verdict.ts";
import { type ClassifiedTool, compareWorst } from "./classified-tool.ts";
import { fitTools, type RecommendationWarning } from "./fit-tools.ts";
import { policyText } from "./policy-text.ts";
import type { ToolRecommendation } from "./recommend-tool.ts";
import { toDocument } from "./to-document.ts";

export type CategoryCounts = { readonly [C in Category]: number };

/** One complete policy for all tools of a server. Valid, and without lint warnings for these tools. */
export interface ServerRecommendation {
  readonly server: string;
  readonly document: PolicyDocument;
  /** The document as text for people; the same document when it is read. */
  readonly json: string;
  /** The worst first, each name once. What they say is true of `document`. */
  readonly tools: readonly ToolRecommendation[];
  readonly counts: CategoryCounts;
  /** The ten worst, none of them Read with a low severity. */
  readonly worst: readonly ClassifiedTool[];
  readonly warnings: readonly RecommendationWarning[];
}

const MAX_WORST = 10;

/** The policy for a server with these tools, in whatever order they come. */
export function recommendServer(server: string, tools: readonly ClassifiedTool[]): ServerRecommendation {
  const { recommendations, warnings } = fitTools(tools);
  const sorted = recommendations.toSorted(compareWorst);
  const document = toDocument(server, recommendations);
  return {
    server,
    document,
    json: policyText(document),
    tools: sorted,
    counts: countCategories(sorted),
    worst: sorted
      .filter(({ verdict }) => verdict.severity !== "low" || verdict.category !== "Read")
      .slice(0, MAX_WORST)
      .map(({ tool, verdict }) => ({ tool, verdict })),
    warnings,
  };
}

/** Tools per category. */
export function countCategories(
  tools: readonly { readonly verdict: ClassifiedTool["verdict"] }[],
): CategoryCounts {
  const counts = Object.fromEntries(CATEGORIES.map((category) => [category, 0])) as {
    [C in Category]: number;
  };
  for (const { verdict } of tools) counts[verdict.category] += 1;
  return counts;
}
