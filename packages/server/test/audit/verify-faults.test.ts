import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifyLedger } from "../../src/audit/verify.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { intentOf, makeFolder, openTestLedger, outcomeOf } from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));

let folder: ReturnType<typeof makeFolder>;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

describe("files that are not what they should be", () => {
  it.each([
    ["no database", "not a database, and longer than a header of one hundred bytes ".repeat(4)],
    ["an empty file", ""],
  ])("%s does not verify", (_, text) => {
    const ledgerFile = join(folder.path, "broken.db");
    writeFileSync(ledgerFile, text);
    const input = { ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints: "" };
    expect(verifyLedger(input)).toMatchObject({ ok: false, rows: 0 });
  });
});

describe("below the rows (faults F31)", () => {
  /** A ledger of 40 rows without a WAL. */
  async function writeLedger(): Promise<string> {
    const file = join(folder.path, "ledger.db");
    const ledger = openTestLedger(file);
    for (let count = 0; count < 20; count += 1) {
      const seq = await ledger.intend(intentOf());
      ledger.record(outcomeOf(seq ?? 0));
      ledger.flush();
    }
    ledger.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    ledger.close();
    return file;
  }
  const verify = (ledgerFile: string) =>
    verifyLedger({ ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints: "" });

  it("finds an index that lacks an outcome: an export would call it unknown", async () => {
    const file = await writeLedger();
    // What a person with the file and another program can do: SQLite's own guard is off.
    const rebuild = (...statements: readonly string[]) => {
      const database = new DatabaseSync(file, { defensive: false });
      for (const statement of statements) database.exec(statement);
      database.close();
    };
    rebuild("DROP INDEX entry_of", "CREATE INDEX entry_of ON entry (of) WHERE of IS NOT NULL AND of > 10");
    expect(verify(file).ok).toBe(true);
    rebuild(
      "PRAGMA writable_schema = ON",
      "UPDATE sqlite_schema SET sql = replace(sql, ' AND of > 10', '') WHERE name = 'entry_of'",
    );
    expect(verify(file)).toMatchObject({ ok: false, reason: "the ledger's index was changed" });
  });

  it("finds bytes that read as the same text", async () => {
    const file = join(folder.path, "ledger.db");
    const ledger = openTestLedger(file);
    await ledger.intend(intentOf({ message: "\ufffd" }));
    expect(verify(file).ok).toBe(true);
    const bytes = ledger.db.get("SELECT CAST(body AS BLOB) AS bytes FROM entry")?.["bytes"];
    const changed = Buffer.from(bytes as Uint8Array);
    const at = changed.indexOf(Buffer.from("\ufffd"));
    const shorter = Buffer.concat([changed.subarray(0, at), Buffer.from([0xff]), changed.subarray(at + 3)]);
    ledger.db.run("UPDATE entry SET body = CAST(? AS TEXT)", shorter);
    ledger.close();
    expect(verify(file)).toMatchObject({ ok: false, firstBad: 1 });
  });

  it("never throws, whatever byte of the file is flipped", async () => {
    const file = await writeLedger();
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at += 97) {
      const copy = Buffer.from(whole);
      copy[at] = (copy[at] ?? 0) ^ 0x55;
      writeFileSync(`${file}.flipped`, copy);
      expect(typeof verify(`${file}.flipped`).ok).toBe("boolean");
    }
  });
});
