import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { Database, readEntriesBackwards } from "@portcullis/server";
import { type Finding, failing, fine } from "./finding.ts";

/** Modes of the data folder and what must be secret in it. Windows has no such modes. */
export function checkModes(dataDir: string): readonly Finding[] {
  if (process.platform === "win32") return [];
  return [
    checkMode("data folder", dataDir, 0o077, "chmod 700"),
    ...["key", "state.db", "ledger.db"]
      .filter((name) => existsSync(join(dataDir, name)))
      .map((name) => checkMode(name === "key" ? "key file" : name, join(dataDir, name), 0o077, "chmod 600")),
  ];
}

function checkMode(check: string, path: string, forbidden: number, repair: string): Finding {
  const mode = statSync(path).mode & 0o777;
  const shown = mode.toString(8).padStart(3, "0");
  if ((mode & forbidden) === 0) return fine(check, `${path} has mode ${shown}`);
  return failing(check, `${path} has mode ${shown}, so others can read it; run: ${repair} ${path}`);
}

/** SQLite's own check of every page and index. */
export function checkDatabases(dataDir: string): readonly Finding[] {
  return ["state.db", "ledger.db"]
    .filter((name) => existsSync(join(dataDir, name)))
    .map((name) => checkDatabase(name, join(dataDir, name)));
}

function checkDatabase(name: string, path: string): Finding {
  let database: Database | undefined;
  try {
    database = new Database(path, { readOnly: true });
    const row = database.get("PRAGMA integrity_check(1)");
    const result = String(row?.["integrity_check"]);
    if (result === "ok") return fine(`${name} integrity`, "every page is in order");
    return failing(`${name} integrity`, `${result}; restore it from a backup`);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return failing(`${name} integrity`, `${reason}; restore it from a backup`);
  } finally {
    database?.close();
  }
}

/** Time of the newest audit row; undefined when there is none or it cannot be read. */
export function readNewestRowMs(dataDir: string): number | undefined {
  const path = join(dataDir, "ledger.db");
  if (!existsSync(path)) return undefined;
  let database: Database | undefined;
  try {
    database = new Database(path, { readOnly: true });
    const newest = readEntriesBackwards(database).next();
    return newest.done === true ? undefined : newest.value.entry.time;
  } catch {
    // The integrity check names the damage.
    return undefined;
  } finally {
    database?.close();
  }
}
