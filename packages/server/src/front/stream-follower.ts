import type { StreamEnd } from "./line-reply.ts";

/** Who wants the rest of a stream. */
export interface Waiting {
  /** False once there is nothing to wait for: the call was answered, the session is over. */
  readonly isWanted: () => boolean;
  /** How many streams in a row may bring nothing before it is given up. */
  readonly patience: number;
  readonly lose: () => void;
}

/** The delay of a server that names none (`retry:`), in milliseconds. */
const DEFAULT_DELAY_MS = 1_000;
/** A server cannot make the gateway ask more often than this. */
const MIN_DELAY_MS = 20;
/** Nor make it wait longer: an answer that nobody asked for is given up by then. */
const MAX_DELAY_MS = 10 * 60_000;
/** Streams that bring nothing are asked for less and less often, up to this. */
const MAX_BACK_OFF_MS = 60_000;
/** No such session; no such stream here. */
const NEVER: ReadonlySet<number | undefined> = new Set([404, 405]);

/**
 * Does for a client on stdio what clients over HTTP do themselves when a stream ends before its time: waits as long
 * as the server asks and takes it up where it ended (2025-11-25 transports, "Resumability and Redelivery").
 */
export class StreamFollower {
  readonly #open: (lastEventId: string | undefined, onEnd: (end: StreamEnd) => void) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isClosed = false;

  /** `open` asks for the stream that goes on after `lastEventId`. */
  constructor(open: (lastEventId: string | undefined, onEnd: (end: StreamEnd) => void) => void) {
    this.#open = open;
  }

  follow(end: StreamEnd, waiting: Waiting): void {
    this.#goOn(end, waiting, 0);
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #goOn(end: StreamEnd, waiting: Waiting, before: number): void {
    if (this.#isClosed || !waiting.isWanted()) return;
    const empty = end.carried ? 0 : before + 1;
    if (NEVER.has(end.status) || empty > waiting.patience) return waiting.lose();
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        if (!waiting.isWanted()) return;
        this.#open(end.lastEventId, (next) => this.#goOn(after(end, next), waiting, empty));
      },
      delayOf(end.retryMs, empty),
    );
    this.#timers.add(timer);
  }
}

/** What the next stream did not say stays as it was. */
function after(end: StreamEnd, next: StreamEnd): StreamEnd {
  return {
    ...next,
    lastEventId: next.lastEventId ?? end.lastEventId,
    retryMs: next.retryMs ?? end.retryMs,
  };
}

/** Never sooner than the server asked for. */
function delayOf(retryMs: number | undefined, empty: number): number {
  const asked = Math.min(Math.max(retryMs ?? DEFAULT_DELAY_MS, MIN_DELAY_MS), MAX_DELAY_MS);
  return Math.max(asked, Math.min(asked * 2 ** empty, MAX_BACK_OFF_MS));
}
