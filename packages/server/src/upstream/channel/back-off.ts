const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
/** A crash so long after the last delay is a first one again. */
const FORGET_AFTER_MS = 60_000;
/** Keys are forgotten by time; beyond so many the expired ones are looked for. */
const SWEEP_AT_KEYS = 1_000;

interface Crashes {
  readonly count: number;
  readonly untilMs: number;
}

/** Delays new starts after crashes: 1, 2, 4 … 30 seconds per key. */
export class BackOff {
  readonly #crashes = new Map<string, Crashes>();
  readonly #now: () => number;

  /** `now` is monotonic, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True while nothing may be started for `key`. */
  isBlocked(key: string): boolean {
    const known = this.#crashes.get(key);
    return known !== undefined && this.#now() < known.untilMs;
  }

  /** Notes a crash. Returns for how many milliseconds `key` is blocked. */
  noteCrash(key: string): number {
    const nowMs = this.#now();
    if (this.#crashes.size >= SWEEP_AT_KEYS) this.#sweep(nowMs);
    const known = this.#crashes.get(key);
    const earlier = known === undefined || nowMs - known.untilMs > FORGET_AFTER_MS ? 0 : known.count;
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(earlier, 10), MAX_DELAY_MS);
    this.#crashes.set(key, { count: earlier + 1, untilMs: nowMs + delayMs });
    return delayMs;
  }

  /** Forgets the crashes of `key`: it works. */
  clear(key: string): void {
    this.#crashes.delete(key);
  }

  #sweep(nowMs: number): void {
    for (const [key, { untilMs }] of this.#crashes) {
      if (nowMs - untilMs > FORGET_AFTER_MS) this.#crashes.delete(key);
    }
  }
}
