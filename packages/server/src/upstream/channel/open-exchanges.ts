import type { UpstreamFailure } from "../../call/ports.ts";
import type { Delivery } from "./delivery.ts";
import { InFlightCalls } from "./in-flight-calls.ts";

/** What the number of open exchanges decides. */
export interface ExchangeWatcher {
  readonly idleMs: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Nothing was open for `idleMs`. */
  onIdle(): void;
  /** False asks to leave the output of the process unread for now. */
  setReading(isReading: boolean): void;
}

/** Node's timers take no longer time. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Zero is no deadline: a subscription ends with its client or its grant. */
export function startDeadline(deadlineMs: number, onLate: () => void): NodeJS.Timeout | undefined {
  return deadlineMs > 0 && deadlineMs <= MAX_TIMER_MS ? setTimeout(onLate, deadlineMs) : undefined;
}

/** Everything that waits on one process: the requests in flight and the held GET stream. */
export class OpenExchanges {
  readonly calls = new InFlightCalls();
  readonly #watcher: ExchangeWatcher;
  #stream: Delivery | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #lastUsedMs: number;

  constructor(watcher: ExchangeWatcher) {
    this.#watcher = watcher;
    this.#lastUsedMs = watcher.now();
  }

  /** When the wire was last used; undefined while it may be at work. A client that only listens gives it none. */
  get idleSinceMs(): number | undefined {
    return this.calls.isQuiet ? this.#lastUsedMs : undefined;
  }

  get hasStream(): boolean {
    return this.#stream !== undefined;
  }

  /** Where a legacy server's own messages go: the GET stream, else the stream of the newest request. */
  get voice(): Delivery | undefined {
    return this.#stream ?? this.calls.newest()?.delivery;
  }

  /** Holds a GET stream in place of the one before, which ends. */
  hold(stream: Delivery): void {
    this.#stream?.end();
    this.#stream = stream;
  }

  /** Lets a GET stream go, unless it was replaced. */
  release(stream: Delivery): void {
    if (this.#stream === stream) this.#stream = undefined;
  }

  /** To be called after every change: counts the idle time, and reads on unless the only reader paused. */
  update(): void {
    clearTimeout(this.#idleTimer);
    this.#lastUsedMs = this.#watcher.now();
    const isIdle = this.calls.size === 0 && this.#stream === undefined;
    const { idleMs } = this.#watcher;
    if (isIdle)
      this.#idleTimer = setTimeout(() => this.#watcher.onIdle(), Math.min(idleMs, MAX_TIMER_MS)).unref();
    this.#watcher.setReading(this.#sole()?.isPaused !== true);
  }

  /** Ends the GET stream, fails the requests, and watches no more. */
  close(failure: UpstreamFailure): void {
    this.#stream?.end();
    this.#stream = undefined;
    this.fail(failure);
  }

  /** Fails everything, and watches no more. */
  fail(failure: UpstreamFailure): void {
    clearTimeout(this.#idleTimer);
    const stream = this.#stream;
    this.#stream = undefined;
    for (const call of this.calls.removeAll()) call.delivery.fail(failure);
    stream?.fail(failure);
  }

  /** The one exchange, where there is only one: others must not wait for a reader that paused. */
  #sole(): Delivery | undefined {
    if (this.calls.size === 0) return this.#stream;
    return this.#stream === undefined && this.calls.size === 1 ? this.calls.newest()?.delivery : undefined;
  }
}
