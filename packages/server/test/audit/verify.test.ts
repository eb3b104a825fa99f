import { randomInt } from "node:crypto";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chain } from "../../src/audit/chained-rows.ts";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { type Verification, verifyLedger } from "../../src/audit/verify.ts";
import type { Database } from "../../src/storage/database.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { intentOf, makeFolder, openDatabase, openTestLedger, outcomeOf } from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
const OTHER_KEYS = new FolderKeys(Buffer.from("vutsrqponmlkjihgfedcba9876543210"));
/** Mutations of one run; 10,000 is what faults F31 asks for. */
const MUTATIONS = Number(process.env["PORTCULLIS_MUTATIONS"] ?? "400");
const INTENTS = 60;
const ROWS = 2 * INTENTS;

let folder: ReturnType<typeof makeFolder>;
let original: string;
let roots: readonly string[];
beforeAll(async () => {
  folder = makeFolder();
  original = join(folder.path, "ledger.db");
  const ledger = openTestLedger(original);
  for (let count = 0; count < INTENTS; count += 1) {
    const seq = await ledger.intend(
      intentOf({ requestId: `request-${count}`, message: '"of":1, "kind":"intent"' }),
    );
    ledger.record(outcomeOf(seq ?? 0));
    ledger.flush();
  }
  ledger.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  roots = ledger.db
    .all("SELECT hash FROM entry ORDER BY seq")
    .map((row) => Buffer.from(row["hash"] as Uint8Array).toString("hex"));
  ledger.close();
});
afterAll(() => folder.remove());

function noteAt(size: number, keys = KEYS, root = roots[size - 1] ?? ""): string {
  return signCheckpoint({ organisation: "org_1", size, root, time: 1 }, keys.checkpointKey);
}

/** Verifies a copy after `tamper` changed it. */
function verifyChanged(
  tamper: (db: Database) => void,
  more: {
    readonly checkpoints?: string;
    readonly outsideCheckpoint?: string;
    readonly publicKey?: string;
  } = {},
): Verification {
  const ledgerFile = join(folder.path, "changed.db");
  copyFileSync(original, ledgerFile);
  const db = openDatabase(ledgerFile);
  tamper(db);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  return verifyLedger({ ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints: "", ...more });
}

/** Computes every hash anew, as somebody would who hides a change. */
function rehash(db: Database): void {
  let head: Buffer = Buffer.alloc(32);
  for (const row of db.all("SELECT seq, body FROM entry ORDER BY seq")) {
    head = chain(head, String(row["body"]));
    db.run("UPDATE entry SET hash = ? WHERE seq = ?", head, Number(row["seq"]));
  }
}

describe("a log that nobody touched", () => {
  it("verifies, with and without checkpoints", () => {
    expect(verifyChanged(() => {})).toEqual({ ok: true, rows: ROWS, checkpoints: 0 });
    const checkpoints = noteAt(10) + noteAt(50);
    const outsideCheckpoint = noteAt(ROWS);
    expect(verifyChanged(() => {}, { checkpoints, outsideCheckpoint })).toEqual({
      ok: true,
      rows: ROWS,
      checkpoints: 3,
    });
  });
});

