import type { Clock } from "../call/ports.ts";

/** A wall clock that is further ahead is believed by the rest: what it says to be over is not kept for ever. */
const MAX_DOUBT_MS = 2 * 86_400_000;

/**
 * The time by which counters are forgotten. It is never ahead of the time that has really passed since the start, so
 * that a clock that is set ahead, and set right again, makes no live quota forgotten (faults F18).
 */
export class SweepClock {
  readonly #clock: Clock;
  /** What the wall clock said when the other one was at zero. */
  readonly #originMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#originMs = clock.nowMs() - clock.monotonicMs();
  }

  nowMs(): number {
    const wallMs = this.#clock.nowMs();
    const passedMs = this.#originMs + this.#clock.monotonicMs();
    return Math.max(Math.min(wallMs, passedMs), wallMs - MAX_DOUBT_MS);
  }
}
