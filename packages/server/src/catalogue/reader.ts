import type { Category, Risk, ToolDefinition, Verdict } from "@portcullis/catalogue";

/** How the tools of a server were learned, most trusted first. */
export const METHODS = ["live", "introspected", "registry", "source"] as const;
export type Method = (typeof METHODS)[number];

/** What is known about a server: facts only, each written by somebody else. */
export interface ServerFacts {
  /** Unique, and part of the URL of its page. */
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly package: PackageFacts | undefined;
  /** `https:` URL. */
  readonly repository: string | undefined;
  /** Name in the official registry. */
  readonly registryId: string | undefined;
  /** SPDX expression. */
  readonly license: string | undefined;
  readonly transports: readonly string[];
  readonly status: "active" | "deprecated" | "deleted";
  readonly method: Method;
  /** When its tools were looked at last; milliseconds. */
  readonly seenAtMs: number;
  readonly tools: number;
  /** Tools per category. */
  readonly counts: { readonly [C in Category]: number };
}

export interface PackageFacts {
  readonly registry: "npm" | "pypi" | "oci" | "nuget" | "mcpb";
  readonly name: string;
  readonly version: string | undefined;
}

/** A tool with what we say of it. */
export interface ToolFacts {
  readonly server: string;
  readonly definition: ToolDefinition;
  /** SHA-256 of the canonical definition; unchanged means that nothing else changed. */
  readonly definitionHash: string;
  readonly verdict: Verdict;
  readonly firstSeenMs: number;
  readonly changedAtMs: number;
}

/** What changed in a server's tools, newest first. */
export interface DriftEvent {
  readonly server: string;
  readonly tool: string;
  readonly kind: "added" | "changed" | "removed";
  readonly atMs: number;
  /** Of the definition before and after. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface SearchQuery {
  /** As a person types them; empty lists everything that the filters leave. */
  readonly words: string;
  readonly kind?: "tool" | "server";
  readonly risk?: Risk;
  readonly category?: Category;
  readonly server?: string;
  /** From the page before. */
  readonly cursor?: string;
  /** 1 to 100. */
  readonly limit: number;
}

export interface SearchHit {
  readonly kind: "tool" | "server";
  readonly server: string;
  /** Undefined for a server. */
  readonly tool: string | undefined;
  readonly title: string | undefined;
  /** The beginning of its description, as plain text. */
  readonly summary: string | undefined;
  readonly category: Category | undefined;
  readonly risk: Risk | undefined;
}

export interface HitPage {
  readonly hits: readonly SearchHit[];
  /** Undefined on the last page. */
  readonly cursor: string | undefined;
}

export interface Totals {
  readonly servers: number;
  readonly tools: number;
  readonly counts: { readonly [C in Category]: number };
  /** When anything changed last; milliseconds. */
  readonly changedAtMs: number;
  /** Version of the rules that judged. */
  readonly rules: string;
}

/** What pages, API and commands ask of the index. Every answer is bounded. */
export interface CatalogueReader {
  totals(): Totals;
  server(name: string): ServerFacts | undefined;
  /** The worst first, then by name; at most 1,000, and at most as many as 4 MiB of JSON hold. */
  tools(server: string, page?: { readonly offset: number; readonly limit: number }): readonly ToolFacts[];
  tool(server: string, tool: string): ToolFacts | undefined;
  search(query: SearchQuery): HitPage;
  /** Tools of the same server or name that a reader may want to see next. */
  related(server: string, tool: string, limit: number): readonly SearchHit[];
  relatedServers(server: string, limit: number): readonly SearchHit[];
  changes(server: string, limit: number): readonly DriftEvent[];
}
