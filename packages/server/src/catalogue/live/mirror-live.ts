import { packageOf } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";
import { textOf } from "../../storage/database.ts";
import { listServers, type ServerRow } from "../../storage/server-rows.ts";
import type { State } from "../../storage/state.ts";
import { listTools } from "../../storage/tool-rows.ts";
import type { IncomingServer } from "../store/incoming.ts";
import type { Catalogue } from "../store/open-catalogue.ts";
import type { Rules } from "../store/rules.ts";
import { LIVE_PREFIX } from "../store/server-record.ts";

/** What the user's own servers are called in the catalogue: no registry has such a name. */
export function liveName(label: string): string {
  return LIVE_PREFIX + label;
}

/**
 * Shows the registered servers as they listed their tools last. `state` is only read. What is unchanged costs one
 * look at the hashes; a server that was removed is taken out.
 */
export function mirrorLive(catalogue: Catalogue, state: State, rules: Rules, nowMs: number): void {
  const writer = catalogue.writer(rules);
  const servers = listServers(state).map((server) => toIncoming(catalogue, state, server, nowMs));
  for (const server of servers) writer.upsertServer(server);
  const names = new Set(servers.map(({ name }) => name));
  for (const row of catalogue.db.all("SELECT name FROM server WHERE method = 'live'")) {
    const name = textOf(row, "name");
    if (!names.has(name)) writer.removeServer(name, nowMs);
  }
}

function toIncoming(
  catalogue: Catalogue,
  state: State,
  { id, name, target }: ServerRow,
  nowMs: number,
): IncomingServer {
  const seen = state.db.get("SELECT max(observed_at) AS at FROM tool WHERE server = ?", id)?.["at"];
  return {
    name: liveName(name),
    status: "active",
    method: "live",
    // Never the URL or the arguments: people put keys in them.
    title: name,
    package: target.kind === "stdio" ? packageOf(target.command) : undefined,
    transports: [target.kind === "stdio" ? "stdio" : (target.transport ?? "http")],
    tools: isKnown(catalogue, state, id, name)
      ? undefined
      : { kind: "sent", items: definitionsOf(state, id) },
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

function definitionsOf(state: State, id: ServerRow["id"]): readonly JsonObject[] {
  return listTools(state, id).flatMap(({ observedDefinition }) =>
    observedDefinition === undefined ? [] : [JSON.parse(observedDefinition) as JsonObject],
  );
}
