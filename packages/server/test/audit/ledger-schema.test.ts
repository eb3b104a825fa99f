import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { checkpointBody, intentBody, outcomeBody } from "../../src/audit/entry.ts";
import { exportRows } from "../../src/audit/export.ts";
import { openLedger, openLedgerToRead } from "../../src/audit/ledger-schema.ts";
import { readSettledMark } from "../../src/audit/open-calls.ts";
import { settleUnknown } from "../../src/audit/settle-unknown.ts";
import { verifyLedger } from "../../src/audit/verify.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import {
  commit,
  intentOf,
  makeFolder,
  openDatabase,
  openTestLedger,
  outcomeOf,
  readBlocks,
} from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));

/** The schema as it was released with a row for each entry. Never changed again. */
const SCHEMA_1 = `
  CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    of INTEGER,
    body TEXT NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;
  CREATE INDEX entry_of ON entry (of) WHERE of IS NOT NULL;
  CREATE TABLE counter_fixed (
    key TEXT PRIMARY KEY, window_start INTEGER NOT NULL, micros INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE counter_sliding (
    key TEXT NOT NULL, at INTEGER NOT NULL, micros INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX counter_sliding_key ON counter_sliding (key, at);
  CREATE TABLE anchor (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
`;
const SCHEMA_2 = `${SCHEMA_1};
  CREATE TABLE settled (id INTEGER PRIMARY KEY CHECK (id = 1), before INTEGER NOT NULL) STRICT;
`;

/** The entries of the old log: what refers to a call, and the body. */
const ENTRIES: readonly (readonly [of: number | null, body: string])[] = [
  [null, intentBody(1, intentOf({ requestId: "first", message: "é✓𝄞\u0000\n" }))],
  [null, intentBody(2, intentOf({ requestId: "stopped", fate: "stopped", effect: "deny" }))],
  [1, outcomeBody(3, outcomeOf(1, { status: "rpc_error" }))],
  [0, checkpointBody(4, { size: 2, timeMs: 1 })],
  [null, intentBody(5, intentOf({ requestId: "refused", fate: "refused", effect: "deny" }))],
  [null, intentBody(6, intentOf({ requestId: "open" }))],
  [null, intentBody(7, intentOf({ requestId: "last" }))],
  [7, outcomeBody(8, outcomeOf(7))],
];
/** What an export has shown of it. */
const EXPORTED = [
  [1, "first", "rpc_error", 12.5],
  [2, "stopped", null, null],
  [5, "refused", "refused", null],
  [6, "open", "unknown", null],
  [7, "last", "ok", 12.5],
];

let folder: ReturnType<typeof makeFolder>;
let file: string;
beforeEach(() => {
  folder = makeFolder();
  file = join(folder.path, "ledger.db");
});
afterEach(() => folder.remove());

/** The head after each entry, each of which was chained for itself. */
function headsOf(bodies: readonly string[]): readonly Buffer[] {
  let head: Buffer = Buffer.alloc(32);
  return bodies.map((body) => {
    head = createHash("sha256").update(head).update(body).digest();
    return head;
  });
}
const HEADS = headsOf(ENTRIES.map(([, body]) => body));

