import { capabilitiesOf } from "./capabilities.ts";
import { type ClassifiedTool, compareNames, compareWorst } from "./classified-tool.ts";
import { findCombinations, type StackTool, type ToxicCombination } from "./combinations.ts";
import {
  type CategoryCounts,
  countCategories,
  recommendServer,
  type ServerRecommendation,
} from "./recommend-server.ts";

/** A server of a stack: everything in `tools` can be called by the agents. */
export interface StackServer {
  readonly server: string;
  readonly tools: readonly ClassifiedTool[];
}

/** What agents can do with several servers at once. */
export interface StackReport {
  readonly counts: CategoryCounts;
  /** The worst tools of all servers, at most 20. */
  readonly worst: readonly (ClassifiedTool & { readonly server: string })[];
  /** One policy per server, by its name. */
  readonly servers: readonly ServerRecommendation[];
  /** For one agent that may use all servers; those that the recommended policies leave open come first. */
  readonly combinations: readonly ToxicCombination[];
}

const MAX_WORST = 20;

/** The report on a stack. Server names should differ; the order of servers and tools does not matter. */
export function recommendStack(stack: readonly StackServer[]): StackReport {
  const servers = stack
    .map(({ server, tools }) => recommendServer(server, tools))
    .toSorted((a, b) => compareNames(a.server, b.server));
  const all = servers.flatMap(({ server, tools }) => tools.map((one) => ({ server, ...one })));
  return {
    counts: countCategories(all),
    worst: servers
      .flatMap(({ server, worst }) => worst.map((one) => ({ server, ...one })))
      .toSorted((a, b) => compareWorst(a, b) || compareNames(a.server, b.server))
      .slice(0, MAX_WORST),
    servers,
    combinations: findCombinations(all.map(toStackTool)),
  };
}

function toStackTool(one: ClassifiedTool & Pick<StackTool, "server" | "kind">): StackTool {
  const { server, kind, tool } = one;
  return { server, kind, name: tool.name, capabilities: capabilitiesOf(one) };
}
