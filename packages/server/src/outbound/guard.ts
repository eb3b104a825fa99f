import { lookup as resolveName } from "node:dns/promises";
import { isIPv6, type LookupFunction } from "node:net";
import { type JudgedUrl, judgeAddress } from "./judge.ts";

/** Every address of a name, as text. Rejects when the name cannot be resolved. */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** A name that resolves to an address that must not be reached. `connect` fails with it before any packet leaves. */
export class RefusedAddressError extends Error {
  readonly code = "PORTCULLIS_REFUSED_ADDRESS";
}

/** Connections that open together share one look-up. */
const FRESH_MS = 5_000;
/** How long addresses that were validated once stand in for a resolver that fails (F33). */
const STALE_IF_ERROR_MS = 60 * 60_000;

/** The resolver of the operating system: it also knows the names of `/etc/hosts` and of container networks. */
export async function resolveWithSystem(host: string): Promise<readonly string[]> {
  const found = await resolveName(host, { all: true, verbatim: true });
  return found.map((entry) => entry.address);
}

/**
 * A `lookup` for `net.connect` and `tls.connect` that resolves only this URL's host and hands out only judged
 * addresses, so that what was judged is what is connected to (threat 62). Every address must be reachable by the
 * rules: one bad address refuses the name, because the next connection could draw it.
 *
 * When the resolver fails, addresses that were validated within the last hour are used; a resolver that answers
 * with a refused address is never overruled.
 */
export function guardedLookup(
  judged: JudgedUrl,
  resolve: Resolver = resolveWithSystem,
  monotonicMs: () => number = () => performance.now(),
): LookupFunction {
  const names = new ValidatedName(judged, resolve, monotonicMs);
  return (hostname, options, callback) => {
    if (hostname !== judged.host) {
      queueMicrotask(() => callback(new RefusedAddressError("another host than the judged one"), []));
      return;
    }
    names.addresses().then(
      (addresses) => answerLookup(addresses, options.all === true, callback),
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
}

type LookupCallback = Parameters<LookupFunction>[2];

function answerLookup(addresses: readonly string[], all: boolean, callback: LookupCallback): void {
  const entries = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  const [first] = entries;
  if (all || first === undefined) callback(null, entries);
  else callback(null, first.address, first.family);
}

/** The addresses of one name that passed, with the look-up that is under way. */
class ValidatedName {
  readonly #judged: JudgedUrl;
  readonly #resolve: Resolver;
  readonly #monotonicMs: () => number;
  #validated: readonly string[] = [];
  #validatedAtMs = Number.NEGATIVE_INFINITY;
  #pending: Promise<readonly string[]> | undefined;

  constructor(judged: JudgedUrl, resolve: Resolver, monotonicMs: () => number) {
    this.#judged = judged;
    this.#resolve = resolve;
    this.#monotonicMs = monotonicMs;
  }

  addresses(): Promise<readonly string[]> {
    if (this.#age() < FRESH_MS) return Promise.resolve(this.#validated);
    this.#pending ??= this.#take().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #take(): Promise<readonly string[]> {
    let found: readonly string[];
    try {
      found = await this.#resolve(this.#judged.host);
      if (found.length === 0) throw new Error("the name has no address");
    } catch (error) {
      if (this.#age() < STALE_IF_ERROR_MS) return this.#validated;
      throw error;
    }
    for (const address of found) {
      const problem = judgeAddress(address, this.#judged.isAllowed);
      if (problem === undefined) continue;
      // INVARIANT: what a resolver says now outweighs what it said before.
      this.#validatedAtMs = Number.NEGATIVE_INFINITY;
      throw new RefusedAddressError(problem);
    }
    this.#validated = found;
    this.#validatedAtMs = this.#monotonicMs();
    return found;
  }

  #age(): number {
    return this.#monotonicMs() - this.#validatedAtMs;
  }
}
