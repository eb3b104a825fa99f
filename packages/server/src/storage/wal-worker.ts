import { fsyncSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { isRefusedSync, reasonOf } from "./disk-sync.ts";
import {
  PASSIVE_EVERY_MS,
  TRUNCATE_ABOVE_PAGES,
  type WalWorkerData,
  type WalWorkerMessage,
} from "./wal-checkpoints.ts";

/**
 * Runs in a thread of its own: moves committed pages from the log of the database into the database, which would
 * stop the event loop for milliseconds if the writer did it. Ends with its parent.
 */
const { file } = workerData as WalWorkerData;
const db = new DatabaseSync(file);
db.exec("PRAGMA busy_timeout = 0");
const passive = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
/** Closed with the thread, after the writer's connection: closing it earlier would drop that one's locks (POSIX). */
const descriptor = openSync(file, "r");

/**
 * PASSIVE never waits for the writer; only a log that grew beyond reason is worth a moment of its time. TRUNCATE
 * holds the writer off until the disk has every page, so nearly all of them are brought there before.
 */
function truncateLog(): void {
  fsyncSync(descriptor);
  passive.get();
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

function round(): void {
  try {
    const { log } = passive.get() as { log: number };
    if (log > TRUNCATE_ABOVE_PAGES) truncateLog();
  } catch (cause) {
    // Busy or out of space: the next round tries again, and the log keeps everything meanwhile.
    if (isRefusedSync(cause)) giveUp(cause);
  }
}

/**
 * The system has told of the refusal now, and no more: the next sync would succeed and the log be emptied of what the
 * database may lack. The thread stays, because its end would close the descriptor.
 */
function giveUp(cause: unknown): void {
  clearInterval(timer);
  // A port that is heard keeps the thread.
  parentPort?.on("message", () => {});
  const message: WalWorkerMessage = { lost: reasonOf(cause) };
  parentPort?.postMessage(message);
}

const timer = setInterval(round, PASSIVE_EVERY_MS);
round();
