import { createPublicKey } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { signCheckpoint, splitNotes, timeOfNote } from "../../src/audit/checkpoint.ts";
import { exportRows } from "../../src/audit/export.ts";
import type { Ledger } from "../../src/audit/ledger.ts";
import { pruneStep } from "../../src/audit/prune.ts";
import { verifyLedger } from "../../src/audit/verify.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { intentOf, makeFolder, openTestLedger, outcomeOf, readBlocks } from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
const OTHER_KEYS = new FolderKeys(Buffer.from("vutsrqponmlkjihgfedcba9876543210"));

let folder: ReturnType<typeof makeFolder>;
let ledger: Ledger;
let notes: string;
beforeEach(() => {
  folder = makeFolder();
  ledger = openTestLedger(join(folder.path, "ledger.db"));
  notes = "";
});
afterEach(() => {
  ledger.close();
  folder.remove();
});

/** As many calls with their outcomes, and a checkpoint behind them. */
async function append(calls: number, time = 1_000, keys = KEYS): Promise<void> {
  const intents = Array.from({ length: calls }, () => ledger.intend(intentOf()));
  for (const of of await Promise.all(intents)) ledger.record(outcomeOf(of ?? 0));
  ledger.flush();
  const root = ledger.head.toString("hex");
  notes += signCheckpoint({ organisation: "org_1", size: ledger.size, root, time }, keys.checkpointKey);
}

function prune(): boolean {
  const old = splitNotes(notes).filter((note) => timeOfNote(note) < 2_000);
  return pruneStep(ledger.db, old, createPublicKey(KEYS.checkpointKey));
}

function verify(): ReturnType<typeof verifyLedger> {
  const ledgerFile = join(folder.path, "ledger.db");
  return verifyLedger({ ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints: notes });
}

function firstSeq(): number | undefined {
  return readBlocks(ledger.db)[0]?.first;
}

describe("retention", () => {
  it("verifies after each step, so that the process may die behind any", async () => {
    for (let count = 0; count < 5; count += 1) await append(450);
    await append(1, 3_000);
    const steps: unknown[] = [];
    for (let isMore = true; isMore; ) {
      isMore = prune();
      steps.push([firstSeq(), verify().ok]);
    }
    expect(steps).toEqual([
      [1_801, true],
      [3_601, true],
      [4_501, true],
    ]);
  });

  it("takes what one checkpoint saw in one step, however much it is", async () => {
    await append(1_500);
    await append(1);
    expect([prune(), firstSeq(), verify().ok]).toEqual([true, 3_001, true]);
  });

  it("takes nothing for a checkpoint of another key, or one that the chain does not know", async () => {
    await append(2, 1_000, OTHER_KEYS);
    expect([prune(), firstSeq()]).toEqual([false, 1]);
    const [first, second] = readBlocks(ledger.db);
    // A block ends with entry 2, and with entry 4: there is none of 3, whatever its hash.
    for (const [size, root] of [
      [4, "00".repeat(32)],
      [4, first?.hash ?? ""],
      [3, first?.hash ?? ""],
      [3, second?.hash ?? ""],
    ] as const) {
      notes = signCheckpoint({ organisation: "org_1", size, root, time: 1 }, KEYS.checkpointKey);
      expect([prune(), firstSeq()]).toEqual([false, 1]);
    }
  });

  it("leaves what stands at or below the anchor for the verification to find", async () => {
    await append(2);
    prune();
    ledger.db.run("INSERT INTO block (seq, bodies, hash) VALUES (3, CAST('{}' AS BLOB), zeroblob(32))");
    await append(2);
    prune();
    expect(verify()).toMatchObject({ ok: false, firstBad: 3 });
  });
});

describe("log export, of a log with an anchor", () => {
  it("has no row at or below it, and no outcome from there", async () => {
    await append(2);
    await ledger.intend(intentOf());
    ledger.db.run("INSERT INTO anchor (id, seq, hash) SELECT 1, seq, hash FROM block WHERE seq = 4");
    ledger.db.run(
      `UPDATE block SET bodies = CAST(replace(CAST(bodies AS TEXT), '"of":1,', '"of":5,') AS BLOB) WHERE seq = 4`,
    );
    expect(readBlocks(ledger.db).map(({ last, lines }) => [last, lines[0]])).toEqual([
      [2, expect.stringContaining('"kind":"intent"')],
      [4, expect.stringContaining('"of":5,')],
      [5, expect.stringContaining('"kind":"intent"')],
    ]);
    expect(verify()).toMatchObject({ ok: false, firstBad: 1 });
    const seen = (afterSeq?: number) =>
      [...exportRows(ledger.db, afterSeq === undefined ? {} : { afterSeq })].map(({ seq, status }) => [
        seq,
        status,
      ]);
    expect([seen(), seen(1), seen(-9)]).toEqual(Array(3).fill([[5, "unknown"]]));
  });

  it("has no row at or below an anchor that lies within a block", async () => {
    await append(3);
    ledger.db.run("INSERT INTO anchor (id, seq, hash) VALUES (1, 2, zeroblob(32))");
    expect([...exportRows(ledger.db, {})].map(({ seq, status }) => [seq, status])).toEqual([[3, "ok"]]);
  });

  it("has no row before the first, with no anchor either", async () => {
    await append(3);
    const seqs = () => [...exportRows(ledger.db, { afterSeq: -9 })].map(({ seq }) => seq);
    ledger.db.run("INSERT INTO block SELECT -5, bodies, hash FROM block WHERE seq = 3");
    expect(seqs()).toEqual([1, 2, 3]);
    // Its entries would be -1, 0 and 1.
    ledger.db.run("UPDATE block SET seq = 1 WHERE seq = 3");
    expect(seqs()).toEqual([1]);
  });
});
