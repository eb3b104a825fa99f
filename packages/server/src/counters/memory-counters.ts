import { type Charge, type CounterState, type Reservation, refundAll, reserveAll } from "@portcullis/policy";
import type { Clock, CounterIds, Counters, Reserving } from "../call/ports.ts";
import { SweepClock } from "./sweep-clock.ts";

/** How often expired windows are forgotten. */
const SWEEP_MS = 60_000;

/** Counters of one process that keeps no data folder (`portcullis run` without `--data`). */
export class MemoryCounters implements Counters {
  readonly #clock: Clock;
  readonly #states = new Map<string, CounterState>();
  readonly #sweepClock: SweepClock;
  #sweptMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sweepClock = new SweepClock(clock);
    this.#sweptMs = this.#sweepClock.nowMs();
  }

  reserve(reservations: readonly Reservation[], ids: CounterIds, nowMs: number): Reserving {
    this.#sweep();
    const result = reserveAll(this.#states, reservations, ids, nowMs);
    if (result.ok) return result;
    const { rule, message, retryAfterMs } = result.decision;
    return { ok: false, rule, message, retryAfterMs };
  }

  refund(charges: readonly Charge[]): void {
    refundAll(this.#states, charges, this.#clock.nowMs());
  }

  /** Only what has expired is forgotten: a live quota never is (threat 69). */
  #sweep(): void {
    const nowMs = this.#sweepClock.nowMs();
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    for (const [key, state] of this.#states) if (state.expiresAtMs <= nowMs) this.#states.delete(key);
  }
}
