/** Commits intents and charges in a loop until it is killed; prints the number of each that was acknowledged. */
import { compilePolicy, evaluateCall } from "@portcullis/policy";
import { Ledger } from "../../src/audit/ledger.ts";
import { LedgerCounters } from "../../src/counters/ledger-counters.ts";
import { intentOf, openDatabase, outcomeOf } from "./fixtures.ts";

const file = process.argv[2] ?? "";
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const ledger = new Ledger(openDatabase(file), { reopen: () => openDatabase(file), onFailure: () => {} });
const counters = new LedgerCounters(ledger, clock);
const limits = [{ counter: "c", window: "month", max: 9_000_000 }] as const;
const policy = compilePolicy({ version: "1", default: "deny", tools: { t: { limits } } });
const { reservations } = evaluateCall(policy, { tool: "t", args: {}, nowMs: 0 });

async function call(): Promise<void> {
  counters.reserve(reservations, { organisation: "o", server: "s", grant: "g" }, clock.nowMs());
  const seq = await ledger.intend(intentOf());
  if (seq === undefined) throw new Error("not committed");
  process.stdout.write(`${seq}\n`);
  ledger.record(outcomeOf(seq));
}

for (;;) await Promise.all(Array.from({ length: 20 }, call));
