import { Worker } from "node:worker_threads";
import type { SiteAnswer, SiteRequest } from "./site.ts";

/** What the thread is started with. */
export interface ThreadData {
  readonly dataFolder: string;
  readonly base: string;
}

export interface ThreadRequest {
  readonly id: number;
  readonly request: SiteRequest;
}

/** What the thread says: an answer, or a fault of its own that operators have to know of. */
export type ThreadMessage =
  | { readonly isReady: true }
  | { readonly id: number; readonly answer: SiteAnswer }
  | { readonly fault: string };

export interface ThreadOptions extends ThreadData {
  /** One line: why pages cannot be made. */
  onFault(fault: string): void;
}

/** Nothing that is asked takes as long; what does is cut off, with everything that waits behind it. */
const DEADLINE_MS = 10_000;
/** The first request waits until the index is open; on a new data folder it is filled before. */
const OPENING_MS = 60_000;
/** Requests that wait at once. */
const MAX_WAITING = 64;
/** A thread that nobody asked for so long gives its memory back. */
const IDLE_MS = 300_000;
/** A thread that could not start is not tried again sooner. */
const RETRY_MS = 3_000;
const MAX_HEAP_MB = 256;

interface Waiting {
  readonly resolve: (answer: SiteAnswer | undefined) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Makes pages in a thread of its own, so that neither a search nor a page ever holds up a call. It starts with the
 * first request and ends when nobody asks any more: a gateway whose catalogue is never read has none.
 */
export class CatalogueThread implements AsyncDisposable {
  readonly #options: ThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #isReady = false;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 1;
  #notBeforeMs = 0;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** Undefined where no answer came: too many wait, it took too long, or the thread ended. */
  answer(request: SiteRequest): Promise<SiteAnswer | undefined> {
    if (this.#waiting.size >= MAX_WAITING) return Promise.resolve(undefined);
    const worker = this.#worker ?? this.#tryStart();
    if (worker === undefined) return Promise.resolve(undefined);
    clearTimeout(this.#idle);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const deadlineMs = this.#isReady ? DEADLINE_MS : OPENING_MS;
      const timer = setTimeout(() => this.#lose(worker, "took too long"), deadlineMs).unref();
      this.#waiting.set(id, { resolve, timer });
      const message: ThreadRequest = { id, request };
      worker.postMessage(message);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker;
    this.#forget();
    await worker?.terminate();
  }

  #tryStart(): Worker | undefined {
    if (performance.now() < this.#notBeforeMs) return undefined;
    try {
      return this.#start();
    } catch (cause) {
      // The system may have no thread to give.
      this.#notBeforeMs = performance.now() + RETRY_MS;
      this.#options.onFault(cause instanceof Error ? cause.message : "unknown");
      return undefined;
    }
  }

  #start(): Worker {
    const isSource = import.meta.url.endsWith(".ts");
    const workerData: ThreadData = { dataFolder: this.#options.dataFolder, base: this.#options.base };
    const worker = new Worker(new URL(`./catalogue-worker${isSource ? ".ts" : ".js"}`, import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
      // Sources find each other's sources; what is published finds what is published.
      ...(isSource ? { execArgv: ["--conditions=portcullis-source"] } : {}),
    });
    worker.unref();
    worker.on("message", (message: ThreadMessage) => this.#take(message));
    worker.on("error", (cause) => this.#lose(worker, cause instanceof Error ? cause.name : "unknown"));
    worker.on("exit", () => this.#lose(worker, "ended"));
    this.#worker = worker;
    return worker;
  }

  #take(message: ThreadMessage): void {
    if ("fault" in message) return this.#options.onFault(message.fault);
    if ("isReady" in message) {
      this.#isReady = true;
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    clearTimeout(waiting?.timer);
    waiting?.resolve(message.answer);
    if (this.#waiting.size === 0) this.#waitForEnd();
  }

  #waitForEnd(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const worker = this.#worker;
      this.#forget();
      void worker?.terminate();
    }, IDLE_MS).unref();
  }

  /** The next request starts another thread, a moment later. */
  #lose(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#forget();
    this.#notBeforeMs = performance.now() + RETRY_MS;
    this.#options.onFault(reason);
    void worker.terminate();
  }

  #forget(): void {
    clearTimeout(this.#idle);
    this.#worker = undefined;
    this.#isReady = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { resolve, timer } of waiting) {
      clearTimeout(timer);
      resolve(undefined);
    }
  }
}
