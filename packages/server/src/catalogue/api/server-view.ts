import { recommendServer, type ServerRecommendation } from "@portcullis/catalogue";
import { serverPath, toolPath } from "../pages/paths.ts";
import type { CatalogueReader, DriftEvent, SearchHit, ServerFacts, ToolFacts } from "../reader.ts";
import { toHitObject } from "./hit-object.ts";

/** Everything that is said of one server. */
export interface ServerView {
  readonly facts: ServerFacts;
  /** The worst first; of a server with more than the index gives at once, those. */
  readonly tools: readonly ToolFacts[];
  readonly recommendation: ServerRecommendation;
  readonly changes: readonly DriftEvent[];
  readonly related: readonly SearchHit[];
}

const MAX_CHANGES = 20;
const MAX_RELATED = 6;

export function readServerView(reader: CatalogueReader, name: string): ServerView | undefined {
  const facts = reader.server(name);
  if (facts === undefined) return undefined;
  const tools = reader.tools(name);
  return {
    facts,
    tools,
    recommendation: recommendFor(name, tools),
    changes: reader.changes(name, MAX_CHANGES),
    related: reader.relatedServers(name, MAX_RELATED),
  };
}

/** Recommendations of servers that were asked for lately. */
const KEPT = 50;
const kept = new Map<string, ServerRecommendation>();

/** The policy of a server: made once per set of definitions and rules, because large ones take a while. */
export function recommendFor(server: string, tools: readonly ToolFacts[]): ServerRecommendation {
  const key = JSON.stringify([
    server,
    tools.map(({ definitionHash, verdict }) => [definitionHash, verdict.rules]),
  ]);
  const known = kept.get(key);
  const made =
    known ??
    recommendServer(
      server,
      tools.map(({ definition, verdict }) => ({ tool: definition, verdict })),
    );
  // Asked for last, it stands last; the first goes.
  kept.delete(key);
  kept.set(key, made);
  if (kept.size > KEPT) {
    const oldest = kept.keys().next().value;
    if (oldest !== undefined) kept.delete(oldest);
  }
  return made;
}

/** As the API answers. */
export function toServerObject({ facts, tools, recommendation, changes, related }: ServerView): object {
  const { document, warnings } = recommendation;
  return {
    ...facts,
    path: serverPath(facts.name),
    allTools: tools.map(({ definition, verdict, definitionHash }) => ({
      name: definition.name,
      path: toolPath(facts.name, definition.name),
      category: verdict.category,
      risk: verdict.risk,
      severity: verdict.severity,
      definitionHash,
    })),
    recommendation: { document, warnings },
    changes,
    related: related.map(toHitObject),
  };
}
