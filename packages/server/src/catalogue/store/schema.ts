import { err, ok, type Result } from "@portcullis/policy";
import { type Database, numberOf } from "../../storage/database.ts";

/** Numbered, forward only. A change is a new entry; an entry that was released never changes. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE server (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    title TEXT,
    description TEXT,
    package_registry TEXT,
    package_name TEXT,
    package_version TEXT,
    repository TEXT,
    registry_id TEXT UNIQUE,
    license TEXT,
    transports TEXT NOT NULL,
    status TEXT NOT NULL,
    method TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    counts TEXT NOT NULL DEFAULT '[0,0,0,0,0]'
  ) STRICT;
  CREATE INDEX server_package ON server (package_registry, package_name);
  CREATE TABLE tool (
    id INTEGER PRIMARY KEY,
    server INTEGER NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    title TEXT,
    definition TEXT NOT NULL,
    definition_hash TEXT NOT NULL,
    is_whole INTEGER NOT NULL,
    category INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    rules TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (server, name)
  ) STRICT;
  CREATE INDEX tool_name ON tool (name COLLATE NOCASE, id);
  CREATE INDEX tool_category ON tool (category, name COLLATE NOCASE, id);
  CREATE TABLE drift (
    seq INTEGER PRIMARY KEY,
    server INTEGER NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    tool TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    before TEXT,
    after TEXT
  ) STRICT;
  CREATE INDEX drift_server ON drift (server, seq);
  CREATE TABLE total (
    servers INTEGER NOT NULL,
    tools INTEGER NOT NULL,
    counts TEXT NOT NULL,
    changed_at INTEGER NOT NULL
  ) STRICT;
  INSERT INTO total VALUES (0, 0, '[0,0,0,0,0]', 0);
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE VIRTUAL TABLE tool_words USING fts5 (
    name, server, title, body, facets,
    content = '', contentless_delete = 1, detail = 'column', prefix = '2 3',
    tokenize = 'unicode61 remove_diacritics 2'
  );
  CREATE VIRTUAL TABLE server_words USING fts5 (
    name, title, body,
    content = '', contentless_delete = 1, detail = 'column', prefix = '2 3',
    tokenize = 'unicode61 remove_diacritics 2'
  );
  `,
];

/** Brings `catalogue.db` to this version. A newer one is refused: an older program would misread it. */
export function migrateCatalogue(db: Database): Result<void, string> {
  return db.transaction(() => {
    const version = numberOf(db.get("PRAGMA user_version") ?? {}, "user_version");
    if (version > MIGRATIONS.length) {
      return err(
        `catalogue.db was written by a newer version of Portcullis (schema ${version}); upgrade this one, or delete the file: it is built anew`,
      );
    }
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    return ok(undefined);
  });
}
