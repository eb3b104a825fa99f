import type { PolicyDocument } from "@portcullis/policy";
import { type ApplicableAttack, attacksFor } from "../attacks/attacks-for.ts";
import { policyText } from "./policy-text.ts";
import type { ToolRecommendation } from "./recommend-tool.ts";
import { toDocument } from "./to-document.ts";
import { type FaqItem, toolFaq } from "./tool-faq.ts";

/** Everything that is said of one tool, so that page, FAQ and API cannot disagree. */
export interface ToolReport extends ToolRecommendation {
  readonly server: string;
  /** The policy for this tool alone. */
  readonly document: PolicyDocument;
  readonly json: string;
  readonly faq: readonly FaqItem[];
  readonly attacks: readonly ApplicableAttack[];
}

/** The report on a tool of a server, from `recommendTool` or from the server's recommendation. */
export function reportTool(server: string, recommendation: ToolRecommendation): ToolReport {
  const document = toDocument(server, [recommendation]);
  return {
    ...recommendation,
    server,
    document,
    json: policyText(document),
    faq: toolFaq(server, recommendation),
    attacks: attacksFor(recommendation, server),
  };
}
