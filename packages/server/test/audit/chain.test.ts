import { createPublicKey } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { exportRows } from "../../src/audit/export.ts";
import { Ledger } from "../../src/audit/ledger.ts";
import { openLedger } from "../../src/audit/ledger-schema.ts";
import { pruneStep } from "../../src/audit/prune.ts";
import { settleUnknown } from "../../src/audit/settle-unknown.ts";
import { verifyLedger } from "../../src/audit/verify.ts";
import type { IntentEntry } from "../../src/call/ports.ts";
import type { GrantId, ServerId } from "../../src/call/records.ts";
import { Database } from "../../src/storage/database.ts";
import { FolderKeys, makeRootKey } from "../../src/storage/keys.ts";
import { readBlocks } from "./fixtures.ts";

const ENTRY: IntentEntry = {
  time: 1_790_000_000_000,
  requestId: "r",
  grant: "grt_0000000000000000" as GrantId,
  grantLabel: "agent",
  server: "srv_0000000000000000" as ServerId,
  serverName: "files",
  method: "tools/call",
  tool: "read\r\n\u001b[31m\u2028",
  toolHash: undefined,
  argumentKeys: ["a"],
  argumentsHmac: "00",
  argumentsBytes: 2,
  policy: undefined,
  policyName: undefined,
  policyVersion: undefined,
  mode: "enforce",
  effect: "allow",
  rule: "",
  message: "",
  fate: "sent",
};

let folder: string;
let file: string;
let ledger: Ledger;
const keys = new FolderKeys(makeRootKey());
const publicKey = keys.checkpointPublicKey();

function open(): Ledger {
  const opened = openLedger(file, { durable: false });
  if (!opened.ok) throw new Error(opened.error);
  return new Ledger(opened.value, { reopen: () => opened.value, onFailure: (reason) => expect.fail(reason) });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-chain-"));
  file = join(folder, "ledger.db");
  ledger = open();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Intents with outcomes, one turn each. Resolves with the `seq` of each intent. An outcome is committed with the next
 * intent, so that blocks end with entries 1, 3, 5 and so on, and the last outcome has one of its own.
 */
async function append(count: number): Promise<number[]> {
  const seqs: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const of = await ledger.intend({ ...ENTRY, time: ENTRY.time + at });
    if (of === undefined) throw new Error("not committed");
    seqs.push(of);
    ledger.record({ of, time: ENTRY.time, status: "ok", httpStatus: 200, latencyMs: 1, bytes: 1 });
  }
  ledger.flush();
  return seqs;
}

function checkpoint(time = ENTRY.time): string {
  const root = ledger.head.toString("hex");
  return signCheckpoint({ organisation: "org_1", size: ledger.size, root, time }, keys.checkpointKey);
}

describe("the chain", () => {
  test("verifies, with and without checkpoints, and goes on after a restart", async () => {
    await append(3);
    const early = checkpoint();
    await append(2);
    ledger.close();
    ledger = open();
    await append(1);
    const late = checkpoint();
    ledger.close();
    const input = { ledgerFile: file, publicKey, checkpoints: early + late };
    expect(verifyLedger(input)).toEqual({ ok: true, rows: 12, checkpoints: 2 });
  });

  test("an entry is one line without control characters (threat 73)", async () => {
    await append(2);
    const blocks = readBlocks(ledger.db);
    expect(blocks.map(({ lines }) => lines.length)).toEqual([1, 2, 1]);
    for (const line of blocks.flatMap(({ lines }) => lines))
      expect(line).not.toMatch(/[\u0000-\u001f\u007f]/);
    ledger.close();
  });

  const replaced = (from: string, to: string, seq: number) =>
    `UPDATE block SET bodies = CAST(replace(CAST(bodies AS TEXT), '${from}', '${to}') AS BLOB) WHERE seq = ${seq}`;

  const TAMPERINGS: readonly { name: string; sql: string; needsOutside?: boolean }[] = [
    { name: "one character of an entry", sql: replaced('"agent"', '"aGent"', 3) },
    { name: "an outcome's status", sql: replaced('"ok"', '"rpc_error"', 5) },
    { name: "an outcome's reference", sql: replaced('"of":1,', '"of":2,', 3) },
    { name: "a hash", sql: "UPDATE block SET hash = zeroblob(32) WHERE seq = 3" },
    { name: "a deleted block", sql: "DELETE FROM block WHERE seq = 5" },
    {
      name: "two blocks swapped",
      sql: "UPDATE block SET seq = CASE seq WHEN 3 THEN -5 ELSE -3 END WHERE seq IN (3, 5); UPDATE block SET seq = -seq WHERE seq < 0",
    },
    {
      name: "an inserted block",
      sql: "INSERT INTO block (seq, bodies, hash) SELECT 13, bodies, hash FROM block WHERE seq = 1",
    },
    { name: "a cut tail", sql: "DELETE FROM block WHERE seq > 9", needsOutside: true },
    { name: "everything", sql: "DELETE FROM block", needsOutside: true },
  ];
  for (const { name, sql, needsOutside } of TAMPERINGS) {
    test(`finds ${name} changed (P6)`, async () => {
      await append(6);
      const outside = checkpoint();
      ledger.close();
      const copy = join(folder, "copy.db");
      cpSync(file, copy);
      const db = new Database(copy);
      const before = readBlocks(db);
      db.exec(sql);
      expect(readBlocks(db)).not.toEqual(before);
      db.close();
      const input = { ledgerFile: copy, publicKey, checkpoints: "" };
      expect(verifyLedger({ ...input, outsideCheckpoint: outside }).ok).toBe(false);
      // A tail that nothing vouches for can be cut unseen: that is what checkpoints kept elsewhere are for.
      expect(verifyLedger(input).ok).toBe(needsOutside === true);
    });
  }

  test("a chain rewritten from a point on contradicts the checkpoint", async () => {
    await append(3);
    const outside = checkpoint();
    ledger.close();
    rmSync(file);
    ledger = open();
    await append(4);
    ledger.close();
    const input = { ledgerFile: file, publicKey, checkpoints: "", outsideCheckpoint: outside };
    expect(verifyLedger(input)).toMatchObject({ ok: false, firstBad: 6 });
  });

  test("a checkpoint of another key is refused", async () => {
    await append(1);
    const other = new FolderKeys(makeRootKey());
    const checkpoints = checkpoint();
    ledger.close();
    const verified = verifyLedger({ ledgerFile: file, publicKey: other.checkpointPublicKey(), checkpoints });
    expect(verified).toMatchObject({ ok: false });
  });
});

