import { type Member, Roster } from "../call/roster.ts";

/** Something that may be overdue. */
export interface Watched extends Member {
  /** Called every now and then while it is watched; ends itself when it is late. `nowMs` is monotonic. */
  check(nowMs: number): void;
}

/** Deadlines are kept to within this (F5 allows 250 ms). */
const TICK_MS = 100;

/**
 * One timer for all deadlines. A roster and a sweep cost a tenth of a microsecond per call; a timer each costs six
 * times that, and nearly every one of them would be cancelled.
 */
export class Watchdog {
  readonly #watched = new Roster<Watched>();
  #timer: NodeJS.Timeout | undefined;

  watch(one: Watched): void {
    this.#watched.add(one);
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#sweep(), TICK_MS);
      // What is watched is a socket or a queue that keeps the process alive by itself.
      this.#timer.unref();
    }
  }

  unwatch(one: Watched): void {
    this.#watched.delete(one);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const one of this.#watched.list()) one.check(nowMs);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
