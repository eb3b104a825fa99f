import { Worker } from "node:worker_threads";

/** How often committed pages are moved (performance.md). */
export const PASSIVE_EVERY_MS = 250;
/** 64 MiB of pages of 4 KiB. */
export const TRUNCATE_ABOVE_PAGES = 16_384;

export interface WalWorkerData {
  readonly file: string;
}

/**
 * Moves the pages of a database that this process writes, in a thread of its own. The thread is started when its first
 * round is due: starting one takes longer than opening the gateway does, and calls would wait for it.
 */
export function startWalCheckpoints(file: string): AsyncDisposable {
  let worker: Worker | undefined;
  const start = setTimeout(() => {
    worker = startWorker(file);
  }, PASSIVE_EVERY_MS).unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearTimeout(start);
      await worker?.terminate();
    },
  };
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
