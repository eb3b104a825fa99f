import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ledger, type LedgerOptions } from "../../src/audit/ledger.ts";
import { openLedger } from "../../src/audit/ledger-schema.ts";
import type { IntentEntry, OutcomeEntry } from "../../src/call/ports.ts";
import type { GrantId, PolicyId, ServerId } from "../../src/call/records.ts";
import { bytesOf, type Database, numberOf } from "../../src/storage/database.ts";

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

/** What one commit is to hold. */
export interface Commit {
  readonly intents?: readonly IntentEntry[];
  /** The calls that end. */
  readonly ended?: readonly number[];
  /** Size of the checkpoint that was made. */
  readonly kept?: number;
}

/** Commits all of it at once, so that it is one block. */
export async function commit(ledger: Ledger, { intents = [], ended = [], kept }: Commit): Promise<void> {
  for (const of of ended) ledger.record(outcomeOf(of));
  if (kept !== undefined) ledger.noteCheckpoint({ size: kept, timeMs: 1 });
  const pending = intents.map((intent) => ledger.intend(intent));
  ledger.flush();
  await Promise.all(pending);
}

/** A row of the chain as it is stored. */
export interface StoredBlock {
  readonly first: number;
  readonly last: number;
  readonly lines: readonly string[];
  /** Hex. */
  readonly hash: string;
}

export function readBlocks(db: Database): readonly StoredBlock[] {
  return db.all("SELECT seq, bodies, hash FROM block ORDER BY seq").map((row) => {
    const last = numberOf(row, "seq");
    const lines = bytesOf(row, "bodies").toString().split("\n");
    return { first: last + 1 - lines.length, last, lines, hash: bytesOf(row, "hash").toString("hex") };
  });
}
