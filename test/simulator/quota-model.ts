import type { Limit } from "@portcullis/policy";

/** Whose counters a call uses. */
export interface Holder {
  readonly server: string;
  readonly grant: string;
  readonly session: string | undefined;
  readonly isShadow: boolean;
}

/** One limit of a call, and how much of it the call takes. */
export interface Asked {
  readonly pointer: string;
  readonly limit: Limit;
  readonly amount: number;
}

/** What one call took from one counter. */
export interface Taken {
  readonly key: string;
  readonly amount: number;
  readonly atMs: number;
  readonly windowMs: number;
  readonly isSliding: boolean;
  readonly refundOnError: boolean;
  /** When by the clock that nobody sets; long past where a start believed a clock that had been set. */
  takenMs: number;
}

/** What the gateway answered to a reservation. */
export type Told =
  | { readonly ok: true; readonly takenAtMs: readonly number[] }
  | { readonly ok: false; readonly rule: string };

interface Counter {
  /** Oldest first; those of a fixed window all have its start. */
  readonly taken: Taken[];
  /** A counter is never in an older window than it was. */
  newestMs: number;
}

const SECONDS: { readonly [name: string]: number } = { minute: 60, hour: 3_600, day: 86_400 };

/**
 * policy-spec section 5 written a second time, simply: every charge is kept for itself. Amounts of the simulation are
 * whole numbers. What was charged and not yet committed dies with the process.
 */
export class QuotaModel {
  readonly #counters = new Map<string, Counter>();
  /** Charges and refunds since the last commit. */
  #undo: (() => void)[] = [];

  readonly #monotonicMs: () => number;
  /** What the clock that a start believed said when the one that nobody sets was at zero. */
  #originMs = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Judges an answer by L5: all or nothing, each counter once with the largest amount. What it took, when it admitted;
   * undefined when it should have answered otherwise. Where a clock was set back, what is really over may still count,
   * or be forgotten: both are right.
   */
  judge(asked: readonly Asked[], holder: Holder, nowMs: number, told: Told): readonly Taken[] | undefined {
    const demands = this.#demandsOf(asked, holder, nowMs);
    const demandOf = ({ limit }: Asked) => demands.get(keyOf(limit, holder));
    const fits = (one: Asked, isForgetful: boolean): boolean => {
      const demand = demandOf(one);
      return demand !== undefined && this.#used(demand, isForgetful) + demand.amount <= one.limit.max;
    };
    if (!told.ok) {
      const at = asked.findIndex(({ pointer }) => pointer === told.rule);
      const denying = asked[at];
      const isRight = denying !== undefined && !fits(denying, false);
      return isRight && asked.slice(0, at).every((one) => fits(one, true)) ? [] : undefined;
    }
    if (!asked.every((one) => fits(one, true))) return undefined;
    const taken = [...demands.values()].map((demand, at) => ({
      ...demand,
      atMs: told.takenAtMs[at] ?? Number.NaN,
    }));
    const isInstant = ({ key, atMs, isSliding, windowMs }: Taken) =>
      atMs === demands.get(key)?.atMs || atMs === instantOf(isSliding, windowMs, nowMs);
    if (!taken.every(isInstant)) return undefined;
    for (const one of taken) this.#charge(one);
    return taken;
  }

