import { Worker } from "node:worker_threads";

/** How often the registered servers are looked at for what changed. */
export const LOOK_EVERY_MS = 1_000;
/** The thread is started this long after the gateway: its first answer comes before the catalogue is filled. */
const START_AFTER_MS = 500;

export interface KeeperData {
  readonly dataFolder: string;
  readonly stateFile: string;
}

export interface KeeperEvents {
  /** The catalogue is no longer kept up to date; what is in it can still be read. */
  readonly onFailure: (reason: string) => void;
}

/** Keeps `catalogue.db` of a running gateway up to date, in a thread of its own: nothing of it is ever on the line. */
export function startCatalogueKeeper(data: KeeperData, { onFailure }: KeeperEvents): AsyncDisposable {
  let worker: Worker | undefined;
  const start = setTimeout(() => {
    // The sources run as they are in development and compiled when published.
    const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
    worker = new Worker(new URL(`./keeper-worker${extension}`, import.meta.url), { workerData: data });
    worker.unref();
    worker.on("error", (cause) => onFailure(cause instanceof Error ? cause.message : "unknown error"));
  }, START_AFTER_MS).unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearTimeout(start);
      await worker?.terminate();
    },
  };
}
