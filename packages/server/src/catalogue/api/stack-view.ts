import { recommendStack, type StackReport } from "@portcullis/catalogue";
import type { CatalogueReader, ServerFacts, ToolFacts } from "../reader.ts";
import { MAX_STACK_SERVERS, type StackEntry } from "./read-stack-file.ts";

/** A server of the stack that the index knows. */
export interface StackMember {
  readonly facts: ServerFacts;
  readonly tools: readonly ToolFacts[];
  /** What the file calls it; undefined where it was added by its name in the index. */
  readonly alias: string | undefined;
  /** A name can be given to anything; a package is what really runs. */
  readonly knownBy: "package" | "name";
}

/** What the agents can do with several servers. */
export interface StackView {
  readonly members: readonly StackMember[];
  /** Entries that the index does not know. */
  readonly unknown: readonly StackEntry[];
  readonly report: StackReport;
  /** True where a server has more tools than are looked at in one stack. */
  readonly isCut: boolean;
}

/** Tools of all servers together; more take longer than anybody waits. */
const MAX_TOOLS = 3_000;

/** `entries` come from a file, `names` are names of the index; whatever appears twice is taken once. */
export function readStackView(
  reader: CatalogueReader,
  entries: readonly StackEntry[],
  names: readonly string[],
): StackView {
  const found = new Map<string, Omit<StackMember, "tools">>();
  const unknown: StackEntry[] = [];
  for (const name of names.slice(0, MAX_STACK_SERVERS)) {
    const facts = reader.server(name);
    if (facts === undefined) unknown.push({ alias: name, package: undefined, host: undefined });
    else found.set(facts.name, { facts, alias: undefined, knownBy: "name" });
  }
  for (const entry of entries.slice(0, MAX_STACK_SERVERS)) {
    const member = findServer(reader, entry);
    if (member === undefined) unknown.push(entry);
    else if (!found.has(member.facts.name)) found.set(member.facts.name, member);
  }
  let left = MAX_TOOLS;
  const members = [...found.values()].slice(0, MAX_STACK_SERVERS).map((member) => {
    const tools =
      left === 0 ? [] : reader.tools(member.facts.name, { offset: 0, limit: Math.min(left, 1_000) });
    left -= tools.length;
    return { ...member, tools };
  });
  const report = recommendStack(
    members.map(({ facts, tools }) => ({
      server: facts.name,
      tools: tools.map(({ definition, verdict }) => ({ tool: definition, verdict })),
    })),
  );
  return { members, unknown, report, isCut: members.some(({ facts, tools }) => tools.length < facts.tools) };
}

function findServer(reader: CatalogueReader, entry: StackEntry): Omit<StackMember, "tools"> | undefined {
  const { alias, package: pack } = entry;
  if (pack !== undefined) {
    const hits = reader.search({ words: pack.name, kind: "server", limit: 20 }).hits;
    const candidates = [pack.name, ...hits.map(({ server }) => server)].map((name) => reader.server(name));
    const facts = candidates.find(
      (one) => one?.package?.name === pack.name && one.package.registry === pack.registry,
    );
    // What runs is known, so that a name says nothing any more.
    return facts === undefined ? undefined : { facts, alias, knownBy: "package" };
  }
  const facts = reader.server(alias);
  return facts === undefined ? undefined : { facts, alias, knownBy: "name" };
}

/** As the API answers. */
export function toStackObject({ members, unknown, report, isCut }: StackView): object {
  return {
    servers: members.map(({ facts, tools, alias, knownBy }) => ({
      name: facts.name,
      alias,
      knownBy,
      tools: tools.length,
      counts: facts.counts,
      document: report.servers.find(({ server }) => server === facts.name)?.document,
    })),
    unknown,
    counts: report.counts,
    worst: report.worst.map(({ server, tool, verdict }) => ({
      server,
      tool: tool.name,
      category: verdict.category,
      risk: verdict.risk,
      severity: verdict.severity,
    })),
    combinations: report.combinations,
    isCut,
  };
}
