import { isIPv6 } from "node:net";

/** Addresses that are remembered at once; the oldest is forgotten first. */
const MAX_ADDRESSES = 10_000;

/** At most so many in each window per address, and for all addresses together. */
export class AddressThrottle {
  readonly #max: number;
  readonly #maxForAll: number;
  readonly #windowMs: number;
  #counts = new Map<string, number>();
  #all = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly max: number; readonly maxForAll: number; readonly windowMs: number }) {
    this.#max = options.max;
    this.#maxForAll = options.maxForAll;
    this.#windowMs = options.windowMs;
  }

  /** False: one more would be too many. `nowMs` never goes back. */
  take(address: string, nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= this.#windowMs) {
      this.#counts = new Map();
      this.#all = 0;
      this.#sinceMs = nowMs;
    }
    const key = networkOf(address);
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#max || this.#all >= this.#maxForAll) return false;
    if (this.#counts.size >= MAX_ADDRESSES) {
      const oldest = this.#counts.keys().next().value;
      if (oldest !== undefined) this.#counts.delete(oldest);
    }
    this.#counts.set(key, count + 1);
    this.#all += 1;
    return true;
  }
}

/** One who has an IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.toLowerCase().startsWith("::ffff:")) return address;
  const [head = "", tail = ""] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const after = tail.split(":").filter((group) => group !== "");
  const filled = [...groups, ...Array(Math.max(0, 8 - groups.length - after.length)).fill("0"), ...after];
  return filled.slice(0, 4).join(":");
}
