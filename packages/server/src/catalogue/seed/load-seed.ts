import { type Database, textOf } from "../../storage/database.ts";
import type { Catalogue } from "../store/open-catalogue.ts";
import type { Rules } from "../store/rules.ts";
import { readShippedSeed, unpackSeed } from "./seed-file.ts";

/**
 * Brings the shipped snapshot in, once for each that was shipped, and once more for other rules: its verdicts were made
 * from whole definitions, so that nothing here could judge them anew. What was learned here since it was made stays.
 * Returns how many servers it brought.
 */
export function loadSeed(catalogue: Catalogue, rules: Rules, packed = readShippedSeed()): number {
  if (packed === undefined) return 0;
  const seed = unpackSeed(packed);
  const { db } = catalogue;
  const madeAtMs = Number(readSetting(db, "seed") ?? 0);
  const isSame = madeAtMs === seed.madeAtMs && readSetting(db, "seed-rules") === rules.version;
  if (isSame || madeAtMs > seed.madeAtMs) return 0;
  const writer = catalogue.writer(rules);
  const servers = seed.readServers();
  writer.upsertServers(servers);
  writeSetting(db, "seed", String(seed.madeAtMs));
  writeSetting(db, "seed-rules", rules.version);
  return servers.length;
}

function readSetting(db: Database, name: string): string | undefined {
  const row = db.get("SELECT value FROM setting WHERE name = ?", name);
  return row === undefined ? undefined : textOf(row, "value");
}

function writeSetting(db: Database, name: string, value: string): void {
  db.run("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", name, value);
}
