import { err, ok, type Result } from "@portcullis/policy";
import { Database, textOf } from "./database.ts";
import { migrateState } from "./state-schema.ts";

/** `state.db`: what people decide. Written by the command line and the gateway alike, in short transactions. */
export interface State {
  readonly db: Database;
  /** The one organisation of an embedded installation. */
  readonly organisation: string;
}

/** Opens and migrates; `:memory:` keeps nothing. The error is one line that says what to do. */
export function openState(file: string): Result<State, string> {
  let db: Database;
  try {
    db = new Database(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown error";
    return err(`cannot open \`${file}\` (${reason}); if it is damaged, restore it from a backup`);
  }
  try {
    const migrated = migrateState(db);
    if (!migrated.ok) {
      db.close();
      return migrated;
    }
    const row = db.get("SELECT id FROM organisation ORDER BY rowid LIMIT 1");
    return ok({ db, organisation: textOf(row ?? {}, "id") });
  } catch (cause) {
    db.close();
    const reason = cause instanceof Error ? cause.message : "unknown error";
    return err(`cannot read \`${file}\` (${reason}); if it is damaged, restore it from a backup`);
  }
}

/** Names of servers and policies, labels of grants. */
const NAME = /^[a-z0-9-]{1,64}$/;

export function checkName(what: string, name: string): Result<void, string> {
  if (NAME.test(name)) return ok(undefined);
  return err(`${what} \`${name.slice(0, 80)}\` must be 1 to 64 of a-z, 0-9 and -`);
}

/** `; known: a, b` for a message about something that is not there. */
export function knownNames(names: readonly string[]): string {
  if (names.length === 0) return "; there is none yet";
  const shown = names.slice(0, 10).map((name) => `\`${name}\``);
  return `; known: ${shown.join(", ")}${names.length > 10 ? " …" : ""}`;
}