/** A ledger as an older version left it: a WAL file, and these statements at last. */
function writeOld(schema: string, version: number, sql = ""): void {
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA journal_mode = WAL; ${schema}; PRAGMA user_version = ${version}`);
  const insert = db.prepare("INSERT INTO entry (seq, of, body, hash) VALUES (?, ?, ?, ?)");
  for (const [at, [of, body]] of ENTRIES.entries()) insert.run(at + 1, of, body, HEADS[at] ?? "");
  db.exec("INSERT INTO counter_fixed VALUES ('key', 1, 2, 3)");
  db.exec(sql);
  db.close();
}

function noteAt(size: number, root = HEADS[size - 1]?.toString("hex") ?? ""): string {
  return signCheckpoint({ organisation: "org_1", size, root, time: 1 }, KEYS.checkpointKey);
}

const verify = (checkpoints: string) =>
  verifyLedger({ ledgerFile: file, publicKey: KEYS.checkpointPublicKey(), checkpoints });

function exported(): readonly (readonly unknown[])[] {
  const db = openDatabase(file);
  const rows = [...exportRows(db, {})].map((row) => [row.seq, row.requestId, row.status, row.latencyMs]);
  db.close();
  return rows;
}

/** What the file says of itself. */
function schemaOf(): readonly unknown[] {
  const db = new DatabaseSync(file, { readOnly: true });
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE tbl_name IN ('entry', 'block') ORDER BY name")
    .all();
  const version = db.prepare("PRAGMA user_version").get();
  db.close();
  return [tables.map((row) => row["name"]), version?.["user_version"]];
}

describe("a ledger with a row for each entry", () => {
  it.each([
    ["of the last such version", SCHEMA_2, 2],
    ["of the version before", SCHEMA_1, 1],
  ])("%s becomes one of blocks, and verifies with each of its checkpoints", (_, schema, version) => {
    writeOld(schema, version);
    openDatabase(file).close();
    expect(schemaOf()).toEqual([["block"], 3]);
    const sizes = ENTRIES.map((_, at) => at + 1);
    const all = { ok: true, rows: 8, checkpoints: 8 };
    expect(verify(sizes.map((size) => noteAt(size)).join(""))).toEqual(all);
    for (const size of sizes) {
      const found = { ok: false, firstBad: size };
      expect(verify(noteAt(size, "00".repeat(32)))).toMatchObject(found);
    }
    // The log's own word of a checkpoint is still heard.
    expect(verify("")).toMatchObject({
      ok: false,
      reason: expect.stringContaining("a checkpoint of 2 entries"),
    });
  });

  it("keeps each entry and each hash to the byte", () => {
    writeOld(SCHEMA_2, 2);
    const db = openDatabase(file);
    expect(readBlocks(db)).toEqual(
      ENTRIES.map(([, body], at) => ({
        first: at + 1,
        last: at + 1,
        lines: [body],
        hash: HEADS[at]?.toString("hex"),
      })),
    );
    expect(db.all("SELECT DISTINCT typeof(bodies) AS bodies, typeof(hash) AS hash FROM block")).toEqual([
      { bodies: "blob", hash: "blob" },
    ]);
    expect(db.all("SELECT * FROM counter_fixed")).toEqual([
      { key: "key", window_start: 1, micros: 2, expires_at: 3 },
    ]);
    db.close();
  });

  it("exports the rows that it did, each time it is opened", () => {
    writeOld(SCHEMA_2, 2);
    expect([exported(), exported()]).toEqual([EXPORTED, EXPORTED]);
  });

  it("goes on where it ended", async () => {
    writeOld(SCHEMA_2, 2, "INSERT INTO settled VALUES (1, 6)");
    const ledger = openTestLedger(file);
    expect([ledger.size, ledger.head, readSettledMark(ledger.db)]).toEqual([8, HEADS[7], 6]);
    // The outcome of the call that was open belongs to an entry of the older version.
    expect(settleUnknown(ledger, 1)).toBe(1);
    await commit(ledger, {
      intents: [intentOf({ requestId: "new" }), intentOf({ requestId: "newer" })],
      ended: [6],
    });
    const note = noteAt(ledger.size, ledger.head.toString("hex"));
    expect(readBlocks(ledger.db).map(({ last }) => last)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 12]);
    ledger.close();
    expect(verify(noteAt(2) + noteAt(7) + note)).toEqual({ ok: true, rows: 12, checkpoints: 3 });
    expect(exported().map(([seq, requestId]) => [seq, requestId])).toEqual([
      ...EXPORTED.map(([seq, requestId]) => [seq, requestId]),
      [10, "new"],
      [11, "newer"],
    ]);
  });

  it("keeps the anchor of what retention took", () => {
    const hash = HEADS[3]?.toString("hex");
    writeOld(SCHEMA_2, 2, `DELETE FROM entry WHERE seq <= 4; INSERT INTO anchor VALUES (1, 4, x'${hash}')`);
    expect(exported()).toEqual(EXPORTED.slice(2));
    expect(verify(noteAt(4) + noteAt(8))).toEqual({ ok: true, rows: 4, checkpoints: 2 });
    expect(verify(noteAt(8)).ok).toBe(false);
  });

  it("goes on behind its anchor when nothing else is left", () => {
    const hash = HEADS[7]?.toString("hex");
    writeOld(SCHEMA_2, 2, `DELETE FROM entry; INSERT INTO anchor VALUES (1, 8, x'${hash}')`);
    const ledger = openTestLedger(file);
    expect([ledger.size, ledger.head]).toEqual([8, HEADS[7]]);
    ledger.close();
  });

  it.each([
    ["a changed body", "UPDATE entry SET body = replace(body, 'stripe', 'strype') WHERE seq = 5", 5],
    ["a changed hash", "UPDATE entry SET hash = zeroblob(32) WHERE seq = 5", 5],
    ["a missing entry", "DELETE FROM entry WHERE seq = 5", 5],
    ["an entry of two lines", "UPDATE entry SET body = body || char(10) WHERE seq = 5", 5],
    ["something behind the end of a text", "UPDATE entry SET body = body || char(0) || 'x' WHERE seq = 5", 5],
    ["an entry before the first", "INSERT INTO entry SELECT 0, of, body, hash FROM entry WHERE seq = 1", 0],
  ])("does not hide %s by becoming one of blocks", (_, sql, firstBad) => {
    writeOld(SCHEMA_2, 2, sql);
    openDatabase(file).close();
    expect(verify(noteAt(2))).toMatchObject({ ok: false, firstBad });
  });

  it("stays as it was when it cannot become one of blocks", () => {
    writeOld(SCHEMA_2, 2, "CREATE TABLE block (other)");
    const opened = openLedger(file, { durable: false });
    expect(opened).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^cannot open .*already exists/),
    });
    expect(schemaOf()).toEqual([["block", "entry", "entry_of"], 2]);
  });

  it("is not verified or read before a gateway has opened it, and not changed", () => {
    writeOld(SCHEMA_2, 2);
    const says = /^ledger\.db was written by an older version .*\(schema 2\)/;
    expect(openLedgerToRead(file)).toMatchObject({ ok: false, error: expect.stringMatching(says) });
    expect(verify(noteAt(2))).toMatchObject({ ok: false, rows: 0, reason: expect.stringMatching(says) });
    expect(schemaOf()).toEqual([["entry", "entry_of"], 2]);
  });
});

describe("a ledger of a newer version", () => {
  it("is refused with one line, and not changed", () => {
    const db = openDatabase(file);
    db.exec("PRAGMA user_version = 99");
    db.close();
    const says = /^ledger\.db was written by a newer version .*\(schema 99\)/;
    const refused = { ok: false, error: expect.stringMatching(says) };
    expect([openLedger(file, { durable: false }), openLedgerToRead(file)]).toEqual([refused, refused]);
    expect(verify("")).toMatchObject({ ok: false, rows: 0, reason: expect.stringMatching(says) });
    expect(schemaOf()).toEqual([["block"], 99]);
  });
});
