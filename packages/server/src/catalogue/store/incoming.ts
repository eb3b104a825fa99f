import type { ToolDefinition, Verdict } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";
import type { ServerFacts } from "../reader.ts";
import { BOUNDS, boundTool } from "./bounds.ts";

/** What was learned of a server; a member that is undefined is not known from here. */
export interface IncomingServer
  extends Pick<ServerFacts, "name" | "status" | "method">,
    Partial<
      Pick<
        ServerFacts,
        "title" | "description" | "package" | "repository" | "registryId" | "license" | "transports"
      >
    > {
  /** Undefined: nobody looked at the tools this time, what is known of them stays. */
  readonly tools?: IncomingTools | undefined;
  readonly atMs: number;
}

/** The whole list of a server's tools: as it sent them, or as somebody else judged them from the whole definition. */
export type IncomingTools =
  | { readonly kind: "sent"; readonly items: readonly JsonObject[] }
  | { readonly kind: "judged"; readonly items: readonly JudgedTool[] };

/** A tool whose text is not at hand: what is left of its definition, and what was said of the whole. */
export interface JudgedTool {
  readonly definition: ToolDefinition;
  readonly hash: string;
  readonly verdict: Verdict;
}

/** A tool that was left out, or cut. */
export interface Note {
  /** Undefined where the name itself must not be shown. */
  readonly tool: string | undefined;
  readonly reason: string;
}

/** A tool on its way into the index. */
export interface ReadyTool {
  readonly definition: ToolDefinition;
  readonly hash: string;
  /** False where only a part of the definition is at hand, so that it must not be judged again. */
  readonly isWhole: boolean;
  readonly verdict: Verdict | undefined;
}

/** Reads a list: cuts and leaves out what is beyond bounds, and both of two tools with one name. */
export function readIncoming(incoming: IncomingTools): {
  readonly tools: ReadonlyMap<string, ReadyTool>;
  readonly notes: readonly Note[];
} {
  const notes: Note[] = [];
  const tools = new Map<string, ReadyTool>();
  const twice = new Set<string>();
  if (incoming.items.length > BOUNDS.toolsPerServer) {
    notes.push({ tool: undefined, reason: `only the first ${BOUNDS.toolsPerServer} of its tools are kept` });
  }
  const take = (tool: ReadyTool): void => {
    const { name } = tool.definition;
    if (tools.has(name)) twice.add(name);
    else tools.set(name, tool);
  };
  if (incoming.kind === "judged") {
    for (const { definition, hash, verdict } of incoming.items.slice(0, BOUNDS.toolsPerServer)) {
      take({ definition, hash, verdict, isWhole: false });
    }
  } else {
    for (const raw of incoming.items.slice(0, BOUNDS.toolsPerServer)) takeSent(raw, take, notes);
  }
  for (const name of twice) {
    tools.delete(name);
    notes.push({ tool: name, reason: "two tools have this name" });
  }
  return { tools, notes };
}

function takeSent(raw: JsonObject, take: (tool: ReadyTool) => void, notes: Note[]): void {
  const bounded = boundTool(raw);
  if (!bounded.ok) {
    notes.push({ tool: undefined, reason: bounded.error });
    return;
  }
  const { definition, hash } = bounded.value;
  for (const reason of bounded.value.notes) notes.push({ tool: definition.name, reason });
  take({ definition, hash, isWhole: true, verdict: undefined });
}
