import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  CATALOGUE_RULES,
  type CatalogueReader,
  loadSeed,
  openCatalogue,
  openCatalogueFile,
  type ServerFacts,
} from "@portcullis/server";
import type { PackageReference } from "../../clients/package-reference.ts";
import type { Learned } from "./scan-report.ts";

type FromCatalogue = Extract<Learned, { how: "catalogue" }>;

/** What the catalogue on this machine knows of packages. */
export interface KnownPackages extends Disposable {
  find(reference: PackageReference): FromCatalogue | undefined;
}

/** Without a catalogue in the data folder, what came with this program; looking makes none. */
export function openKnownPackages(dataDir: string): KnownPackages {
  const isKept = existsSync(join(dataDir, "catalogue.db"));
  const opened = isKept ? openCatalogue(dataDir) : openCatalogueFile(":memory:");
  if (!opened.ok) return { find: () => undefined, [Symbol.dispose]: () => {} };
  const catalogue = opened.value;
  if (!isKept) loadSeed(catalogue, CATALOGUE_RULES);
  return {
    find: (reference) => findPackage(catalogue.reader, reference),
    [Symbol.dispose]: () => catalogue[Symbol.dispose](),
  };
}

/** Servers that are looked through where none has the very name of the package. */
const MAX_HITS = 20;

function findPackage(reader: CatalogueReader, reference: PackageReference): FromCatalogue | undefined {
  const isIt = (facts: ServerFacts | undefined): facts is ServerFacts =>
    facts?.package?.registry === reference.registry && facts.package.name === reference.name;
  const byName = reader.server(reference.name);
  const facts = isIt(byName)
    ? byName
    : reader
        .search({ words: reference.name, kind: "server", limit: MAX_HITS })
        .hits.map(({ server }) => reader.server(server))
        .find(isIt);
  if (facts === undefined || facts.tools === 0) return undefined;
  const tools = reader.tools(facts.name).map(({ definition, verdict }) => ({ tool: definition, verdict }));
  const version = facts.package?.version;
  const other = version !== reference.version && reference.version !== undefined;
  const warnings = other
    ? [`the catalogue knows version ${version ?? "?"}, and the file runs ${reference.version}`]
    : [];
  return { how: "catalogue", tools, seenAtMs: facts.seenAtMs, version, warnings };
}
