import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Database, numberOf } from "../storage/database.ts";
import { type Checkpoint, openCheckpoint, splitNotes } from "./checkpoint.ts";

/** Rows taken away in one go, so that no commit waits for long. */
const CHUNK_ROWS = 2_000;

export interface PruneInput {
  readonly db: Database;
  readonly checkpointsFile: string;
  readonly key: KeyObject;
  /** Entries up to the newest checkpoint before this time go. */
  readonly beforeMs: number;
}

/**
 * Retention: takes away whole prefixes that a checkpoint vouches for, and keeps the checkpoint's entry as the
 * anchor from which the rest is verified. One chunk a call; true while there is more to take.
 */
export function pruneLedger({ db, checkpointsFile, key, beforeMs }: PruneInput): boolean {
  const checkpoint = newestBefore(readNotes(checkpointsFile), createPublicKey(key), beforeMs);
  if (checkpoint === undefined) return false;
  return db.transaction(() => {
    const anchor = db.get("SELECT seq FROM anchor");
    if (anchor === undefined || numberOf(anchor, "seq") < checkpoint.size) {
      const entry = db.get("SELECT hash FROM entry WHERE seq = ?", checkpoint.size);
      // A checkpoint that the chain does not know is no ground for taking anything away.
      if (entry === undefined || !sameHash(entry["hash"], checkpoint.root)) return false;
      db.run(
        `INSERT INTO anchor (id, seq, hash) VALUES (1, ?, ?)
           ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash`,
        checkpoint.size,
        Buffer.from(checkpoint.root, "hex"),
      );
    }
    const taken = db.run(
      "DELETE FROM entry WHERE seq IN (SELECT seq FROM entry WHERE seq <= ? ORDER BY seq LIMIT ?)",
      checkpoint.size,
      CHUNK_ROWS,
    );
    return taken === CHUNK_ROWS;
  });
}

function readNotes(file: string): readonly string[] {
  try {
    return splitNotes(readFileSync(file, "utf8"));
  } catch {
    return [];
  }
}

/** Notes stand in the order of their time; signatures are checked from the newest back, and usually of one alone. */
function newestBefore(
  notes: readonly string[],
  publicKey: KeyObject,
  beforeMs: number,
): Checkpoint | undefined {
  for (const note of notes.toReversed()) {
    const time = Number(/\ntime (\d{1,15})\n/.exec(note)?.[1]);
    const checkpoint = time < beforeMs ? openCheckpoint(note, publicKey) : undefined;
    if (checkpoint !== undefined) return checkpoint;
  }
  return undefined;
}

function sameHash(stored: unknown, root: string): boolean {
  return stored instanceof Uint8Array && Buffer.from(stored).toString("hex") === root;
}
