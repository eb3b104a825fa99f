import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { DiskSync } from "./disk-sync.ts";

/** How often committed pages are moved (performance.md). */
export const PASSIVE_EVERY_MS = 500;
/** 64 MiB of pages of 4 KiB. */
export const TRUNCATE_ABOVE_PAGES = 16_384;
/** A shorter log is only put onto the disk: its thread would hold 13 MB for a gateway that has little to do. */
const THREAD_ABOVE_BYTES = 1024 * 1024;

export interface WalWorkerData {
  readonly file: string;
}

/**
 * Moves the pages of a database that this process writes, in a thread of its own, once there are enough to be moved.
 * Until then the log is put onto the disk as often: after a power cut no more is gone than with the thread.
 */
export function startWalCheckpoints(file: string): AsyncDisposable {
  let worker: Worker | undefined;
  const log = `${file}-wal`;
  const disk = new DiskSync(log);
  let synced = sizeOf(log);
  const timer = setInterval(() => {
    const size = sizeOf(log);
    if (size > THREAD_ABOVE_BYTES) {
      clearInterval(timer);
      worker = startWorker(file);
    } else if (size !== synced) {
      synced = size;
      // A disk that refuses is found by the next commit or checkpoint, which cannot do without it.
      disk.later(() => {});
    }
  }, PASSIVE_EVERY_MS).unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await worker?.terminate();
    },
  };
}

function sizeOf(log: string): number {
  return statSync(log, { throwIfNoEntry: false })?.size ?? 0;
}

function startWorker(file: string): Worker {
  // The sources run as they are in development and compiled when published.
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const data: WalWorkerData = { file };
  const worker = new Worker(new URL(`./wal-worker${extension}`, import.meta.url), { workerData: data });
  worker.unref();
  // Without the thread the log only grows; SQLite moves it when the database is next opened.
  worker.on("error", () => {});
  return worker;
}
