import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Ledger } from "../../src/audit/ledger.ts";
import { openLedger } from "../../src/audit/ledger-schema.ts";
import type { Clock } from "../../src/call/ports.ts";
import { LedgerCounters } from "../../src/counters/ledger-counters.ts";
import { MemoryCounters } from "../../src/counters/memory-counters.ts";
import { counterContract, limit, reservationsOf, type SetClock } from "../contract/counters.ts";

const folder = mkdtempSync(join(tmpdir(), "portcullis-counters-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

const toClock = (set: SetClock): Clock => ({
  nowMs: () => set.nowMs,
  monotonicMs: () => set.monotonicMs ?? set.nowMs,
});

function openFile(name: string): Ledger {
  const opened = openLedger(join(folder, name), { durable: false });
  if (!opened.ok) throw new Error(opened.error);
  return new Ledger(opened.value, { reopen: () => opened.value, onFailure: (reason) => expect.fail(reason) });
}

counterContract("memory", (clock) => new MemoryCounters(toClock(clock)));
counterContract("ledger", (clock) => {
  files += 1;
  return new LedgerCounters(openFile(`contract-${files}.db`), toClock(clock));
});

const IDS = { organisation: "o", server: "s", grant: "g" };

for (const algorithm of ["fixed", "sliding"] as const) {
  test(`${algorithm} counters are what they were after a restart (P8)`, () => {
    const set = { nowMs: Date.UTC(2026, 0, 5, 12, 0, 0) };
    const limits = [limit({ max: 5, window: "day", algorithm })];
    const name = `restart-${algorithm}.db`;
    const before = openFile(name);
    const counters = new LedgerCounters(before, toClock(set));
    const taken = [1, 2, 3, 4].map((step) => {
      set.nowMs += step * 1_000;
      return counters.reserve(reservationsOf(limits, {}, set.nowMs), IDS, set.nowMs);
    });
    const [first] = taken;
    if (first?.ok !== true) throw new Error("refused");
    counters.refund(first.charges);
    before.close();

    const after = openFile(name);
    const again = new LedgerCounters(after, toClock(set));
    const answers = [1, 2, 3].map(
      () => again.reserve(reservationsOf(limits, {}, set.nowMs), IDS, set.nowMs).ok,
    );
    expect(answers).toEqual([true, true, false]);
    after.close();
  });
}

test("what has expired is forgotten, on disk too; what lives is not (threat 69)", () => {
  const set = { nowMs: Date.UTC(2026, 0, 5, 12, 0, 0) };
  const ledger = openFile("sweep.db");
  const counters = new LedgerCounters(ledger, toClock(set));
  const take = (counter: string, window: "minute" | "week", algorithm: "fixed" | "sliding") => {
    const reservations = reservationsOf([limit({ counter, window, algorithm, max: 1 })], {}, set.nowMs);
    return counters.reserve(reservations, IDS, set.nowMs).ok;
  };
  take("short", "minute", "fixed");
  take("short-sliding", "minute", "sliding");
  take("long", "week", "fixed");
  ledger.flush();
  set.nowMs += 180_000;
  expect(take("long", "week", "fixed")).toBe(false);
  expect(take("other", "minute", "fixed")).toBe(true);
  ledger.flush();
  const kept = ledger.db.all("SELECT key FROM counter_fixed").map(({ key }) => String(key).includes("long"));
  expect(kept.sort()).toEqual([false, true]);
  expect(ledger.db.all("SELECT * FROM counter_sliding")).toEqual([]);
  ledger.close();
});