describe("around the chain", () => {
  test("a call whose end was lost with the process is unknown, once", async () => {
    await ledger.intend(ENTRY);
    await ledger.intend({ ...ENTRY, fate: "stopped", effect: "deny" });
    await ledger.intend({ ...ENTRY, fate: "refused", effect: "deny" });
    expect(settleUnknown(ledger, 0)).toBe(1);
    expect(settleUnknown(ledger, 0)).toBe(0);
    expect([...exportRows(ledger.db, {})].map(({ status }) => status)).toEqual(["unknown", null, "refused"]);
    ledger.close();
  });

  test("retention takes whole checkpointed prefixes and the rest still verifies", async () => {
    await append(5);
    const checkpoints = checkpoint(1_000);
    await append(5);
    const ends = [1, 3, 5, 7, 9, 10, 11, 13, 15, 17, 19, 20];
    const kept = () => readBlocks(ledger.db).map(({ last }) => last);
    expect(pruneStep(ledger.db, [], createPublicKey(publicKey))).toBe(false);
    expect(kept()).toEqual(ends);
    expect(pruneStep(ledger.db, [checkpoints], createPublicKey(publicKey))).toBe(false);
    expect(kept()).toEqual(ends.filter((end) => end > 10));
    await append(1);
    ledger.close();
    expect(verifyLedger({ ledgerFile: file, publicKey, checkpoints })).toEqual({
      ok: true,
      rows: 12,
      checkpoints: 1,
    });
    expect(verifyLedger({ ledgerFile: file, publicKey, checkpoints: "" })).toMatchObject({ ok: false });
  });

  test("when nothing can be written every intent resolves undefined, and later ones are committed again", async () => {
    await append(1);
    ledger.db.exec("PRAGMA max_page_count = 1");
    const db = ledger.db;
    const big = { ...ENTRY, message: "x".repeat(100_000) };
    const failures: string[] = [];
    const opened = openLedger(file, { durable: false });
    if (!opened.ok) throw new Error(opened.error);
    opened.value.exec("PRAGMA max_page_count = 1");
    let target = opened.value;
    const fragile = new Ledger(target, {
      reopen: () => {
        const again = openLedger(file, { durable: false });
        if (!again.ok) throw new Error(again.error);
        target = again.value;
        return target;
      },
      onFailure: (reason) => failures.push(reason),
    });
    expect(await Promise.all([fragile.intend(big), fragile.intend(big)])).toEqual([undefined, undefined]);
    expect(failures).toHaveLength(1);
    expect(await fragile.intend(big)).toBe(3);
    fragile.close();
    db.close();
    expect(verifyLedger({ ledgerFile: file, publicKey, checkpoints: "" })).toMatchObject({
      ok: true,
      rows: 3,
    });
  });
});
