import {
  type Charge,
  type CounterState,
  type CounterStore,
  type FixedState,
  type Reservation,
  refundAll,
  reserveAll,
  type SlidingState,
} from "@portcullis/policy";
import type { Ledger, LedgerRider } from "../audit/ledger.ts";
import type { Clock, CounterIds, Counters, Reserving } from "../call/ports.ts";
import { type Database, numberOf } from "../storage/database.ts";
import { SweepClock } from "./sweep-clock.ts";

/** A change of a sliding log; refunds are negative. */
interface Slide {
  readonly key: string;
  readonly at: number;
  readonly micros: number;
  readonly expiresAt: number;
}

const FIXED_AT_ONCE = 8;
const UPSERT_FIXED = upsertFixed(1);
const UPSERT_FIXED_AT_ONCE = upsertFixed(FIXED_AT_ONCE);
const INSERT_SLIDE = "INSERT INTO counter_sliding (key, at, micros, expires_at) VALUES (?, ?, ?, ?)";
/** How often what has expired is forgotten, in memory and on disk. */
const SWEEP_MS = 60_000;
/** Counters kept in memory. A client opens as many sessions as it likes, each with counters of its own (threat 69). */
const MAX_LIVE = 50_000;

/**
 * Counters that survive `kill -9`: counted in memory, and every change rides in the transaction that commits the
 * intents of the same turn. A call whose charge is not on disk has no intent either, and is not sent.
 */
export class LedgerCounters implements Counters, LedgerRider {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #live = new Map<string, CounterState>();
  readonly #maxLive: number;
  readonly #changedFixed = new Map<string, FixedState>();
  #slides: Slide[] = [];
  /** Sliding logs whose last changes may be on disk already. */
  readonly #doubtful = new Set<string>();
  readonly #sweepClock: SweepClock;
  #sweptMs: number;

