import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ledger, type LedgerOptions } from "../../src/audit/ledger.ts";
import { openLedger } from "../../src/audit/ledger-schema.ts";
import type { IntentEntry, OutcomeEntry } from "../../src/call/ports.ts";
import type { GrantId, PolicyId, ServerId } from "../../src/call/records.ts";
import type { Database } from "../../src/storage/database.ts";

/** A folder of its own for one test, removed by the returned function. */
export function makeFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function intentOf(more: Partial<IntentEntry> = {}): IntentEntry {
  return {
    time: Date.UTC(2026, 10, 1),
    requestId: "request-1",
    grant: "grt_0000000000000001" as GrantId,
    grantLabel: "ci-runner",
    server: "srv_0000000000000001" as ServerId,
    serverName: "stripe",
    method: "tools/call",
    tool: "create_refund",
    toolHash: "ab".repeat(32),
    argumentKeys: ["amount", "reason"],
    argumentsHmac: "cd".repeat(32),
    argumentsBytes: 42,
    policy: "pol_0000000000000001" as PolicyId,
    policyName: "support",
    policyVersion: 3,
    mode: "enforce",
    effect: "allow",
    rule: "",
    message: "",
    fate: "sent",
    ...more,
  };
}

export function outcomeOf(of: number, more: Partial<OutcomeEntry> = {}): OutcomeEntry {
  const time = Date.UTC(2026, 10, 1, 0, 0, 1);
  return { of, time, status: "ok", httpStatus: 200, latencyMs: 12.5, bytes: 100, ...more };
}

/** The database of a ledger file; throws with the reason when it cannot be opened. */
export function openDatabase(file: string): Database {
  const opened = openLedger(file, { durable: false });
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

export function openTestLedger(file: string, more: Partial<LedgerOptions> = {}): Ledger {
  return new Ledger(openDatabase(file), { reopen: () => openDatabase(file), onFailure: () => {}, ...more });
}
