import type { CompiledLimit } from "./decision.ts";
import { windowEndMs, windowLengthMs, windowStartMs } from "./window.ts";

/** What one counter holds; plain JSON. Amounts are integers of one millionth (L2). */
export type CounterState = FixedState | SlidingState;

export interface FixedState {
  readonly algorithm: "fixed";
  readonly windowStartMs: number;
  readonly usedMicros: number;
  /** From here on the state says the same as none: a store may drop it. */
  readonly expiresAtMs: number;
}

/** A log of what was admitted, oldest first; entries before `head` have left the window. */
export interface SlidingState {
  readonly algorithm: "sliding";
  readonly atMs: number[];
  readonly amountMicros: number[];
  head: number;
  /** Sum of the amounts from `head` on. */
  usedMicros: number;
  /** From here on the state says the same as none: a store may drop it. */
  expiresAtMs: number;
}

/** What of a limit names its counter's arithmetic. */
export type Counting = Pick<CompiledLimit, "window" | "algorithm">;

/** A counter after a charge, and where the charge went: what a refund must find again (L6). */
export interface Taken {
  readonly state: CounterState;
  /** Start of the fixed window, or instant of the sliding entry. */
  readonly takenAtMs: number;
}

/**
 * What is used in the window at `nowMs`. Changes nothing: a clock may be ahead, and set right before the next call.
 * Time that runs backwards never frees anything: a counter stays in the newest window that it was charged in.
 */
export function usedMicrosAt(state: CounterState | undefined, counting: Counting, nowMs: number): number {
  if (state === undefined) return 0;
  assertSame(state, counting);
  if (state.algorithm === "fixed") {
    return state.windowStartMs >= windowStartMs(counting.window, nowMs) ? state.usedMicros : 0;
  }
  return livingPart(state, counting, nowMs).usedMicros;
}

/**
 * Charges a counter. What it returns must be stored. A sliding log is extended in place, and what has left its window
 * is dropped, each entry once.
 */
export function takeFromCounter(
  state: CounterState | undefined,
  counting: Counting,
  amountMicros: number,
  nowMs: number,
): Taken {
  const used = usedMicrosAt(state, counting, nowMs);
  if (counting.algorithm === "sliding") {
    const log = state?.algorithm === "sliding" ? state : emptyLog();
    dropExpired(log, counting, nowMs);
    return appendEntry(log, counting, amountMicros, nowMs);
  }
  const start = fixedStartMs(state, counting, nowMs);
  const expiresAtMs = windowEndMs(counting.window, start);
  return {
    state: { algorithm: "fixed", windowStartMs: start, usedMicros: used + amountMicros, expiresAtMs },
    takenAtMs: start,
  };
}

/** When at least `neededMicros` of what is used will have left the window. */
export function freeAtMs(
  state: CounterState | undefined,
  counting: Counting,
  neededMicros: number,
  nowMs: number,
): number {
  if (state?.algorithm !== "sliding")
    return windowEndMs(counting.window, fixedStartMs(state, counting, nowMs));
  let freedMicros = 0;
  for (let at = livingPart(state, counting, nowMs).head; at < state.atMs.length; at += 1) {
    freedMicros += entryAt(state.amountMicros, at);
    // (t − window, t]: an entry leaves at its instant plus the window (L3).
    if (freedMicros >= neededMicros) return entryAt(state.atMs, at) + windowLengthMs(counting.window);
  }
  return state.expiresAtMs;
}

/**
 * Gives an amount back to the window it was taken from, never below zero; undefined when that window is gone
 * and nothing is to be stored (L6).
 */
export function giveBackToCounter(
  state: CounterState,
  amountMicros: number,
  takenAtMs: number,
): CounterState | undefined {
  if (state.algorithm === "fixed") {
    if (state.windowStartMs !== takenAtMs) return undefined;
    return { ...state, usedMicros: Math.max(0, state.usedMicros - amountMicros) };
  }
  const at = findEntry(state, takenAtMs);
  if (at === undefined) return undefined;
  const entry = entryAt(state.amountMicros, at);
  const returned = Math.min(entry, amountMicros);
  state.amountMicros[at] = entry - returned;
  state.usedMicros -= returned;
  return state;
}

/** A counter's key names its algorithm, so a mismatch is a broken store: better no answer than a wrong count. */
function assertSame(state: CounterState, { algorithm }: Counting): void {
  if (state.algorithm !== algorithm) throw new Error(`counter state is ${state.algorithm}, not ${algorithm}`);
}

function fixedStartMs(state: CounterState | undefined, { window }: Counting, nowMs: number): number {
  const start = windowStartMs(window, nowMs);
  return state?.algorithm === "fixed" ? Math.max(start, state.windowStartMs) : start;
}

/** One end of a log shorter than the other is a broken store as well. */
function entryAt(list: readonly number[], index: number): number {
  const entry = list[index];
  if (entry === undefined) throw new Error(`counter state has no entry ${index}`);
  return entry;
}

function emptyLog(): SlidingState {
  return { algorithm: "sliding", atMs: [], amountMicros: [], head: 0, usedMicros: 0, expiresAtMs: 0 };
}

function appendEntry(state: SlidingState, counting: Counting, amountMicros: number, nowMs: number): Taken {
  const lastMs = state.atMs.at(-1);
  // INVARIANT: instants never fall, so the oldest entry is always at `head`.
  const takenAtMs = lastMs === undefined ? nowMs : Math.max(nowMs, lastMs);
  // No limit bounds how many calls take nothing, so nothing is kept of them.
  if (amountMicros === 0) return { state, takenAtMs };
  if (takenAtMs === lastMs) {
    const last = state.atMs.length - 1;
    state.amountMicros[last] = entryAt(state.amountMicros, last) + amountMicros;
  } else {
    state.atMs.push(takenAtMs);
    state.amountMicros.push(amountMicros);
  }
  state.usedMicros += amountMicros;
  state.expiresAtMs = takenAtMs + windowLengthMs(counting.window);
  return { state, takenAtMs };
}

/** Below this many dead entries, moving the living ones is not worth it. */
const MIN_DEAD_ENTRIES = 32;

function dropExpired(state: SlidingState, counting: Counting, nowMs: number): void {
  Object.assign(state, livingPart(state, counting, nowMs));
  // Cutting only when half is dead makes each entry move at most once on average.
  if (state.head < MIN_DEAD_ENTRIES || state.head * 2 < state.atMs.length) return;
  state.atMs.splice(0, state.head);
  state.amountMicros.splice(0, state.head);
  state.head = 0;
}

/** Where the window at `nowMs` begins in a log, and the sum of what is in it. */
function livingPart(
  { atMs, amountMicros, head, usedMicros }: SlidingState,
  { window }: Counting,
  nowMs: number,
): Pick<SlidingState, "head" | "usedMicros"> {
  const newestMs = Math.max(nowMs, atMs.at(-1) ?? nowMs);
  const goneMs = newestMs - windowLengthMs(window);
  let [first, used] = [head, usedMicros];
  for (; first < atMs.length && entryAt(atMs, first) <= goneMs; first += 1)
    used -= entryAt(amountMicros, first);
  return { head: first, usedMicros: used };
}

/** Index of the living entry of an instant. */
function findEntry(state: SlidingState, atMs: number): number | undefined {
  let low = state.head;
  let high = state.atMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entryAt(state.atMs, middle) < atMs) low = middle + 1;
    else high = middle;
  }
  return state.atMs[low] === atMs ? low : undefined;
}
