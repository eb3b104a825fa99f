import type { Catalogue } from "../store/open-catalogue.ts";
import type { Rules } from "../store/rules.ts";
import { readShippedSeed, unpackSeed } from "./seed-file.ts";

/**
 * Brings the shipped snapshot in, once for each that was shipped. What was learned here since it was made stays.
 * Returns how many servers it brought.
 */
export function loadSeed(catalogue: Catalogue, rules: Rules, packed = readShippedSeed()): number {
  if (packed === undefined) return 0;
  const seed = unpackSeed(packed);
  const known = Number(catalogue.db.get("SELECT value FROM setting WHERE name = 'seed'")?.["value"] ?? 0);
  if (known >= seed.madeAtMs) return 0;
  const writer = catalogue.writer(rules);
  const servers = seed.readServers();
  writer.upsertServers(servers);
  catalogue.db.run("INSERT OR REPLACE INTO setting (name, value) VALUES ('seed', ?)", String(seed.madeAtMs));
  return servers.length;
}
