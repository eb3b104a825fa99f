import type { Ledger } from "./ledger.ts";
import { readSettledMark } from "./open-calls.ts";
import { readEntries } from "./read-entries.ts";

/**
 * After a crash: calls that were sent and whose outcome was lost with the process get the outcome `unknown`. They
 * are never sent again (promise P8).
 */
export function settleUnknown(ledger: Ledger, nowMs: number): number {
  const open = new Set<number>();
  for (const { seq, entry } of readEntries(ledger.db, readSettledMark(ledger.db) - 1)) {
    if (entry.kind === "intent" && entry.fate === "sent") open.add(seq);
    if (entry.kind === "outcome") open.delete(entry.of);
  }
  for (const of of open)
    ledger.record({ of, time: nowMs, status: "unknown", httpStatus: undefined, latencyMs: 0, bytes: 0 });
  if (open.size > 0) ledger.flush();
  return open.size;
}
