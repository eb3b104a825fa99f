import { packageOf } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";
import { numberOf, textOf } from "../../storage/database.ts";
import { listServers, type ServerRow } from "../../storage/server-rows.ts";
import type { State } from "../../storage/state.ts";
import type { IncomingServer } from "../store/incoming.ts";
import type { Catalogue } from "../store/open-catalogue.ts";
import type { Rules } from "../store/rules.ts";
import { LIVE_PREFIX } from "../store/server-record.ts";

/** What the user's own servers are called in the catalogue: no registry has such a name. */
export function liveName(label: string): string {
  return LIVE_PREFIX + label;
}

/** Of the definitions of one server, as JSON: what is read, judged and written at a time takes many times as much. */
const MAX_DEFINITIONS_CHARS = 8 * 1024 * 1024;

export interface MirrorOptions {
  readonly rules: Rules;
  readonly nowMs: number;
  /** A server of whose tools the longest are not shown: all together are longer than fits beside everything else. */
  readonly onSkipped: (server: string) => void;
}

/**
 * Shows the registered servers as they listed their tools last, one after the other. `state` is only read. What is
 * unchanged costs one look at the hashes; a server that was removed is taken out.
 */
export function mirrorLive(catalogue: Catalogue, state: State, options: MirrorOptions): void {
  const { rules, nowMs } = options;
  const writer = catalogue.writer(rules);
  const servers = listServers(state);
  for (const server of servers) writer.upsertServer(toIncoming(catalogue, state, server, options));
  const names = new Set(servers.map(({ name }) => liveName(name)));
  for (const row of catalogue.db.all("SELECT name FROM server WHERE method = 'live'")) {
    const name = textOf(row, "name");
    if (!names.has(name)) writer.removeServer(name, nowMs);
  }
}

function toIncoming(
  catalogue: Catalogue,
  state: State,
  { id, name, target }: ServerRow,
  { nowMs, onSkipped }: MirrorOptions,
): IncomingServer {
  const seen = state.db.get("SELECT max(observed_at) AS at FROM tool WHERE server = ?", id)?.["at"];
  const isKnownAlready = isKnown(catalogue, state, id, name);
  if (!isKnownAlready && lengthOf(state, id) > MAX_DEFINITIONS_CHARS) onSkipped(name);
  return {
    name: liveName(name),
    status: "active",
    method: "live",
    // Never the URL or the arguments: people put keys in them.
    title: name,
    package: target.kind === "stdio" ? packageOf(target.command) : undefined,
    transports: [target.kind === "stdio" ? "stdio" : (target.transport ?? "http")],
    tools: isKnownAlready ? undefined : { kind: "sent", items: definitionsOf(state, id) },
    atMs: typeof seen === "number" ? seen : nowMs,
  };
}

/** True when the catalogue has exactly the tools that were seen: both keep the same hash of a definition. */
function isKnown(catalogue: Catalogue, state: State, id: ServerRow["id"], name: string): boolean {
  const seen = state.db.all(
    "SELECT name, observed_hash AS hash FROM tool WHERE server = ? AND observed_hash IS NOT NULL ORDER BY name",
    id,
  );
  const known = catalogue.db.all(
    `SELECT tool.name AS name, definition_hash AS hash FROM tool JOIN server ON server.id = tool.server
       WHERE server.name = ? ORDER BY tool.name`,
    liveName(name),
  );
  return JSON.stringify(seen) === JSON.stringify(known);
}

function lengthOf(state: State, id: ServerRow["id"]): number {
  const sum = "SELECT coalesce(sum(length(observed_definition)), 0) AS n FROM tool WHERE server = ?";
  return numberOf(state.db.get(sum, id) ?? {}, "n");
}

/** The shortest that fit together: a server cannot hide its other tools behind one that is very long. */
function definitionsOf(state: State, id: ServerRow["id"]): readonly JsonObject[] {
  const rows = state.db.iterate(
    `SELECT definition FROM (
       SELECT name, observed_definition AS definition,
           sum(length(observed_definition)) OVER (ORDER BY length(observed_definition), name) AS together
         FROM tool WHERE server = ? AND observed_definition IS NOT NULL
     ) WHERE together <= ? ORDER BY name`,
    id,
    MAX_DEFINITIONS_CHARS,
  );
  return Array.from(rows, (row) => JSON.parse(textOf(row, "definition")) as JsonObject);
}
