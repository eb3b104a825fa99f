import type { Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../../call/ports.ts";

interface Waiting {
  readonly request: UpstreamRequest;
  readonly sink: UpstreamSink;
  readonly sinceMs: number;
  isPaused: boolean;
  /** Undefined while it waits. */
  exchange: Exchange | undefined;
}

/** The requests of one channel that wait until a place for its wire is free. */
export class WaitingRequests {
  readonly #waiting = new Set<Waiting>();
  readonly #nowMs: () => number;

  /** `nowMs` is monotonic, in milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** True where everybody went away again. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Nothing of it was sent; a cancelled one will not be. */
  add(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    const waiting: Waiting = { request, sink, sinceMs: this.#nowMs(), isPaused: false, exchange: undefined };
    this.#waiting.add(waiting);
    return {
      cancel: () => {
        this.#waiting.delete(waiting);
        waiting.exchange?.cancel();
      },
      pause: () => {
        waiting.isPaused = true;
        waiting.exchange?.pause();
      },
      resume: () => {
        waiting.isPaused = false;
        waiting.exchange?.resume();
      },
    };
  }

  /** Opens them all, oldest first; the time that they waited is taken off their deadlines. */
  open(open: (request: UpstreamRequest, sink: UpstreamSink) => Exchange): void {
    for (const waiting of this.#takeAll()) {
      const { request, sink, sinceMs } = waiting;
      const leftMs = Math.max(1, request.deadlineMs - (this.#nowMs() - sinceMs));
      waiting.exchange = open({ ...request, deadlineMs: request.deadlineMs > 0 ? leftMs : 0 }, sink);
      if (waiting.isPaused) waiting.exchange.pause();
    }
  }

  fail(failure: UpstreamFailure): void {
    for (const { sink } of this.#takeAll()) sink.onFail(failure);
  }

  #takeAll(): readonly Waiting[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }
}
