import { Database, readEntries } from "@portcullis/server";
import type { StoredIntent, StoredOutcome } from "../../packages/server/src/audit/entry.ts";
import type { Rig } from "./rig.ts";

/** What the log says of a request. */
export interface Intent extends StoredIntent {
  /** Tells which call of a client it was. */
  readonly argumentsHmac?: string;
}

export interface LoggedCall {
  readonly intent: Intent;
  /** Each that names it: more than one would be a fault. */
  readonly outcomes: readonly StoredOutcome[];
}

/** Asks the log of a gateway, also while that writes it. */
export function askLog<T>({ folder }: Rig, question: (db: Database) => T): T {
  const db = new Database(folder.ledgerFile, { readOnly: true });
  try {
    return question(db);
  } finally {
    db.close();
  }
}

/** Number of the newest entry; 0 where there is none. */
export function newestSeq(db: Database): number {
  return Number(db.get("SELECT coalesce(max(seq), 0) AS seq FROM block")?.["seq"]);
}

/** Every request. */
export function readIntents(db: Database): readonly Intent[] {
  return readCalls(db).map(({ intent }) => intent);
}

/** Every request with its outcomes. All in memory: not for a log of millions. */
export function readCalls(db: Database): readonly LoggedCall[] {
  const calls = new Map<number, { readonly intent: Intent; readonly outcomes: StoredOutcome[] }>();
  for (const { seq, entry } of readEntries(db, 0)) {
    if (entry.kind === "intent") calls.set(seq, { intent: entry, outcomes: [] });
    if (entry.kind === "outcome") calls.get(entry.of)?.outcomes.push(entry);
  }
  return [...calls.values()];
}