  constructor(ledger: Ledger, clock: Clock, maxLive = MAX_LIVE) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#maxLive = maxLive;
    this.#sweepClock = new SweepClock(clock);
    this.#sweptMs = this.#sweepClock.nowMs();
    ledger.ride(this);
  }

  reserve(reservations: readonly Reservation[], ids: CounterIds, nowMs: number): Reserving {
    const result = reserveAll(this.#store, reservations, ids, nowMs);
    if (!result.ok) {
      const { rule, message, retryAfterMs } = result.decision;
      return { ok: false, rule, message, retryAfterMs };
    }
    for (const charge of result.charges) this.#noteSlide(charge, charge.amountMicros);
    this.#ledger.schedule();
    return result;
  }

  refund(charges: readonly Charge[]): void {
    for (const charge of charges) if (!charge.refunded) this.#giveBack(charge);
    this.#ledger.schedule();
  }

  write(db: Database): void {
    writeFixed(db, [...this.#changedFixed]);
    for (const key of this.#doubtful) this.#rewrite(db, key);
    for (const { key, at, micros, expiresAt } of this.#slides) {
      if (this.#doubtful.has(key)) continue;
      db.run(INSERT_SLIDE, key, at, micros, expiresAt);
    }
    this.#sweep(db);
  }

  committed(): void {
    this.#changedFixed.clear();
    this.#slides = [];
    this.#doubtful.clear();
    this.#letGo();
  }

  reopened(): void {
    // Windows are written as they are, and once more does no harm; of a sliding log only changes are written.
    for (const { key } of this.#slides) this.#doubtful.add(key);
  }

  readonly #store: CounterStore = {
    get: (key) => this.#live.get(key) ?? this.#load(key),
    set: (key, state) => {
      this.#live.set(key, state);
      if (state.algorithm === "fixed") this.#changedFixed.set(key, state);
    },
  };

  /** Everything is on the disk now, and is read from there when it is asked for again. */
  #letGo(): void {
    if (this.#live.size <= this.#maxLive) return;
    let left = this.#live.size - Math.floor(this.#maxLive / 2);
    for (const key of this.#live.keys()) {
      if (left <= 0) break;
      this.#live.delete(key);
      left -= 1;
    }
  }

  #giveBack(charge: Charge): void {
    const usedMicros = () => this.#store.get(charge.key)?.usedMicros ?? 0;
    const before = usedMicros();
    refundAll(this.#store, [charge], this.#clock.nowMs());
    this.#noteSlide(charge, usedMicros() - before);
  }

  /** Replaces a sliding log on disk by the one in memory, which is the truth. */
  #rewrite(db: Database, key: string): void {
    db.run("DELETE FROM counter_sliding WHERE key = ?", key);
    const state = this.#live.get(key);
    if (state?.algorithm !== "sliding") return;
    const windowMs = state.expiresAtMs - (state.atMs.at(-1) ?? 0);
    for (let entry = state.head; entry < state.atMs.length; entry += 1) {
      const at = state.atMs[entry] ?? 0;
      db.run(INSERT_SLIDE, key, at, state.amountMicros[entry] ?? 0, at + windowMs);
    }
  }

  /** A charge of a sliding log is one row; of a fixed window the state itself is. */
  #noteSlide({ key, takenAtMs }: Charge, micros: number): void {
    const state = this.#live.get(key);
    if (state?.algorithm !== "sliding" || micros === 0) return;
    const windowMs = state.expiresAtMs - (state.atMs.at(-1) ?? takenAtMs);
    this.#slides.push({ key, at: takenAtMs, micros, expiresAt: takenAtMs + windowMs });
  }

  #load(key: string): CounterState | undefined {
    const { db } = this.#ledger;
    const fixed = db.get("SELECT * FROM counter_fixed WHERE key = ?", key);
    const state =
      fixed === undefined
        ? loadSliding(db, key)
        : {
            algorithm: "fixed" as const,
            windowStartMs: numberOf(fixed, "window_start"),
            usedMicros: numberOf(fixed, "micros"),
            expiresAtMs: numberOf(fixed, "expires_at"),
          };
    if (state !== undefined) this.#live.set(key, state);
    return state;
  }

  /** Only what has expired is forgotten: a live quota never is (threat 69). */
  #sweep(db: Database): void {
    const nowMs = this.#sweepClock.nowMs();
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    for (const [key, state] of this.#live) if (state.expiresAtMs <= nowMs) this.#live.delete(key);
    db.run("DELETE FROM counter_fixed WHERE expires_at <= ?", nowMs);
    db.run("DELETE FROM counter_sliding WHERE expires_at <= ?", nowMs);
  }
}

/** The calls of a busy turn change dozens: several with each statement take half of the time. */
function writeFixed(db: Database, changed: readonly (readonly [key: string, state: FixedState])[]): void {
  for (let at = 0; at < changed.length; ) {
    const rows = changed.length - at < FIXED_AT_ONCE ? 1 : FIXED_AT_ONCE;
    const values: (string | number)[] = [];
    for (const [key, { windowStartMs, usedMicros, expiresAtMs }] of changed.slice(at, at + rows))
      values.push(key, windowStartMs, usedMicros, expiresAtMs);
    db.run(rows === 1 ? UPSERT_FIXED : UPSERT_FIXED_AT_ONCE, ...values);
    at += rows;
  }
}

function loadSliding(db: Database, key: string): SlidingState | undefined {
  const rows = db.all(
    `SELECT at, sum(micros) AS micros, max(expires_at) AS expires_at FROM counter_sliding WHERE key = ?
       GROUP BY at ORDER BY at`,
    key,
  );
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  const amountMicros = rows.map((row) => Math.max(0, numberOf(row, "micros")));
  return {
    algorithm: "sliding",
    atMs: rows.map((row) => numberOf(row, "at")),
    amountMicros,
    head: 0,
    usedMicros: amountMicros.reduce((sum, micros) => sum + micros, 0),
    expiresAtMs: numberOf(last, "expires_at"),
  };
}

function upsertFixed(rows: number): string {
  return `INSERT INTO counter_fixed (key, window_start, micros, expires_at)
    VALUES ${Array.from({ length: rows }, () => "(?, ?, ?, ?)").join(", ")}
    ON CONFLICT (key) DO UPDATE SET window_start = excluded.window_start, micros = excluded.micros,
      expires_at = excluded.expires_at`;
}