describe("faults F31: what is found, and where", () => {
  const CASES: readonly (readonly [string, (db: Database) => void, number, string])[] = [
    [
      "a changed body",
      (db) => db.run("UPDATE entry SET body = replace(body, 'allow', 'deny') WHERE seq = 7"),
      7,
      "",
    ],
    ["a deleted row", (db) => db.run("DELETE FROM entry WHERE seq = 7"), 7, ""],
    ["a changed hash", (db) => db.run("UPDATE entry SET hash = zeroblob(32) WHERE seq = 7"), 7, ""],
    ["a reference to another call", (db) => db.run("UPDATE entry SET of = 5 WHERE seq = 4"), 4, ""],
    ["an outcome turned into a call", (db) => db.run("UPDATE entry SET of = NULL WHERE seq = 4"), 4, ""],
    ["a call turned into an outcome", (db) => db.run("UPDATE entry SET of = 1 WHERE seq = 5"), 5, ""],
    ["two rows exchanged", (db) => swap(db, 7, 9), 7, ""],
    ["a row put in", (db) => insertCopy(db, 7), 7, ""],
    [
      "a row in front of the first",
      (db) => db.run("INSERT INTO entry SELECT 0, of, body, hash FROM entry WHERE seq = 1"),
      0,
      "",
    ],
    ["a tail that a checkpoint saw", (db) => db.run("DELETE FROM entry WHERE seq > 100"), 101, "outside"],
    ["the whole log gone", (db) => db.run("DELETE FROM entry"), 1, "outside"],
    ["a rewritten chain", (db) => rewrite(db, 7), 110, "outside"],
  ];
  it.each(CASES)("%s", (_, tamper, firstBad, kept) => {
    const verification = verifyChanged(tamper, kept === "" ? {} : { outsideCheckpoint: noteAt(110) });
    expect({ ok: verification.ok, firstBad: verification.firstBad }).toEqual({ ok: false, firstBad });
  });

  it("a cut tail that no checkpoint saw cannot be told from a shorter log", () => {
    expect(verifyChanged((db) => db.run("DELETE FROM entry WHERE seq > 100")).ok).toBe(true);
  });

  it("two checkpoints that contradict each other", () => {
    const checkpoints = noteAt(50) + noteAt(50, KEYS, "00".repeat(32));
    expect(verifyChanged(() => {}, { checkpoints })).toMatchObject({ ok: false, firstBad: 50 });
  });

  it.each([
    ["signed with another key", () => noteAt(50, OTHER_KEYS)],
    ["with another size", () => noteAt(50).replace("\n50\n", "\n51\n")],
    ["cut short", () => noteAt(50).slice(0, -20)],
    ["of nothing known", () => "hello\n"],
  ])("a checkpoint %s", (_, note) => {
    expect(verifyChanged(() => {}, { outsideCheckpoint: note() }).ok).toBe(false);
  });

  it("an anchor that no checkpoint saw hides no pruned rows", () => {
    const prune = (db: Database) => {
      db.run("INSERT INTO anchor (id, seq, hash) SELECT 1, seq, hash FROM entry WHERE seq = 50");
      db.run("DELETE FROM entry WHERE seq <= 50");
    };
    expect(verifyChanged(prune).ok).toBe(false);
    expect(verifyChanged(prune, { checkpoints: noteAt(49) + noteAt(51) }).ok).toBe(false);
    expect(verifyChanged(prune, { checkpoints: noteAt(50) })).toEqual({
      ok: true,
      rows: ROWS - 50,
      checkpoints: 1,
    });
  });
});

describe("faults F31: random mutations", () => {
  it(`all of ${MUTATIONS} are found with a checkpoint kept elsewhere`, { timeout: 600_000 }, () => {
    const missed: string[] = [];
    for (let count = 0; count < MUTATIONS; count += 1) {
      const seq = randomInt(1, ROWS + 1);
      const kind =
        (["flip body", "flip hash", "delete", "swap", "cut", "move reference"] as const)[randomInt(6)] ??
        "cut";
      const at = randomInt(1 << 20);
      const { ok } = verifyChanged((db) => mutate(db, kind, seq, at), { outsideCheckpoint: noteAt(ROWS) });
      if (ok) missed.push(`${kind} ${seq} ${at}`);
    }
    expect(missed).toEqual([]);
  });
});

function mutate(db: Database, kind: string, seq: number, at: number): void {
  if (kind === "flip body") return flip(db, seq, at, "body");
  if (kind === "flip hash") return flip(db, seq, at, "hash");
  if (kind === "swap") return swap(db, seq, (seq % ROWS) + 1);
  if (kind === "cut") db.run("DELETE FROM entry WHERE seq >= ?", seq);
  else if (kind === "delete") db.run("DELETE FROM entry WHERE seq = ?", seq);
  else db.run("UPDATE entry SET of = coalesce(of, 0) + ? WHERE seq = ?", 1 + (at % 100), seq);
}

function flip(db: Database, seq: number, at: number, column: "body" | "hash"): void {
  const row = db.get(`SELECT CAST(${column} AS BLOB) AS bytes FROM entry WHERE seq = ?`, seq);
  const bytes = Buffer.from(row?.["bytes"] as Uint8Array);
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << (at % 7));
  if (column === "hash") db.run("UPDATE entry SET hash = ? WHERE seq = ?", bytes, seq);
  else db.run("UPDATE entry SET body = CAST(? AS TEXT) WHERE seq = ?", bytes, seq);
}

function swap(db: Database, one: number, other: number): void {
  db.run("UPDATE entry SET seq = -1 WHERE seq = ?", one);
  db.run("UPDATE entry SET seq = ? WHERE seq = ?", one, other);
  db.run("UPDATE entry SET seq = ? WHERE seq = -1", other);
}

function insertCopy(db: Database, seq: number): void {
  db.run("UPDATE entry SET seq = -seq WHERE seq >= ?", seq);
  db.run("UPDATE entry SET seq = 1 - seq WHERE seq < 0");
  db.run("INSERT INTO entry (seq, of, body, hash) SELECT ?, of, body, hash FROM entry WHERE seq = 1", seq);
}

function rewrite(db: Database, seq: number): void {
  db.run("UPDATE entry SET body = replace(body, 'allow', 'deny') WHERE seq = ?", seq);
  rehash(db);
}
