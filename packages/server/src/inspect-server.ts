import { err, ok, type Result } from "@portcullis/policy";
import type { Observer } from "./call/ports.ts";
import type { Era } from "./call/records.ts";
import { failureText } from "./call/refusal.ts";
import { MemoryCounters } from "./counters/memory-counters.ts";
import { assembleLine, SYSTEM_CLOCK } from "./line-parts.ts";
import type { DataFolder } from "./storage/data-folder.ts";
import type { ServerRow } from "./storage/server-rows.ts";
import type { State } from "./storage/state.ts";
import { listTools, type ToolRow } from "./storage/tool-rows.ts";

/** What a server shows when it is asked from the command line. */
export interface InspectedServer {
  readonly era: Era;
  /** With their pins, after what was seen is on record. */
  readonly tools: readonly ToolRow[];
}

export interface InspectOptions {
  readonly folder: DataFolder;
  readonly state: State;
  /** Told of tools that were dropped, and why. */
  readonly onWarning: (
    event: string,
    fields: { readonly [name: string]: string | number | undefined },
  ) => void;
}

/**
 * Takes the tool list of a server once, as the gateway does, and records it. The error is one line. Sends nothing
 * but the protocol's greeting and list requests: never a tool call.
 */
export async function inspectServer(
  server: Pick<ServerRow, "id" | "name">,
  { folder, state, onWarning }: InspectOptions,
): Promise<Result<InspectedServer, string>> {
  const observer: Observer = { refused() {}, answered() {}, warn: onWarning };
  await using assembled = assembleLine({
    state,
    keys: folder.keys,
    observer,
    clock: SYSTEM_CLOCK,
    counters: new MemoryCounters(SYSTEM_CLOCK),
    // Nothing is called here, so nothing has to be on record.
    audit: { intend: () => Promise.resolve(undefined), record() {} },
    config: { maxBodyBytes: 0, allowedHosts: new Set(), allowedOrigins: new Set() },
  });
  const record = assembled.snapshot.server(server.id);
  if (record === undefined) return err(`there is no server \`${server.name}\``);
  const taken = await assembled.line.ports.tools.refresh(record);
  if (!taken.ok) return err(`\`${server.name}\`: ${failureText(taken.error, 0)}`);
  const era = assembled.upstreams.knownEra(record);
  if (era === undefined) return err(`\`${server.name}\`: which revision it speaks cannot be told`);
  return ok({ era, tools: listTools(state, record.id) });
}
