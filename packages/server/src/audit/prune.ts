import type { KeyObject } from "node:crypto";
import { type Database, numberOf } from "../storage/database.ts";
import { type Checkpoint, openCheckpoint, sizeOfNote } from "./checkpoint.ts";

/** Entries taken away in one go, so that no commit waits for long. More only where no checkpoint came for so many. */
const STEP_ENTRIES = 2_000;

/**
 * Retention: takes away a prefix that one of these notes vouches for, and keeps the checkpoint's entry as the anchor
 * from which the rest is verified. The notes stand in the order of their sizes. One step a call; true while there may
 * be more to take. Throws when the database cannot be written: then nothing was taken.
 */
export function pruneStep(db: Database, notes: readonly string[], publicKey: KeyObject): boolean {
  // INVARIANT: what lies at or below the anchor goes in the same transaction as the anchor comes. `log verify` calls
  // anything there a fault, because it could not tell what retention had yet to take from what somebody made up.
  return db.transaction(() => {
    const anchor = anchorSeq(db);
    const checkpoint = nextAfter(anchor, notes, publicKey);
    if (checkpoint === undefined) return false;
    const { size, root } = checkpoint;
    const block = db.get("SELECT hash FROM block WHERE seq = ?", size);
    // A checkpoint that the chain does not know is no ground for taking anything away.
    if (block === undefined || !sameHash(block["hash"], root)) return false;
    db.run(
      `INSERT INTO anchor (id, seq, hash) VALUES (1, ?, ?)
         ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash`,
      size,
      Buffer.from(root, "hex"),
    );
    // What stands below the old anchor is a fault, and no business of retention.
    db.run("DELETE FROM block WHERE seq > ? AND seq <= ?", anchor, size);
    return notes.some((note) => sizeOfNote(note) > size);
  });
}

/** `seq` of the entry up to which everything was taken away; 0 where nothing was. */
export function anchorSeq(db: Database): number {
  const row = db.get("SELECT seq FROM anchor");
  return row === undefined ? 0 : numberOf(row, "seq");
}

/** The last checkpoint that is at most one step behind the anchor; where there is none, the next one. */
function nextAfter(anchor: number, notes: readonly string[], publicKey: KeyObject): Checkpoint | undefined {
  const later = notes.filter((note) => sizeOfNote(note) > anchor);
  const near = later.filter((note) => sizeOfNote(note) <= anchor + STEP_ENTRIES);
  // Signatures are checked until one is ours, and usually one alone.
  for (const note of [...near.toReversed(), ...later]) {
    const checkpoint = openCheckpoint(note, publicKey);
    if (checkpoint !== undefined) return checkpoint;
  }
  return undefined;
}

function sameHash(stored: unknown, root: string): boolean {
  return stored instanceof Uint8Array && Buffer.from(stored).toString("hex") === root;
}
