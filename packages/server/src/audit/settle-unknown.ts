import { numberOf } from "../storage/database.ts";
import type { Ledger } from "./ledger.ts";
import { readSettledMark } from "./open-calls.ts";

/**
 * After a crash: calls that were sent and whose outcome was lost with the process get the outcome `unknown`. They
 * are never sent again (promise P8).
 */
export function settleUnknown(ledger: Ledger, nowMs: number): number {
  const rows = ledger.db.all(
    `SELECT i.seq FROM entry i LEFT JOIN entry o ON o.of = i.seq
       WHERE i.seq >= ? AND i.of IS NULL AND o.seq IS NULL AND json_extract(i.body, '$.fate') = 'sent'`,
    readSettledMark(ledger.db),
  );
  for (const row of rows) {
    ledger.record({
      of: numberOf(row, "seq"),
      time: nowMs,
      status: "unknown",
      httpStatus: undefined,
      latencyMs: 0,
      bytes: 0,
    });
  }
  if (rows.length > 0) ledger.flush();
  return rows.length;
}
