import { err, ok, type Result } from "@portcullis/policy";
import { type Database, numberOf } from "./database.ts";
import { makeId } from "./token.ts";

/** Numbered, forward only. A change is a new entry; an entry that was released never changes. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE organisation (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
  CREATE TABLE server (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('http', 'stdio')),
    url TEXT,
    command TEXT,
    credential TEXT,
    era TEXT NOT NULL CHECK (era IN ('auto', 'legacy', 'modern')),
    deadline_ms INTEGER NOT NULL,
    on_change TEXT NOT NULL CHECK (on_change IN ('block', 'hold', 'allow')),
    forward_headers TEXT NOT NULL DEFAULT '[]',
    has_accepted_list INTEGER NOT NULL DEFAULT 0,
    accepted_instructions TEXT,
    observed_instructions TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (organisation, name)
  ) STRICT;
  CREATE TABLE tool (
    server TEXT NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    accepted_hash TEXT,
    accepted_definition TEXT,
    accepted_at INTEGER,
    observed_hash TEXT,
    observed_definition TEXT,
    observed_at INTEGER,
    PRIMARY KEY (server, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE policy (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    server TEXT NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE (server, name)
  ) STRICT;
  CREATE TABLE policy_version (
    policy TEXT NOT NULL REFERENCES policy (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    source TEXT NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (policy, version)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE grant_ (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    label TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    last4 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX grant_label ON grant_ (organisation, label) WHERE revoked_at IS NULL;
  CREATE TABLE grant_access (
    grant_ TEXT NOT NULL REFERENCES grant_ (id) ON DELETE CASCADE,
    server TEXT NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    policy TEXT REFERENCES policy (id) ON DELETE SET NULL,
    mode TEXT NOT NULL CHECK (mode IN ('enforce', 'shadow')),
    PRIMARY KEY (grant_, server)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE change (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL) STRICT;
  ${changeTriggers("server", "server", "id")}
  ${changeTriggers("tool", "server", "server")}
  ${changeTriggers("policy", "policy", "id")}
  ${changeTriggers("policy_version", "policy", "policy")}
  ${changeTriggers("grant_", "grant", "id")}
  ${changeTriggers("grant_access", "grant", "grant_")}
  `,
  "ALTER TABLE server ADD COLUMN transport TEXT CHECK (transport IN ('http', 'sse'))",
  "ALTER TABLE server ADD COLUMN working_directory TEXT",
  "ALTER TABLE server ADD COLUMN sealed_place TEXT",
  // A server whose tools never stay the same would fill the disk. A reader who misses a change reads everything anew.
  `CREATE TRIGGER change_insert AFTER INSERT ON change BEGIN DELETE FROM change WHERE seq <= NEW.seq - 10000; END`,
];

/** Every change of a row is noted, so that a reader applies only what changed. */
function changeTriggers(table: string, kind: string, column: string): string {
  const note = (row: string) => `INSERT INTO change (kind, id) VALUES ('${kind}', ${row}.${column});`;
  return `
  CREATE TRIGGER ${table}_insert AFTER INSERT ON ${table} BEGIN ${note("NEW")} END;
  CREATE TRIGGER ${table}_update AFTER UPDATE ON ${table} BEGIN ${note("NEW")} END;
  CREATE TRIGGER ${table}_delete AFTER DELETE ON ${table} BEGIN ${note("OLD")} END;`;
}

/** Brings `state.db` to this version. A newer one is refused: an older program would misread it. */
export function migrateState(db: Database): Result<void, string> {
  return db.transaction(() => {
    const version = numberOf(db.get("PRAGMA user_version") ?? {}, "user_version");
    if (version > MIGRATIONS.length) {
      return err(
        `state.db was written by a newer version of Portcullis (schema ${version}); upgrade this one`,
      );
    }
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    if (version === 0) db.run("INSERT INTO organisation (id, name) VALUES (?, 'default')", makeId("org"));
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    return ok(undefined);
  });
}
