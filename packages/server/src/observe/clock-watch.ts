import type { Clock, Observer } from "../call/ports.ts";

/** By so much the wall clock may move against the monotonic one; networks set clocks by less. */
const MAX_STEP_MS = 5_000;
/** Longer than one warning keeps the next of its kind away (observer.ts). */
const LOOK_EVERY_MS = 2_000;

/**
 * Notices that somebody set the clock, or that it stands still, or that the machine slept: the windows of limits and
 * the ends of grants follow it (faults F18).
 */
export class ClockWatch {
  readonly #clock: Clock;
  readonly #observer: Pick<Observer, "warn">;
  /** What the wall clock said when the other one was at zero. */
  #originMs: number;

  constructor(clock: Clock, observer: Pick<Observer, "warn">) {
    this.#clock = clock;
    this.#observer = observer;
    this.#originMs = this.#currentOriginMs();
  }

  look(): void {
    const originMs = this.#currentOriginMs();
    const byMs = originMs - this.#originMs;
    if (Math.abs(byMs) <= MAX_STEP_MS) return;
    this.#originMs = originMs;
    this.#observer.warn("clock_jumped", { byMs: Math.round(byMs) });
  }

  #currentOriginMs(): number {
    return this.#clock.nowMs() - this.#clock.monotonicMs();
  }
}

/** Looks every two seconds, until disposed of. */
export function watchClock(clock: Clock, observer: Pick<Observer, "warn">): Disposable {
  const watch = new ClockWatch(clock, observer);
  const timer = setInterval(() => watch.look(), LOOK_EVERY_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
