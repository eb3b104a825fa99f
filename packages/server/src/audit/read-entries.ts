import { bytesOf, type Database, numberOf, type Row } from "../storage/database.ts";
import type { StoredEntry } from "./entry.ts";

/** An entry of the log as it was written. */
export interface LoggedEntry {
  readonly seq: number;
  /** Canonical JSON. */
  readonly body: string;
  readonly entry: StoredEntry;
}

/** The entries whose number is greater, oldest first, read block by block. */
export function* readEntries(db: Database, after: number): Generator<LoggedEntry> {
  for (const row of db.iterate("SELECT seq, bodies FROM block WHERE seq > ? ORDER BY seq", after))
    for (const logged of entriesOf(row)) if (logged.seq > after) yield logged;
}

/** All entries, newest first. */
export function* readEntriesBackwards(db: Database): Generator<LoggedEntry> {
  for (const row of db.iterate("SELECT seq, bodies FROM block ORDER BY seq DESC"))
    yield* [...entriesOf(row)].toReversed();
}

function* entriesOf(row: Row): Generator<LoggedEntry> {
  const bodies = bytesOf(row, "bodies").toString().split("\n");
  let seq = numberOf(row, "seq") - bodies.length;
  for (const body of bodies) {
    seq += 1;
    yield { seq, body, entry: JSON.parse(body) as StoredEntry };
  }
}