  /** A start believes the clock that it finds, and from there the one that nobody sets. */
  believe(nowMs: number): void {
    this.#originMs = nowMs - this.#monotonicMs();
    for (const { taken } of this.#counters.values())
      for (const one of taken) if (one.atMs + one.windowMs <= nowMs) one.takenMs = Number.NEGATIVE_INFINITY;
  }

  /** Over by its own time, or by the time since the start: where it still counts, the clock was set back since. */
  isOver({ atMs, takenMs, windowMs }: Taken, monotonicMs: number): boolean {
    return takenMs + windowMs <= monotonicMs || atMs + windowMs <= this.#originMs + monotonicMs;
  }

  /** L6: to the window it was taken from, unless that is over by the clock. */
  refund(taken: readonly Taken[], nowMs: number): void {
    for (const one of taken) {
      const counter = this.#counters.get(one.key);
      if (counter === undefined || !counter.taken.includes(one)) continue;
      const lastMs = one.isSliding ? (counter.taken.at(-1)?.atMs ?? one.atMs) : one.atMs;
      if (lastMs + one.windowMs <= nowMs) continue;
      remove(counter, one);
      this.#undo.push(() => insert(counter, one));
    }
  }

  /** Everything so far is on the disk. */
  commit(): void {
    this.#undo = [];
  }

  /** The process died. */
  crash(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }

  #demandsOf(asked: readonly Asked[], holder: Holder, nowMs: number): ReadonlyMap<string, Taken> {
    const demands = new Map<string, Taken>();
    for (const { limit, amount: wanted } of asked) {
      const key = keyOf(limit, holder);
      const before = demands.get(key);
      const isSliding = limit.algorithm === "sliding";
      const windowMs = windowMsOf(limit);
      const atMs = this.#instant(key, isSliding, windowMs, nowMs);
      const amount = Math.max(before?.amount ?? 0, wanted);
      const refundOnError = (before?.refundOnError ?? true) && limit.refund_on_error === true;
      const takenMs = this.#monotonicMs();
      demands.set(key, { key, amount, atMs, windowMs, isSliding, refundOnError, takenMs });
    }
    return demands;
  }

  #charge(one: Taken): void {
    const counter = this.#counters.get(one.key) ?? { taken: [], newestMs: one.atMs };
    this.#counters.set(one.key, counter);
    const { newestMs } = counter;
    const gone = counter.taken.filter((old) => !counts(old, one));
    for (const old of gone) remove(counter, old);
    insert(counter, one);
    counter.newestMs = one.atMs;
    this.#undo.push(() => {
      remove(counter, one);
      for (const old of gone) insert(counter, old);
      counter.newestMs = newestMs;
    });
  }

  /** A clock that runs backwards never frees anything: a counter stays where it was. */
  #instant(key: string, isSliding: boolean, windowMs: number, nowMs: number): number {
    const newestMs = this.#counters.get(key)?.newestMs ?? Number.NEGATIVE_INFINITY;
    return Math.max(newestMs, instantOf(isSliding, windowMs, nowMs));
  }

  #used(demand: Taken, isForgetful: boolean): number {
    const nowMs = this.#monotonicMs();
    let used = 0;
    for (const old of this.#counters.get(demand.key)?.taken ?? []) {
      const isForgotten = isForgetful && this.isOver(old, nowMs);
      if (counts(old, demand) && !isForgotten) used += old.amount;
    }
    return used;
  }
}

/** What a charge is filed under: its instant, or the start of its window. */
function instantOf(isSliding: boolean, windowMs: number, nowMs: number): number {
  return isSliding ? nowMs : Math.floor(nowMs / windowMs) * windowMs;
}

/** L3: a sliding window is (t − window, t], a fixed one is what has its start. */
function counts(old: Taken, { atMs, windowMs, isSliding }: Taken): boolean {
  return isSliding ? old.atMs > atMs - windowMs : old.atMs === atMs;
}

function insert({ taken }: Counter, one: Taken): void {
  let at = taken.length;
  while (at > 0 && (taken[at - 1]?.atMs ?? 0) > one.atMs) at -= 1;
  taken.splice(at, 0, one);
}

function remove({ taken }: Counter, one: Taken): void {
  const at = taken.lastIndexOf(one);
  if (at !== -1) taken.splice(at, 1);
}

function windowMsOf({ window }: Limit): number {
  const seconds = typeof window === "number" ? window : SECONDS[window];
  if (seconds === undefined) throw new Error(`the model knows no window ${window}`);
  return seconds * 1000;
}

function keyOf(limit: Limit, { server, grant, session, isShadow }: Holder): string {
  const scope = limit.scope ?? "grant";
  const owner = {
    organisation: "",
    server,
    grant: `${server} ${grant}`,
    session: `${server} ${grant} ${session ?? ""}`,
  }[scope];
  const algorithm = limit.algorithm ?? "fixed";
  return `${isShadow} ${scope} ${owner} ${limit.counter} ${windowMsOf(limit)} ${algorithm}`;
}
