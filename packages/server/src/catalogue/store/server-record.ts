import { err, ok, type Result } from "@portcullis/policy";
import { type Database, numberOf, optionalTextOf, type Row, textOf } from "../../storage/database.ts";
import { METHODS, type Method, type PackageFacts, type ServerFacts } from "../reader.ts";
import { BOUNDS, boundText } from "./bounds.ts";
import { byCategory, sumOf, toCounts } from "./counts.ts";
import type { IncomingServer } from "./incoming.ts";

/** A row of `server` with its key. */
export interface ServerRecord {
  readonly id: number;
  readonly facts: ServerFacts;
}

export function toServerRecord(row: Row): ServerRecord {
  const counts = toCounts(textOf(row, "counts"));
  const packageName = optionalTextOf(row, "package_name");
  return {
    id: numberOf(row, "id"),
    facts: {
      name: textOf(row, "name"),
      title: optionalTextOf(row, "title"),
      description: optionalTextOf(row, "description"),
      package:
        packageName === undefined
          ? undefined
          : {
              registry: textOf(row, "package_registry") as PackageFacts["registry"],
              name: packageName,
              version: optionalTextOf(row, "package_version"),
            },
      repository: optionalTextOf(row, "repository"),
      registryId: optionalTextOf(row, "registry_id"),
      license: optionalTextOf(row, "license"),
      transports: JSON.parse(textOf(row, "transports")) as readonly string[],
      status: textOf(row, "status") as ServerFacts["status"],
      method: textOf(row, "method") as Method,
      seenAtMs: numberOf(row, "seen_at"),
      tools: sumOf(counts),
      counts: byCategory(counts),
    },
  };
}

/** The record that this is news of: the same registry id, else the same package, else the same name. */
export function findRecord(db: Database, incoming: IncomingServer): ServerRecord | undefined {
  const { registryId, package: pack, name } = incoming;
  // Two people's servers of one package are two servers.
  if (incoming.method === "live") {
    const live = db.get("SELECT * FROM server WHERE name = ?", name);
    return live === undefined ? undefined : toServerRecord(live);
  }
  const row =
    (registryId === undefined
      ? undefined
      : db.get("SELECT * FROM server WHERE registry_id = ?", registryId)) ??
    (pack === undefined ? undefined : findByPackage(db, pack, registryId)) ??
    db.get("SELECT * FROM server WHERE name = ? AND method <> 'live'", name);
  return row === undefined ? undefined : toServerRecord(row);
}

/** A record that another entry of the registry holds already is not taken over. */
function findByPackage(db: Database, pack: PackageFacts, registryId: string | undefined): Row | undefined {
  return db.get(
    `SELECT * FROM server WHERE package_registry = ? AND package_name = ? AND method <> 'live'
       AND (registry_id IS NULL OR ? IS NULL) ORDER BY id LIMIT 1`,
    pack.registry,
    pack.name,
    registryId ?? null,
  );
}

/** True when `a` may overwrite what `b` said. */
export function isAtLeastAsTrusted(a: Method, b: Method): boolean {
  return METHODS.indexOf(a) <= METHODS.indexOf(b);
}

type Kept = Omit<ServerFacts, "tools" | "counts">;

/** What is known after the news: who is trusted less only fills what is empty. */
export function mergeFacts(incoming: IncomingServer, before: ServerFacts | undefined): Kept {
  const bounded = boundFacts(incoming);
  if (before === undefined) return bounded;
  const wins = isAtLeastAsTrusted(incoming.method, before.method);
  const [first, second] = wins ? [bounded, before] : [before, bounded];
  const hasTools = incoming.tools !== undefined || sumOf(Object.values(before.counts)) === 0;
  return {
    name: before.name,
    title: first.title ?? second.title,
    description: first.description ?? second.description,
    package: first.package ?? second.package,
    repository: first.repository ?? second.repository,
    registryId: bounded.registryId ?? before.registryId,
    license: first.license ?? second.license,
    transports: first.transports.length > 0 ? first.transports : second.transports,
    // Only the registry knows whether a server was withdrawn.
    status: incoming.registryId === undefined ? before.status : bounded.status,
    method: wins && hasTools ? bounded.method : before.method,
    seenAtMs: wins && hasTools ? bounded.seenAtMs : before.seenAtMs,
  };
}

/** Letters, digits and what package and registry names are made of; no dot segments, for it is part of a URL. */
const NAME = /^[A-Za-z0-9@._~/-]+$/;

/** Under it stand the servers that are registered here: nobody else may speak of them. */
export const LIVE_PREFIX = "local/";

