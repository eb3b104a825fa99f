import type { JsonObject } from "@portcullis/policy";
import type { PinState, ServerId } from "../call/records.ts";
import { type Database, optionalTextOf, type Row, textOf } from "./database.ts";
import type { State } from "./state.ts";

/** One tool as it was seen in a list. */
export interface ObservedTool {
  readonly name: string;
  readonly definition: JsonObject;
  /** The definition as `JSON.stringify` spells it, where somebody has done so. */
  readonly text?: string;
  /** Of the canonical JSON of the whole definition. */
  readonly hash: string;
}

export interface ToolRow {
  readonly server: ServerId;
  readonly name: string;
  readonly pin: PinState;
  readonly acceptedHash: string | undefined;
  readonly observedHash: string | undefined;
  readonly acceptedDefinition: string | undefined;
  readonly observedDefinition: string | undefined;
}

export function listTools({ db }: State, server: ServerId): readonly ToolRow[] {
  return db.all("SELECT * FROM tool WHERE server = ? ORDER BY name", server).map(toToolRow);
}

/**
 * Notes what a list showed. A complete list also tells what is gone. The first complete list of a server is
 * accepted: there is nothing to compare it with, and the operator has just added the server.
 */
export function recordObserved(
  state: State,
  server: ServerId,
  tools: readonly ObservedTool[],
  options: { readonly complete: boolean; readonly acceptAll?: boolean },
  nowMs: number,
): void {
  const { db } = state;
  db.transaction(() => {
    const row = db.get("SELECT has_accepted_list FROM server WHERE id = ?", server);
    if (row === undefined) return;
    const isFirst = row["has_accepted_list"] === 0 && options.complete;
    const seen = new Set<string>();
    for (const { name, definition, text, hash } of tools) {
      seen.add(name);
      const spelled = text ?? JSON.stringify(definition);
      observeTool(state, server, { name, hash, definition: spelled }, isFirst, nowMs);
    }
    if (options.complete) forgetUnlisted(state, server, seen);
    if (isFirst || options.acceptAll === true) acceptTools(state, server, undefined, nowMs);
    if (isFirst) db.run("UPDATE server SET has_accepted_list = 1 WHERE id = ?", server);
  });
}

/** Accepts the definitions as last seen; what is removed is forgotten. Names of the tools that changed. */
export function acceptTools(
  { db }: State,
  server: ServerId,
  names: readonly string[] | undefined,
  nowMs: number,
): readonly string[] {
  const accepted: string[] = [];
  for (const { name, pin } of listPins(db, server)) {
    if (pin === "accepted" || (names !== undefined && !names.includes(name))) continue;
    accepted.push(name);
    if (pin === "removed") {
      db.run("DELETE FROM tool WHERE server = ? AND name = ?", server, name);
      continue;
    }
    db.run(
      `UPDATE tool SET accepted_hash = observed_hash, accepted_definition = observed_definition, accepted_at = ?
         WHERE server = ? AND name = ?`,
      nowMs,
      server,
      name,
    );
  }
  // Somebody has looked at this server: the next list is compared with what was accepted, and not taken on trust.
  if (accepted.length > 0) db.run("UPDATE server SET has_accepted_list = 1 WHERE id = ?", server);
  return accepted;
}

/** Notes instructions. Only those that came before the first list was accepted are accepted by themselves. */
export function recordInstructions({ db }: State, server: ServerId, text: string): void {
  db.run(
    `UPDATE server SET observed_instructions = ?,
         accepted_instructions = CASE has_accepted_list WHEN 0 THEN ? ELSE accepted_instructions END
       WHERE id = ? AND (observed_instructions IS NOT ? OR has_accepted_list = 0)`,
    text,
    text,
    server,
    text,
  );
}

export function acceptInstructions({ db }: State, server: ServerId): boolean {
  const changed = db.run(
    `UPDATE server SET accepted_instructions = observed_instructions
       WHERE id = ? AND observed_instructions IS NOT NULL AND accepted_instructions IS NOT observed_instructions`,
    server,
  );
  return changed > 0;
}

/** Without the definitions: those of hundreds of tools take milliseconds to read. */
function listPins(db: Database, server: ServerId): readonly Pick<ToolRow, "name" | "pin">[] {
  return db
    .all("SELECT name, accepted_hash, observed_hash FROM tool WHERE server = ?", server)
    .map((row) => ({
      name: textOf(row, "name"),
      pin: pinOf(optionalTextOf(row, "accepted_hash"), optionalTextOf(row, "observed_hash")),
    }));
}

export function toToolRow(row: Row): ToolRow {
  const acceptedHash = optionalTextOf(row, "accepted_hash");
  const observedHash = optionalTextOf(row, "observed_hash");
  return {
    server: textOf(row, "server") as ServerId,
    name: textOf(row, "name"),
    pin: pinOf(acceptedHash, observedHash),
    acceptedHash,
    observedHash,
    acceptedDefinition: optionalTextOf(row, "accepted_definition"),
    observedDefinition: optionalTextOf(row, "observed_definition"),
  };
}

function pinOf(acceptedHash: string | undefined, observedHash: string | undefined): PinState {
  if (acceptedHash === undefined) return "new";
  if (observedHash === undefined) return "removed";
  return acceptedHash === observedHash ? "accepted" : "changed";
}

/**
 * Writes only what differs, so that an unchanged list changes no row and wakes nobody. `isAccepted`: with the same
 * write, for a second one takes as long again.
 */
function observeTool(
  { db }: State,
  server: ServerId,
  tool: { readonly name: string; readonly hash: string; readonly definition: string },
  isAccepted: boolean,
  nowMs: number,
): void {
  const accepted = isAccepted ? [tool.hash, tool.definition, nowMs] : [null, null, null];
  db.run(
    `INSERT INTO tool (server, name, observed_hash, observed_definition, observed_at,
         accepted_hash, accepted_definition, accepted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (server, name) DO UPDATE SET observed_hash = excluded.observed_hash,
         observed_definition = excluded.observed_definition, observed_at = excluded.observed_at
       WHERE tool.observed_hash IS NOT excluded.observed_hash`,
    server,
    tool.name,
    tool.hash,
    tool.definition,
    nowMs,
    ...accepted,
  );
}

function forgetUnlisted({ db }: State, server: ServerId, seen: ReadonlySet<string>): void {
  for (const { name, pin } of listPins(db, server)) {
    if (seen.has(name)) continue;
    // A tool that was never accepted and is gone again leaves nothing behind.
    if (pin === "new") db.run("DELETE FROM tool WHERE server = ? AND name = ?", server, name);
    else if (pin !== "removed") {
      db.run(
        "UPDATE tool SET observed_hash = NULL, observed_definition = NULL WHERE server = ? AND name = ?",
        server,
        name,
      );
    }
  }
}
