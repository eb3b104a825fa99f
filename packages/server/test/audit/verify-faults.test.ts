import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exportRows } from "../../src/audit/export.ts";
import { verifyLedger } from "../../src/audit/verify.ts";
import { bytesOf, Database } from "../../src/storage/database.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { commit, intentOf, makeFolder, openTestLedger } from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
/** First byte of a page of a table that has no rows itself, and leads to those that have (SQLite's file format). */
const INTERIOR = 5;

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
  const CALLS = 20;
  /** A ledger without a WAL, of several pages. */
  async function writeLedger(): Promise<string> {
    const file = join(folder.path, "ledger.db");
    const ledger = openTestLedger(file);
    for (let count = 0; count < CALLS / 2; count += 1) {
      const first = ledger.size + 1;
      await commit(ledger, { intents: [intentOf(), intentOf()] });
      await commit(ledger, { ended: [first, first + 1] });
    }
    ledger.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    ledger.close();
    return file;
  }
  const verify = (ledgerFile: string) =>
    verifyLedger({ ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints: "" });
  /** What a person with the file and another program can do: SQLite's own guard is off. */
  function run(file: string, ...statements: readonly string[]): void {
    const database = new DatabaseSync(file, { defensive: false });
    for (const statement of statements) database.exec(statement);
    database.close();
  }
  /** The number in a row of one column. */
  function numberFrom(file: string, sql: string): number {
    const database = new DatabaseSync(file, { readOnly: true });
    const [number] = Object.values(database.prepare(sql).get() ?? {});
    database.close();
    return Number(number);
  }
  /** An export shows less calls with their outcome than there are, and nobody is told. */
  function isHidden(file: string): boolean {
    const db = new Database(file, { readOnly: true });
    try {
      const ended = [...exportRows(db, {})].filter(({ status }) => status === "ok").length;
      return ended < CALLS && verify(file).ok;
    } finally {
      db.close();
    }
  }

  it("finds an index that lacks blocks: an export would read from it", async () => {
    const file = await writeLedger();
    run(file, "CREATE INDEX less ON block (seq, bodies) WHERE seq > 10");
    expect(isHidden(file)).toBe(false);
    const whole = "UPDATE sqlite_schema SET sql = replace(sql, ' WHERE seq > 10', '') WHERE name = 'less'";
    run(file, "PRAGMA writable_schema = ON", whole);
    expect(numberFrom(file, "SELECT min(seq) FROM block INDEXED BY less WHERE seq > 0")).toBe(12);
    expect(isHidden(file)).toBe(false);
  });

  it("finds a page that leads past blocks who looks for a number, though not who reads all", async () => {
    const file = await writeLedger();
    const size = numberFrom(file, "PRAGMA page_size");
    const end = size * numberFrom(file, "SELECT rootpage FROM sqlite_schema WHERE name = 'block'");
    const whole = readFileSync(file);
    const page = whole.subarray(end - size, end);
    expect(page[0]).toBe(INTERIOR);
    // The first cell says up to which number its child goes. A copy of it in the free space says that this is -1.
    const [free, cell] = [page.readUInt16BE(5), page.readUInt16BE(12)];
    page.copy(page, free - 13, cell, cell + 4);
    page.fill(0xff, free - 9, free);
    page.writeUInt16BE(free - 13, 5);
    page.writeUInt16BE(free - 13, 12);
    writeFileSync(file, whole);
    expect(numberFrom(file, "SELECT min(seq) FROM block")).toBe(2);
    expect(numberFrom(file, "SELECT min(seq) FROM block WHERE seq > 0")).toBeGreaterThan(2);
    expect(isHidden(file)).toBe(false);
  });

  it("finds bytes that read as the same text", async () => {
    const file = join(folder.path, "ledger.db");
    const ledger = openTestLedger(file);
    await commit(ledger, { intents: [intentOf(), intentOf({ message: "\ufffd" })] });
    expect(verify(file).ok).toBe(true);
    const bodies = bytesOf(ledger.db.get("SELECT bodies FROM block") ?? {}, "bodies");
    const at = bodies.indexOf("\ufffd");
    const shorter = Buffer.concat([bodies.subarray(0, at), Buffer.from([0xff]), bodies.subarray(at + 3)]);
    expect(shorter.toString()).toBe(bodies.toString());
    ledger.db.run("UPDATE block SET bodies = ?", shorter);
    ledger.close();
    expect(verify(file)).toMatchObject({ ok: false, firstBad: 1, rows: 0 });
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
