import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { type Verification, verifyLedger } from "../../src/audit/verify.ts";
import { BLOCK_ROWS } from "../../src/audit/verify-block.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { intentOf, makeFolder, openTestLedger, outcomeOf } from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
const ROWS = 2 * BLOCK_ROWS + 88;

let folder: ReturnType<typeof makeFolder>;
let original: string;
let roots: readonly string[];

beforeAll(async () => {
  folder = makeFolder();
  original = join(folder.path, "ledger.db");
  const ledger = openTestLedger(original);
  const calls = Array.from({ length: ROWS / 2 }, (_, at) =>
    ledger.intend(intentOf({ requestId: `r-${at}`, message: "naïve ✓ \ufffd" })),
  );
  for (const seq of await Promise.all(calls)) ledger.record(outcomeOf(seq ?? 0));
  ledger.flush();
  roots = ledger.db
    .all("SELECT hash FROM entry ORDER BY seq")
    .map((row) => Buffer.from(row["hash"] as Uint8Array).toString("hex"));
  ledger.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  ledger.close();
});
afterAll(() => folder.remove());

/** Verifies a copy that somebody changed with another program, whose guards are off. */
function verifyChanged(sql: string, checkpoints = ""): Verification {
  const ledgerFile = join(folder.path, "changed.db");
  copyFileSync(original, ledgerFile);
  const db = new DatabaseSync(ledgerFile, { defensive: false });
  db.exec(sql);
  db.close();
  return verifyLedger({ ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints });
}

const noteAt = (size: number, root = roots[size - 1] ?? "") =>
  signCheckpoint({ organisation: "org_1", size, root, time: 1 }, KEYS.checkpointKey);

describe("a log of several blocks", () => {
  it("verifies, with a checkpoint at either side of a seam", () => {
    const notes = [1, BLOCK_ROWS, BLOCK_ROWS + 1, ROWS].map((size) => noteAt(size)).join("");
    expect(verifyChanged("", notes)).toEqual({ ok: true, rows: ROWS, checkpoints: 4 });
  });

  const seams = [1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS + 3, ROWS];
  const CHANGES: readonly { readonly name: string; readonly sql: (seq: number) => string }[] = [
    {
      name: "a changed body",
      sql: (seq) => `UPDATE entry SET body = replace(body, '"time":', '"Time":') WHERE seq = ${seq}`,
    },
    { name: "a changed hash", sql: (seq) => `UPDATE entry SET hash = randomblob(32) WHERE seq = ${seq}` },
    {
      name: "a hash cut short",
      sql: (seq) => `UPDATE entry SET hash = substr(hash, 1, 31) WHERE seq = ${seq}`,
    },
    {
      name: "something behind the end of a text",
      sql: (seq) => `UPDATE entry SET body = body || char(0) || 'x' WHERE seq = ${seq}`,
    },
    { name: "a reference", sql: (seq) => `UPDATE entry SET of = 7 WHERE seq = ${seq}` },
  ];
  const rows = CHANGES.flatMap((change) => seams.map((seq) => ({ ...change, seq })));
  it.each(rows)("$name of entry $seq is found there", ({ sql, seq }) => {
    expect(verifyChanged(sql(seq))).toMatchObject({ ok: false, firstBad: seq, rows: seq - 1 });
  });

  it("a byte moved from one hash to the next is found", () => {
    const moved = `UPDATE entry SET hash = CAST(hash || substr((SELECT hash FROM entry WHERE seq = 8), 1, 1) AS BLOB) WHERE seq = 7;
      UPDATE entry SET hash = substr(hash, 2) WHERE seq = 8`;
    expect(verifyChanged(moved)).toMatchObject({ ok: false, firstBad: 7 });
  });

  it("a byte moved from one body to the next is found", () => {
    const moved = `UPDATE entry SET body = body || '{' WHERE seq = 7;
      UPDATE entry SET body = substr(body, 2) WHERE seq = 8`;
    expect(verifyChanged(moved)).toMatchObject({ ok: false, firstBad: 7 });
  });

  it("a gap in the numbers alone is found", () => {
    const moved = `UPDATE entry SET seq = seq + 5 WHERE seq = ${ROWS}`;
    expect(verifyChanged(moved)).toMatchObject({ ok: false, firstBad: ROWS });
  });

  it("a checkpoint inside a block contradicts it", () => {
    expect(verifyChanged("", noteAt(300, "00".repeat(32)))).toMatchObject({ ok: false, firstBad: 300 });
  });

  it("a reference that is the text of a number finds nothing in an export, so it does not verify", () => {
    const loose = `PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(replace(sql, ') STRICT', ')'), 'of INTEGER', 'of ANY')
        WHERE name = 'entry'`;
    const ledgerFile = join(folder.path, "loose.db");
    copyFileSync(original, ledgerFile);
    for (const sql of [loose, `UPDATE entry SET of = CAST('1' AS BLOB) WHERE seq = ${ROWS / 2 + 1}`]) {
      const db = new DatabaseSync(ledgerFile, { defensive: false });
      db.exec(sql);
      db.close();
    }
    const input = { ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints: "" };
    expect(verifyLedger(input)).toMatchObject({ ok: false, firstBad: ROWS / 2 + 1 });
  });
});
