import { join } from "node:path";
import { compilePolicy, evaluateCall } from "@portcullis/policy";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../src/audit/ledger.ts";
import type { Clock } from "../../src/call/ports.ts";
import { LedgerCounters } from "../../src/counters/ledger-counters.ts";
import { intentOf, makeFolder, openDatabase, openTestLedger } from "../audit/fixtures.ts";

const IDS = { organisation: "org", server: "srv", grant: "grt" };

/** A wall clock that a test sets. */
class TestClock implements Clock {
  ms = 0;
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
}

describe("counters in the ledger", () => {
  const clock = new TestClock();
  let folder: ReturnType<typeof makeFolder>;
  let ledger: Ledger;
  let counters: LedgerCounters;
  beforeEach(() => {
    clock.ms = 1_000;
    folder = makeFolder();
    ledger = openTestLedger(join(folder.path, "ledger.db"));
    counters = new LedgerCounters(ledger, clock);
  });
  afterEach(() => {
    ledger.close();
    folder.remove();
  });

  function reserve(algorithm: "fixed" | "sliding" = "fixed", max = 10) {
    const limits = [{ counter: "c", window: "hour", max, algorithm }] as const;
    const policy = compilePolicy({ version: "1", default: "deny", tools: { t: { limits } } });
    const { reservations } = evaluateCall(policy, { tool: "t", args: {}, nowMs: clock.ms });
    return counters.reserve(reservations, IDS, clock.ms);
  }
  /** Millionths on disk, as another connection sees them. */
  function storedMicros(): number {
    const db = openDatabase(join(folder.path, "ledger.db"));
    try {
      const [fixed] = db.all("SELECT coalesce(sum(micros), 0) AS micros FROM counter_fixed");
      const [sliding] = db.all("SELECT coalesce(sum(micros), 0) AS micros FROM counter_sliding");
      return Number(fixed?.["micros"]) + Number(sliding?.["micros"]);
    } finally {
      db.close();
    }
  }

  it.each(["fixed", "sliding"] as const)(
    "a %s charge whose commit failed and is there all the same counts once",
    async (algorithm) => {
      reserve(algorithm);
      const { db } = ledger;
      const commit = db.transaction.bind(db);
      // The disk has it and says that it has not.
      db.transaction = (work) => {
        commit(work);
        throw new Error("disk I/O error");
      };
      ledger.flush();
      reserve(algorithm);
      ledger.flush();
      expect(storedMicros()).toBe(2_000_000);
    },
  );

  it("a refund of what has left its window leaves nothing on disk", () => {
    const taken = reserve("sliding");
    clock.ms += 3_590_000;
    reserve("sliding");
    clock.ms += 20_000;
    reserve("sliding");
    ledger.flush();
    if (taken instanceof Promise || !taken.ok) throw new Error("not admitted");
    counters.refund(taken.charges);
    ledger.flush();
    expect(storedMicros()).toBe(2_000_000);
  });

  it.each(["fixed", "sliding"] as const)(
    "a %s charge is on disk when the intent of its turn is",
    async (algorithm) => {
      expect(reserve(algorithm).ok).toBe(true);
      expect(storedMicros()).toBe(0);
      expect(await ledger.intend(intentOf())).toBe(1);
      expect(storedMicros()).toBe(1_000_000);
    },
  );

  it("a refund is on disk after the next commit", async () => {
    const reserved = reserve();
    await ledger.intend(intentOf());
    if (reserved.ok) counters.refund(reserved.charges);
    ledger.flush();
    expect(storedMicros()).toBe(0);
  });

  it("a charge whose commit failed is written with the next one", async () => {
    ledger.db.exec("PRAGMA max_page_count = 1");
    expect(reserve().ok).toBe(true);
    expect(await ledger.intend(intentOf({ message: "x".repeat(100_000) }))).toBe(undefined);
    ledger.db.exec("PRAGMA max_page_count = 1000000");
    expect(await ledger.intend(intentOf())).toBe(1);
    expect(storedMicros()).toBe(1_000_000);
  });

  it.each(["fixed", "sliding"] as const)(
    "%s charges and refunds are counted after a restart",
    async (algorithm) => {
      const first = reserve(algorithm, 2);
      reserve(algorithm, 2);
      if (first.ok) counters.refund(first.charges);
      await ledger.intend(intentOf());
      ledger.close();
      ledger = openTestLedger(join(folder.path, "ledger.db"));
      counters = new LedgerCounters(ledger, clock);
      expect([reserve(algorithm, 2).ok, reserve(algorithm, 2).ok]).toEqual([true, false]);
    },
  );

  it("what has long expired leaves the disk, a few rows at a time", async () => {
    for (const algorithm of ["fixed", "sliding"] as const) reserve(algorithm);
    await ledger.intend(intentOf());
    clock.ms += 30 * 3_600_000;
    await ledger.intend(intentOf());
    expect(storedMicros()).toBe(0);
  });

  it.each(["fixed", "sliding"] as const)(
    "%s counters that memory has no room for are counted all the same (threat 69)",
    async (algorithm) => {
      const small = new LedgerCounters(ledger, clock, 4);
      const limits = [{ counter: "c", window: "hour", max: 2, algorithm, scope: "session" }] as const;
      const policy = compilePolicy({ version: "1", default: "deny", tools: { t: { limits } } });
      const reads: string[] = [];
      const get = ledger.db.get.bind(ledger.db);
      ledger.db.get = (sql, ...values) => {
        reads.push(sql);
        return get(sql, ...values);
      };
      const admitted: boolean[] = [];
      for (let round = 0; round < 3; round += 1) {
        for (let session = 0; session < 10; session += 1) {
          const { reservations } = evaluateCall(policy, { tool: "t", args: {}, nowMs: clock.ms });
          admitted.push(small.reserve(reservations, { ...IDS, session: `s${session}` }, clock.ms).ok);
          await ledger.intend(intentOf());
        }
      }
      expect(admitted).toEqual([...Array(20).fill(true), ...Array(10).fill(false)]);
      // Each was forgotten between its turns, and read again.
      expect(reads.filter((sql) => sql.includes("counter_fixed")).length).toBeGreaterThan(20);
    },
  );
});
