import type { ToolDefinition } from "@portcullis/catalogue";
import type { CatalogueReader, SearchHit, ServerFacts, ToolFacts } from "../../src/catalogue/reader.ts";
import { judge } from "./site-fixture.ts";

const COUNTS = { Read: 0, Write: 0, Execute: 1, Destructive: 0, Financial: 0 };

/** An index that bounds nothing: pages must hold whatever comes. One server, the tools that are given. */
export class HostileReader implements CatalogueReader {
  readonly #facts: ServerFacts;
  readonly #tools: readonly ToolFacts[];

  constructor(
    facts: Partial<ServerFacts> & { readonly name: string },
    definitions: readonly ToolDefinition[],
  ) {
    this.#facts = {
      title: undefined,
      description: undefined,
      package: undefined,
      repository: undefined,
      registryId: undefined,
      license: undefined,
      transports: [],
      status: "active",
      method: "introspected",
      seenAtMs: 0,
      tools: definitions.length,
      counts: { ...COUNTS, Execute: definitions.length },
      ...facts,
    };
    this.#tools = definitions.map((definition) => ({
      server: facts.name,
      definition,
      definitionHash: "0".repeat(64),
      verdict: judge(definition),
      firstSeenMs: Number.MAX_VALUE,
      changedAtMs: Number.NaN,
    }));
  }

  totals() {
    return { servers: 1, tools: this.#tools.length, counts: COUNTS, changedAtMs: 0, rules: "<rules>" };
  }
  server(name: string) {
    return name === this.#facts.name ? this.#facts : undefined;
  }
  tools() {
    return this.#tools;
  }
  tool(server: string, tool: string) {
    return server === this.#facts.name
      ? this.#tools.find(({ definition }) => definition.name === tool)
      : undefined;
  }
  search() {
    return { hits: this.#hits(), cursor: '"><script>' };
  }
  related() {
    return this.#hits();
  }
  relatedServers(): readonly SearchHit[] {
    const { name, title, description } = this.#facts;
    return [
      {
        kind: "server",
        server: name,
        tool: undefined,
        title,
        summary: description,
        category: undefined,
        risk: undefined,
      },
    ];
  }
  changes(server: string) {
    return this.#tools.map(({ definition }) => ({
      server,
      tool: definition.name,
      kind: "added" as const,
      atMs: 1e300,
      before: undefined,
      after: undefined,
    }));
  }

  #hits(): readonly SearchHit[] {
    return this.#tools.map(({ server, definition, verdict }) => ({
      kind: "tool",
      server,
      tool: definition.name,
      title: definition.title,
      summary: definition.description,
      category: verdict.category,
      risk: verdict.risk,
    }));
  }
}
