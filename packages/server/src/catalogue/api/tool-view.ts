import {
  type ApplicableAttack,
  attacksFor,
  type FaqItem,
  recommendServer,
  type ServerRecommendation,
  type ToolRecommendation,
  toolFaq,
} from "@portcullis/catalogue";
import { serverPath, toolPath } from "../pages/paths.ts";
import type { CatalogueReader, SearchHit, ServerFacts, ToolFacts, Totals } from "../reader.ts";
import { toHitObject } from "./hit-object.ts";

/** Everything that is said of one tool: the page and the API are both made of it, so that they cannot disagree. */
export interface ToolView {
  readonly facts: ToolFacts;
  readonly server: ServerFacts;
  /** A complete document for this tool alone. */
  readonly policy: ServerRecommendation;
  readonly recommendation: ToolRecommendation;
  readonly faq: readonly FaqItem[];
  readonly attacks: readonly ApplicableAttack[];
  readonly related: readonly SearchHit[];
  readonly totals: Totals;
}

const MAX_RELATED = 8;

export function readToolView(
  reader: CatalogueReader,
  serverName: string,
  toolName: string,
): ToolView | undefined {
  const facts = reader.tool(serverName, toolName);
  const server = reader.server(serverName);
  if (facts === undefined || server === undefined) return undefined;
  const classified = { tool: facts.definition, verdict: facts.verdict };
  const policy = recommendServer(serverName, [classified]);
  const [recommendation] = policy.tools;
  if (recommendation === undefined) return undefined;
  return {
    facts,
    server,
    policy,
    recommendation,
    faq: toolFaq(serverName, recommendation),
    attacks: attacksFor(classified, serverName),
    related: reader.related(serverName, toolName, MAX_RELATED),
    totals: reader.totals(),
  };
}

/** As the API answers. */
export function toToolObject(view: ToolView): object {
  const { facts, server, policy, recommendation, faq, attacks, related } = view;
  const { definition, verdict, definitionHash, firstSeenMs, changedAtMs } = facts;
  return {
    server: server.name,
    path: toolPath(server.name, definition.name),
    serverPath: serverPath(server.name),
    definition,
    definitionHash,
    method: server.method,
    seenAtMs: server.seenAtMs,
    firstSeenMs,
    changedAtMs,
    verdict,
    recommendation: {
      kind: recommendation.kind,
      effect: recommendation.effect,
      rationale: recommendation.rationale,
      argumentRules: recommendation.argumentRules,
      fill: recommendation.fill,
      document: policy.document,
      warnings: policy.warnings,
    },
    faq,
    attacks: attacks.map(({ attack, why, isSpecific }) => ({
      slug: attack.slug,
      title: attack.title,
      why,
      isSpecific,
    })),
    related: related.map(toHitObject),
  };
}
