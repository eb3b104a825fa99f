import { err, type JsonObject, ok, type Result } from "@portcullis/policy";
import type { UpstreamFailure } from "./call/ports.ts";
import type { ServerId } from "./call/records.ts";
import { failureText } from "./call/refusal.ts";
import { MemoryCounters } from "./counters/memory-counters.ts";
import { assembleLine, type LineParts, SYSTEM_CLOCK } from "./line-parts.ts";
import { optionalTextOf } from "./storage/database.ts";
import { FolderKeys, makeRootKey } from "./storage/keys.ts";
import { addServer, type NewServer } from "./storage/server-rows.ts";
import { openState, type State } from "./storage/state.ts";
import { listTools, type ObservedTool } from "./storage/tool-rows.ts";

/** What somebody wants to look at before it is registered. */
export interface InspectedTarget {
  /** As the gateway would list them, by name. */
  readonly tools: readonly ObservedTool[];
  readonly instructions: string | undefined;
  /** Tools that were dropped, and other findings of the list: one line each, in the server's own words. */
  readonly warnings: readonly string[];
}

export interface InspectTargetOptions {
  /** Of one attempt. */
  readonly deadlineMs: number;
  /** A command that fetches its package first is asked again for so long. */
  readonly patienceMs: number;
}

/**
 * Takes the tool list of a server as the gateway does, and keeps nothing: no data folder, no row, no key. The error
 * is one line. Sends nothing but the protocol's greeting and list requests: never a tool call.
 */
export async function inspectTarget(
  target: NewServer["target"],
  options: InspectTargetOptions,
): Promise<Result<InspectedTarget, string>> {
  const state = openState(":memory:");
  if (!state.ok) return state;
  try {
    const keys = new FolderKeys(makeRootKey());
    const { deadlineMs, patienceMs } = options;
    const server = { name: "inspected", target, era: "auto", onChange: "block", deadlineMs } as const;
    const added = addServer(state.value, keys.credentialKey, server, SYSTEM_CLOCK.nowMs());
    if (!added.ok) return added;
    const warnings: string[] = [];
    await using assembled = assembleLine(partsToLook(state.value, keys, warnings));
    const record = assembled.snapshot.server(added.value.id);
    if (record === undefined) return err("it could not be looked at");
    const endsAtMs = performance.now() + patienceMs;
    const refresh = () => assembled.line.ports.tools.refresh(record);
    let taken = await refresh();
    while (!taken.ok && taken.error.kind === "deadline" && performance.now() < endsAtMs)
      taken = await refresh();
    if (!taken.ok) return err(problemText(target, taken.error));
    return ok({ ...seenOf(state.value, record.id), warnings });
  } finally {
    state.value.db.close();
  }
}

/** A line through which nobody calls. */
function partsToLook(state: State, keys: FolderKeys, warnings: string[]): LineParts {
  return {
    state,
    keys,
    observer: {
      refused() {},
      answered() {},
      warn: (event, fields) => {
        // The result says why the last attempt failed; those before it are of no interest.
        if (event !== "tool-list-failed") warnings.push(toLine(event, fields));
      },
    },
    clock: SYSTEM_CLOCK,
    counters: new MemoryCounters(SYSTEM_CLOCK),
    // Nothing is called here, so nothing has to be on record.
    audit: { intend: () => Promise.resolve(undefined), record() {} },
    config: { maxBodyBytes: 0, allowedHosts: new Set(), allowedOrigins: new Set() },
  };
}

/** What a person can do something about is said in plain words. */
function problemText(target: NewServer["target"], failure: UpstreamFailure): string {
  if (target.kind === "stdio" && failure.kind === "unreachable") return "its command cannot be started";
  const { httpStatus } = failure;
  if (httpStatus === 401 || httpStatus === 403) return `it wants other credentials (HTTP ${httpStatus})`;
  return failureText(failure, 0);
}

function seenOf(state: State, server: ServerId): Pick<InspectedTarget, "tools" | "instructions"> {
  const tools = listTools(state, server).map(({ name, observedDefinition, observedHash }) => ({
    name,
    definition: JSON.parse(observedDefinition ?? "{}") as JsonObject,
    hash: observedHash ?? "",
  }));
  const row = state.db.get("SELECT observed_instructions FROM server WHERE id = ?", server);
  return { tools, instructions: optionalTextOf(row ?? {}, "observed_instructions") };
}

function toLine(event: string, fields: { readonly [name: string]: string | number | undefined }): string {
  const details = Object.entries(fields).filter(([name, value]) => value !== undefined && name !== "server");
  return [event.replaceAll(/[-_]/g, " "), ...details.map(([name, value]) => `${name} \`${value}\``)].join(
    ", ",
  );
}
