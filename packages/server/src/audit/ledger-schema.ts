import { err, ok, type Result } from "@portcullis/policy";
import { Database, numberOf, textOf } from "../storage/database.ts";

/** `ledger.db`: what happened. Written by the running gateway alone. Numbered, forward only. */
const MIGRATIONS: readonly string[] = [
  `
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
  `,
  // Every call before this entry is over (open-calls.ts).
  "CREATE TABLE settled (id INTEGER PRIMARY KEY CHECK (id = 1), before INTEGER NOT NULL) STRICT",
  // A row for each commit instead of each entry (ADR 18): `seq` of the last one, and all of them, a line each.
  `
  CREATE TABLE block (seq INTEGER PRIMARY KEY, bodies BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
  INSERT INTO block (seq, bodies, hash) SELECT seq, CAST(body AS BLOB), hash FROM entry ORDER BY seq;
  DROP TABLE entry;
  `,
];

/** Opens and migrates the ledger. The error is one line that says what to do. */
export function openLedger(file: string, options: { readonly durable: boolean }): Result<Database, string> {
  let db: Database | undefined;
  try {
    db = new Database(file, { durable: options.durable });
    const version = numberOf(db.get("PRAGMA user_version") ?? {}, "user_version");
    if (version > MIGRATIONS.length) {
      db.close();
      return err(newerVersion(version));
    }
    if (version < MIGRATIONS.length) migrate(db, version);
    // A thread of its own moves the pages (wal-checkpoints.ts); here it would stop the event loop for milliseconds.
    db.exec("PRAGMA wal_autocheckpoint = 0");
    return ok(db);
  } catch (cause) {
    db?.close();
    const reason = cause instanceof Error ? cause.message : "unknown error";
    return err(`cannot open \`${file}\` (${reason}); if it is damaged, restore it from a backup`);
  }
}

/**
 * Opens a ledger for reading alone, also beside the gateway that writes it. The error is one line that says what to do;
 * throws when the file cannot be read.
 */
export function openLedgerToRead(file: string): Result<Database, string> {
  const db = new Database(file, { readOnly: true });
  try {
    const version = numberOf(db.get("PRAGMA user_version") ?? {}, "user_version");
    if (version === MIGRATIONS.length) return ok(db);
    db.close();
    if (version > MIGRATIONS.length) return err(newerVersion(version));
    const what = version === 0 ? "holds no log yet" : "was written by an older version of Portcullis";
    return err(`ledger.db ${what} (schema ${version}); start the gateway on it once`);
  } catch (cause) {
    if (db.isOpen) db.close();
    throw cause;
  }
}

/** Number of the newest entry, also of a ledger that an older version wrote; 0 where there is none. */
export function newestEntry(db: Database): number {
  const table = db.get("SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('block', 'entry')");
  if (table === undefined) return 0;
  const row = db.get(`SELECT coalesce(max(seq), 0) AS seq FROM ${textOf(table, "name")}`) ?? {};
  return numberOf(row, "seq");
}

function newerVersion(version: number): string {
  return `ledger.db was written by a newer version of Portcullis (schema ${version}); upgrade this one`;
}

function migrate(db: Database, version: number): void {
  db.transaction(() => {
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}
