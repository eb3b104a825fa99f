import type { Category } from "../verdict.ts";
import { listed, plainText, quoteCode, quoteWords } from "./plain-text.ts";
import { MEANING_OF } from "./rationale.ts";
import { canBeNamed, type ToolRecommendation } from "./recommend-tool.ts";

/** A question of a reader, and its answer: plain text, true of the recommended document. */
export interface FaqItem {
  readonly question: string;
  readonly answer: string;
}

/** The six questions about a tool of a server. */
export function toolFaq(server: string, recommendation: ToolRecommendation): readonly FaqItem[] {
  const name = quoteCode(recommendation.tool.name);
  return [
    { question: `What does ${name} do?`, answer: whatItDoes(recommendation) },
    { question: `How do I enforce a policy on ${name}?`, answer: howToEnforce(server, recommendation) },
    { question: `How dangerous is ${name}?`, answer: howDangerous(recommendation) },
    { question: `Can ${name} be rate-limited?`, answer: canBeLimited(recommendation) },
    { question: `How do I block ${name} completely?`, answer: howToBlock(recommendation) },
    { question: `Which server provides ${name}?`, answer: `${quoteCode(server)} lists it.` },
  ];
}

const ARTICLE: { readonly [C in Category]: string } = {
  Read: "a",
  Write: "a",
  Execute: "an",
  Destructive: "a",
  Financial: "a",
};

function whatItDoes({ tool, verdict: { category } }: ToolRecommendation): string {
  const own = tool.description === undefined ? "" : firstSentence(tool.description);
  const says = own === "" ? "Its server gives no description." : `Its server says: ${quoteWords(own)}.`;
  return `${says} We call it ${ARTICLE[category]} ${category} tool: it ${MEANING_OF[category]}.`;
}

function firstSentence(description: string): string {
  return (
    plainText(description, 400)
      .split(/[.!?] (?=\p{Lu})/u)[0]
      ?.replace(/[.!?]$/, "") ?? ""
  );
}

function howToEnforce(server: string, { effect }: ToolRecommendation): string {
  return `Register ${quoteCode(server)} with Portcullis, publish the recommended policy for it, and point your client at the gateway's URL with a grant that has this policy. Then: ${effect}`;
}

function howDangerous({ verdict, rationale }: ToolRecommendation): string {
  const { category, risk, severity, confidence } = verdict;
  const raised = severity === risk ? "" : ` What else it can do raises the severity to ${severity}.`;
  return `Its risk is ${risk}, as of every ${category} tool.${raised} ${rationale} Confidence: ${Math.round(confidence * 100)} %.`;
}

function canBeLimited({ tool, entry, isHidden }: ToolRecommendation): string {
  if (!canBeNamed(tool.name))
    return "No: no entry can name this tool alone, so it is left out, and every call is refused.";
  const example = `"rate_limit": { "max": 10, "window": "minute" }`;
  if (entry === undefined) {
    const now = isHidden ? "hides it" : "leaves it out";
    return `Yes, but the recommended policy ${now}, so that no call runs at all. To use it with a limit, take it out of \`hide\` and give it an entry with ${example}.`;
  }
  const limit = entry.limits?.[0]?.max ?? entry.rate_limit?.max;
  if (limit !== undefined)
    return `Yes. The recommended entry admits ${limit} calls in each minute of the clock for each grant.`;
  return `Yes: add ${example} to its entry. The recommended entry has no limit.`;
}

function howToBlock({ tool, entry, isHidden }: ToolRecommendation): string {
  const name = JSON.stringify(tool.name);
  if (isHidden)
    return "The recommended policy does: the tool stands in `hide`, so that agents do not see it, and a call by its name is refused.";
  if (entry === undefined)
    return "The recommended policy does: it leaves the tool out, so that agents do not see it, and every call is refused.";
  return `Take its entry out of \`tools\` and write "hide": [${name}]; agents then do not see it, and a call by its name is refused. Without hiding, ${listed(['"action": "deny"'])} as its whole entry refuses every call.`;
}