/** Why a name cannot be one of the index. */
export function checkServerName({
  name,
  method,
}: Pick<IncomingServer, "name" | "method">): Result<void, string> {
  const isFine =
    name.length <= BOUNDS.serverNameChars &&
    NAME.test(name) &&
    name !== "__proto__" &&
    !name.split("/").some((part) => part === "" || part === "." || part === "..");
  if (!isFine)
    return err(`a server's name must be 1 to ${BOUNDS.serverNameChars} of A-Z, a-z, 0-9 and @._~/-`);
  if (name.startsWith(LIVE_PREFIX) === (method === "live")) return ok(undefined);
  return err(`names that begin with \`${LIVE_PREFIX}\` are those of the servers that are registered here`);
}

function boundFacts(incoming: IncomingServer): Kept {
  const { package: pack } = incoming;
  const text = (value: string | undefined, maxChars: number) => boundText(value, maxChars, "text");
  return {
    name: incoming.name,
    title: text(incoming.title, BOUNDS.titleChars),
    description: text(incoming.description, BOUNDS.serverTextChars),
    package:
      pack === undefined
        ? undefined
        : {
            registry: pack.registry,
            name: text(pack.name, BOUNDS.serverNameChars) ?? "",
            version: text(pack.version, 100),
          },
    repository: toHttpsUrl(incoming.repository),
    registryId: text(incoming.registryId, BOUNDS.serverNameChars),
    license: text(incoming.license, 100),
    transports: (incoming.transports ?? []).slice(0, 10).map((one) => one.slice(0, 40)),
    status: incoming.status,
    method: incoming.method,
    seenAtMs: incoming.atMs,
  };
}

/** Only `https:` without user information is ever made a link. */
export function toHttpsUrl(text: string | undefined): string | undefined {
  if (text === undefined || text.length > BOUNDS.urlChars) return undefined;
  const url = URL.parse(text);
  return url?.protocol === "https:" && url.username === "" && url.password === "" ? url.href : undefined;
}

/** Writes a new or changed row; the id. Nothing is written where nothing but the time differs by less than an hour. */
export function writeServer(
  db: Database,
  facts: Kept,
  before: ServerRecord | undefined,
): { readonly id: number; readonly isChanged: boolean } {
  const values = valuesOf(facts);
  if (before === undefined) {
    db.run(
      `INSERT INTO server (name, ${COLUMNS.join(", ")}) VALUES (?, ${COLUMNS.map(() => "?").join(", ")})`,
      facts.name,
      ...values,
    );
    const id = numberOf(db.get("SELECT last_insert_rowid() AS id") ?? {}, "id");
    indexServer(db, id, facts);
    return { id, isChanged: true };
  }
  const { id } = before;
  const isChanged =
    JSON.stringify(values.slice(0, -1)) !== JSON.stringify(valuesOf(before.facts).slice(0, -1));
  if (!isChanged && facts.seenAtMs - before.facts.seenAtMs < SEEN_GRAIN_MS) return { id, isChanged };
  db.run(`UPDATE server SET ${COLUMNS.map((name) => `${name} = ?`).join(", ")} WHERE id = ?`, ...values, id);
  if (isChanged) {
    db.run("DELETE FROM server_words WHERE rowid = ?", id);
    indexServer(db, id, facts);
  }
  return { id, isChanged };
}

/** That a server was looked at again is written no more often. */
const SEEN_GRAIN_MS = 3_600_000;

const COLUMNS = [
  "title",
  "description",
  "package_registry",
  "package_name",
  "package_version",
  "repository",
  "registry_id",
  "license",
  "transports",
  "status",
  "method",
  "seen_at",
] as const;

function valuesOf(facts: Kept): (string | number | null)[] {
  return [
    facts.title ?? null,
    facts.description ?? null,
    facts.package?.registry ?? null,
    facts.package?.name ?? null,
    facts.package?.version ?? null,
    facts.repository ?? null,
    facts.registryId ?? null,
    facts.license ?? null,
    JSON.stringify(facts.transports),
    facts.status,
    facts.method,
    facts.seenAtMs,
  ];
}

function indexServer(db: Database, id: number, facts: Kept): void {
  const names = [facts.name, facts.registryId ?? "", facts.package?.name ?? ""];
  db.run(
    "INSERT INTO server_words (rowid, name, title, body) VALUES (?, ?, ?, ?)",
    id,
    [...new Set(names)].join(" "),
    facts.title ?? "",
    facts.description ?? "",
  );
}
