/** Failed authentications of one address within a minute before it is told to wait. */
export const MAX_FAILURES_PER_MINUTE = 60;
const WINDOW_MS = 60_000;
/** Addresses remembered; beyond it the oldest are forgotten, so strangers cannot fill the memory. */
const MAX_ADDRESSES = 10_000;

/**
 * Slows an address that keeps failing to authenticate. It only ever changes the answer to a failure: a valid
 * token passes from any address, so nobody can lock a grant from outside (threat 56).
 */
export class FailureThrottle {
  readonly #failures = new Map<string, { sinceMs: number; count: number }>();

  /** Notes a failure. Seconds to wait, or 0. */
  noteFailure(address: string, nowMs: number): number {
    const known = this.#failures.get(address);
    if (known === undefined || nowMs - known.sinceMs >= WINDOW_MS) {
      this.#failures.delete(address);
      this.#failures.set(address, { sinceMs: nowMs, count: 1 });
      this.#forgetOldest();
      return 0;
    }
    known.count += 1;
    return known.count > MAX_FAILURES_PER_MINUTE ? Math.ceil((known.sinceMs + WINDOW_MS - nowMs) / 1000) : 0;
  }

  #forgetOldest(): void {
    if (this.#failures.size <= MAX_ADDRESSES) return;
    const oldest = this.#failures.keys().next();
    if (oldest.done === false) this.#failures.delete(oldest.value);
  }
}
