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
  const checkpoint = newestBefore(readCheckpoints(checkpointsFile, key), beforeMs);
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

function readCheckpoints(file: string, key: KeyObject): readonly Checkpoint[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const publicKey = createPublicKey(key);
  return splitNotes(text).flatMap((note) => openCheckpoint(note, publicKey) ?? []);
}

function newestBefore(checkpoints: readonly Checkpoint[], beforeMs: number): Checkpoint | undefined {
  return checkpoints
    .filter(({ time }) => time < beforeMs)
    .reduce<Checkpoint | undefined>(
      (best, one) => (best === undefined || one.size > best.size ? one : best),
      undefined,
    );
}

function sameHash(stored: unknown, root: string): boolean {
  return stored instanceof Uint8Array && Buffer.from(stored).toString("hex") === root;
}
