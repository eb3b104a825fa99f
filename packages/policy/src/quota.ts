import {
  type CounterState,
  freeAtMs,
  giveBackToCounter,
  takeFromCounter,
  usedMicrosAt,
} from "./counter-state.ts";
import type { CompiledLimit, Reservation } from "./decision.ts";
import { limitMessage } from "./message.ts";

/** Where counters live. A `Map` is one. Deciding and charging happen in one synchronous step (L5, L10). */
export interface CounterStore {
  /** May return the live state: counting drops expired parts of it in place. */
  get(key: string): CounterState | undefined;
  set(key: string, state: CounterState): unknown;
}

/** Whose call it is: what names its counters, beside the limit (L4). */
export interface CounterIds {
  readonly organisation: string;
  readonly server: string;
  readonly grant: string;
  /** Absent where the protocol has no sessions; then `scope: "session"` counts per grant (L1). */
  readonly session?: string | undefined;
  /** Calls in shadow mode are counted apart (A1). */
  readonly mode?: "shadow" | undefined;
  /**
   * Remembers the keys of these ids, for ids that serve many calls: making and hashing a key costs more than
   * counting.
   */
  readonly keys?: WeakMap<CompiledLimit, string> | undefined;
}

/** What one counter was charged for one call; plain JSON, so that it can be kept until the call is settled. */
export interface Charge {
  readonly key: string;
  /** Millionths, exact. */
  readonly amountMicros: number;
  /** Start of the fixed window, or instant of the sliding entry, that was charged. */
  readonly takenAtMs: number;
  /** True when every limit that names the counter asks for it: `isError: true` gives it back, too (L6). */
  readonly refundOnError: boolean;
  /** Set by {@link refundAll}: a charge is given back once (L6). */
  refunded: boolean;
}

/** A limit that would be exceeded. `retryAfterMs` is absent when waiting cannot help (L5). */
export interface QuotaDenial {
  readonly rule: string;
  readonly message: string;
  readonly retryAfterMs?: number;
}

export type QuotaResult =
  | { readonly ok: true; readonly charges: Charge[] }
  | { readonly ok: false; readonly decision: QuotaDenial };

/**
 * Reserves all or nothing (L5). `nowMs` is the store's time (L7). A counter that several reservations name is
 * charged once, with the largest of their amounts, and each of them compares the new total with its own `max`.
 */
export function reserveAll(
  store: CounterStore,
  reservations: readonly Reservation[],
  ids: CounterIds,
  nowMs: number,
): QuotaResult {
  const demands: Demand[] = [];
  const asked: { readonly reservation: Reservation; readonly demand: Demand }[] = [];
  // Every amount is known before the first comparison: a later limit may raise the charge of a shared counter.
  for (const reservation of reservations)
    asked.push({ reservation, demand: join(demands, reservation, ids) });
  for (const { reservation, demand } of asked) {
    const decision = excess(store, reservation, demand, nowMs);
    if (decision !== undefined) return { ok: false, decision };
  }
  const charges: Charge[] = [];
  for (const demand of demands) charges.push(charge(store, demand, nowMs));
  return { ok: true, charges };
}

/**
 * Gives charges back, each to the window it was taken from, once, never below zero (L6). What has expired by
 * `nowMs`, or was dropped by the store, is left alone. Marks the charges; a caller that keeps them elsewhere
 * must keep the mark as well.
 */
export function refundAll(store: CounterStore, charges: readonly Charge[], nowMs?: number): void {
  for (const charge of charges) {
    if (charge.refunded) continue;
    charge.refunded = true;
    const state = store.get(charge.key);
    if (state === undefined || (nowMs !== undefined && state.expiresAtMs <= nowMs)) continue;
    const lessened = giveBackToCounter(state, charge.amountMicros, charge.takenAtMs);
    if (lessened !== undefined) store.set(charge.key, lessened);
  }
}

/**
 * The name of a counter (L4), different for different counters: ids come from strangers, so each carries its
 * length and none can imitate a boundary.
 */
export function counterKey(limit: CompiledLimit, ids: CounterIds): string {
  const { scope, algorithm, window, counter } = limit;
  const named = `${ids.mode ?? "live"}|${scope}|${algorithm}|${window}|${part(counter)}${part(ids.organisation)}`;
  // L4: `organisation` drops the server, so that its servers share the counter.
  if (scope === "organisation") return named;
  if (scope === "server") return `${named}${part(ids.server)}`;
  const grant = `${named}${part(ids.server)}${part(ids.grant)}`;
  return scope === "session" && ids.session !== undefined ? `${grant}${part(ids.session)}` : grant;
}

/** A counter of which `usedMicros` are used in the window at `nowMs`, for tests with given counters (A3). */
export function toCounterState(limit: CompiledLimit, usedMicros: number, nowMs: number): CounterState {
  return takeFromCounter(undefined, limit, usedMicros, nowMs).state;
}

/** What a call asks of one counter. */
interface Demand {
  readonly key: string;
  readonly limit: CompiledLimit;
  amountMicros: number;
  refundOnError: boolean;
}

/** Adds a reservation to what is asked of its counter, and returns that: one demand per counter (L5). */
function join(demands: Demand[], { limit, amountMicros }: Reservation, ids: CounterIds): Demand {
  const key = rememberedKey(limit, ids);
  const { refundOnError } = limit;
  for (const demand of demands) {
    if (demand.key !== key) continue;
    demand.amountMicros = Math.max(demand.amountMicros, amountMicros);
    demand.refundOnError &&= refundOnError;
    return demand;
  }
  const demand = { key, limit, amountMicros, refundOnError };
  demands.push(demand);
  return demand;
}

function rememberedKey(limit: CompiledLimit, ids: CounterIds): string {
  const known = ids.keys?.get(limit);
  if (known !== undefined) return known;
  const key = counterKey(limit, ids);
  ids.keys?.set(limit, key);
  return key;
}

/** Why the limit of a reservation refuses, or undefined when the new total stays within it. */
function excess(
  store: CounterStore,
  { limit, pointer }: Reservation,
  { key, amountMicros: askedMicros }: Demand,
  nowMs: number,
): QuotaDenial | undefined {
  const state = store.get(key);
  // Compared by subtraction: the sum of two amounts may be too large to be exact.
  const leftMicros = limit.maxMicros - usedMicrosAt(state, limit, nowMs);
  // L1: `max: 0` denies every call, even of amount 0.
  if (askedMicros <= leftMicros && limit.maxMicros > 0) return undefined;
  const left = Math.max(0, leftMicros);
  if (askedMicros > limit.maxMicros || limit.maxMicros === 0) {
    return { rule: pointer, message: limitMessage(limit, { askedMicros, leftMicros: left }) };
  }
  const retryAfterMs = freeAtMs(state, limit, askedMicros - leftMicros, nowMs) - nowMs;
  return {
    rule: pointer,
    message: limitMessage(limit, { askedMicros, leftMicros: left, retryAfterMs }),
    retryAfterMs,
  };
}

function charge(
  store: CounterStore,
  { key, limit, amountMicros, refundOnError }: Demand,
  nowMs: number,
): Charge {
  const { state, takenAtMs } = takeFromCounter(store.get(key), limit, amountMicros, nowMs);
  store.set(key, state);
  return { key, amountMicros, takenAtMs, refundOnError, refunded: false };
}

function part(id: string): string {
  return `${id.length}:${id}`;
}
