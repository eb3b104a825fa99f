import type { Category, ToolContext, ToolDefinition, Verdict } from "@portcullis/catalogue";
import { RISK_OF } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";
import { expect, onTestFinished } from "vitest";
import type { IncomingServer } from "../../src/catalogue/store/incoming.ts";
import { type Catalogue, openCatalogueFile } from "../../src/catalogue/store/open-catalogue.ts";
import type { Rules } from "../../src/catalogue/store/rules.ts";

/** Judges by the first word of the name; counts how often it was asked. */
export class WordJudge implements Rules {
  readonly asked: string[] = [];
  readonly version: string;

  constructor(version = "test-1") {
    this.version = version;
  }

  readonly classifier = (_context: ToolContext) => (tool: ToolDefinition) => {
    this.asked.push(tool.name);
    return verdict(CATEGORY_OF_WORD[tool.name.split("_")[0] ?? ""] ?? "Execute", this.version);
  };
}

const CATEGORY_OF_WORD: { readonly [word: string]: Category } = {
  get: "Read",
  list: "Read",
  create: "Write",
  run: "Execute",
  delete: "Destructive",
  pay: "Financial",
};

export function verdict(category: Category, rules = "test-1"): Verdict {
  const risk = RISK_OF[category];
  const evidence = [{ rule: "verb", source: "name", text: "verb", start: 0, says: category }] as const;
  return { category, risk, severity: risk, modifiers: [], confidence: 0.9, evidence, rules };
}

/** A tool as a server sends it. */
export function sent(name: string, description = `does ${name}`, more: JsonObject = {}): JsonObject {
  return { name, description, inputSchema: { type: "object" }, ...more };
}

/** A server with its whole list of tools. */
export function news(
  name: string,
  tools: readonly JsonObject[] | undefined,
  more: Partial<IncomingServer> = {},
): IncomingServer {
  return {
    name,
    status: "active",
    method: "introspected",
    transports: ["stdio"],
    atMs: 1_000,
    ...(tools === undefined ? {} : { tools: { kind: "sent", items: tools } }),
    ...more,
  };
}

/** An empty catalogue in memory; closed with the test. */
export function newCatalogue(): Catalogue {
  const opened = openCatalogueFile(":memory:");
  if (!opened.ok) expect.fail(opened.error);
  onTestFinished(() => opened.value[Symbol.dispose]());
  return opened.value;
}
