import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { type DiskSync, reasonOf } from "./disk-sync.ts";

/** How often committed pages are moved. */
export const PASSIVE_EVERY_MS = 500;
/** 64 MiB of pages of 4 KiB. */
export const TRUNCATE_ABOVE_PAGES = 16_384;
/** A thread that could not start, or died, is not tried again sooner. */
const RETRY_MS = 60_000;
/** A shorter log is only put onto the disk: its thread would hold 13 MB for a gateway that has little to do. */
const THREAD_ABOVE_BYTES = 1024 * 1024;

export interface WalWorkerData {
  readonly file: string;
}

/** What the thread was told of a disk that refused. */
export interface WalWorkerMessage {
  readonly lost: string;
}

export interface WalOptions {
  /** Of the log, shared with whoever signs what is in it: the system tells a refusal only once (faults F17). */
  readonly disk: Pick<DiskSync, "later" | "noteLost">;
  /** Why the log only grows. Told once. */
  readonly onFailure: (reason: string) => void;
}

/**
 * Moves the pages of a database that this process writes, in a thread of its own, once there are enough to be moved.
 * Until then the log is put onto the disk as often: after a power cut no more is gone than with the thread.
 */
export function startWalCheckpoints(file: string, options: WalOptions): AsyncDisposable {
  const mover = new WalMover(file, options);
  const timer = setInterval(() => mover.look(), PASSIVE_EVERY_MS).unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await mover.end();
    },
  };
}

class WalMover {
  readonly #file: string;
  readonly #options: WalOptions;
  #worker: Worker | undefined;
  #synced = 0;
  #isTold = false;
  #notBeforeMs = 0;

  constructor(file: string, options: WalOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Never throws: it is called by a timer. */
  look(): void {
    if (this.#worker !== undefined) return;
    try {
      const size = statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      if (size > THREAD_ABOVE_BYTES && performance.now() >= this.#notBeforeMs) this.#start();
      else if (size !== this.#synced) this.#sync(size);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
  }

  #sync(size: number): void {
    this.#synced = size;
    this.#options.disk.later((failure) => {
      // One that refused remembers it for its other users; one that could not be asked is asked again.
      if (failure?.isLost === false) this.#synced = -1;
    });
  }

  #start(): void {
    // The sources run as they are in development and compiled when published.
    const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
    const data: WalWorkerData = { file: this.#file };
    const worker = new Worker(new URL(`./wal-worker${extension}`, import.meta.url), { workerData: data });
    worker.unref();
    worker.on("message", ({ lost }: WalWorkerMessage) => this.#options.disk.noteLost(lost));
    worker.on("error", (cause) => {
      this.#worker = undefined;
      this.#fail(cause);
    });
    this.#worker = worker;
  }

  /** Without the thread the log only grows; SQLite moves it when the database is next opened. */
  #fail(cause: unknown): void {
    this.#notBeforeMs = performance.now() + RETRY_MS;
    if (this.#isTold) return;
    this.#isTold = true;
    this.#options.onFailure(reasonOf(cause));
  }
}
