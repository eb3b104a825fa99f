import { workerData } from "node:worker_threads";
import { Database, textOf } from "../../storage/database.ts";
import type { State } from "../../storage/state.ts";
import { CATALOGUE_RULES } from "../catalogue-rules.ts";
import { mirrorLive } from "../live/mirror-live.ts";
import { refreshCatalogue } from "../refresh.ts";
import { type Catalogue, openCatalogue } from "../store/open-catalogue.ts";
import { type KeeperData, LOOK_EVERY_MS } from "./catalogue-keeper.ts";

/** Runs in a thread of its own and ends with its parent. An error ends it, and is told. */
const { dataFolder, stateFile } = workerData as KeeperData;

function openOwn(): { readonly catalogue: Catalogue; readonly state: State } {
  const opened = openCatalogue(dataFolder);
  if (!opened.ok) throw new Error(opened.error);
  // The gateway has migrated it; here it is only read.
  const db = new Database(stateFile, { readOnly: true });
  const organisation = textOf(db.get("SELECT id FROM organisation ORDER BY rowid LIMIT 1") ?? {}, "id");
  return { catalogue: opened.value, state: { db, organisation } };
}

const { catalogue, state } = openOwn();
let seen = state.db.dataVersion();
Array.from(refreshCatalogue(catalogue, { rules: CATALOGUE_RULES, state, nowMs: Date.now() }));

setInterval(() => {
  const version = state.db.dataVersion();
  if (version === seen) return;
  mirrorLive(catalogue, state, CATALOGUE_RULES, Date.now());
  seen = version;
}, LOOK_EVERY_MS);
