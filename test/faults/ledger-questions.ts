import { Database } from "@portcullis/server";
import type { ClientCall } from "./load.ts";
import type { Rig } from "./rig.ts";

/** From the head of a call to the end of its answer, as the log has it: a busy client is no fault of the gateway. */
export function longestMs(rig: Rig, server: string): number {
  const rows = ask(
    rig,
    `SELECT max(json_extract(o.body, '$.latencyMs')) AS ms FROM entry i JOIN entry o ON o.of = i.seq
       WHERE i.of IS NULL AND json_extract(i.body, '$.serverName') = ?`,
    server,
  );
  return Number(rows[0]?.["ms"]);
}

/** The different statuses of sent calls to a server, and how many have each. */
export function statusesOf(rig: Rig, server: string): ReadonlyMap<string, number> {
  return statuses(rig, "json_extract(i.body, '$.serverName') = ?", server);
}

/** The status of one call; empty when it was not sent. */
export function statusOf(rig: Rig, { args }: ClientCall): string {
  const digest = rig.folder.keys.argumentsHmac(JSON.stringify(args));
  return [...statuses(rig, "json_extract(i.body, '$.argumentsHmac') = ?", digest).keys()].join(" ");
}

/** Calls that fixed windows of a counter have been charged for. */
export function chargedTo(rig: Rig, counter: string): number {
  const rows = ask(
    rig,
    "SELECT coalesce(sum(micros), 0) AS micros FROM counter_fixed WHERE instr(key, ?) > 0",
    counter,
  );
  return Number(rows[0]?.["micros"]) / 1_000_000;
}

function statuses(rig: Rig, where: string, value: string): ReadonlyMap<string, number> {
  const rows = ask(
    rig,
    `SELECT json_extract(o.body, '$.status') AS status, count(*) AS n FROM entry i JOIN entry o ON o.of = i.seq
       WHERE i.of IS NULL AND json_extract(i.body, '$.tool') IS NOT NULL AND ${where} GROUP BY status`,
    value,
  );
  return new Map(rows.map((row) => [String(row["status"]), Number(row["n"])]));
}

function ask({ folder }: Rig, sql: string, value: string) {
  const db = new Database(folder.ledgerFile, { readOnly: true });
  try {
    return db.all(sql, value);
  } finally {
    db.close();
  }
}
