import { err, isJsonObject, type JsonObject, type JsonValue, ok, own, type Result } from "@portcullis/policy";
import type { PackageFacts, ServerFacts } from "../reader.ts";
import type { IncomingServer } from "../store/incoming.ts";

/** One page of `GET /v0.1/servers`. */
export interface RegistryPage {
  readonly servers: readonly IncomingServer[];
  /** Entries that are none, by what is wrong with them. */
  readonly skipped: readonly string[];
  readonly nextCursor: string | undefined;
}

const MAX_CURSOR_CHARS = 1_000;
const MAX_ENTRIES = 1_000;
const OFFICIAL = "io.modelcontextprotocol.registry/official";
const PACKAGE_KINDS: ReadonlySet<string> = new Set(["npm", "pypi", "oci", "nuget", "mcpb"]);
const STATUSES: ReadonlySet<string> = new Set(["active", "deprecated", "deleted"]);
/** The server's name by the schema of the registry: a reverse domain, a slash, a name. */
const NAME = /^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/;

/** Reads a page. Its text is a stranger's: whatever is not as it should be is left out and told. */
export function readRegistryPage(text: string, atMs: number): Result<RegistryPage, string> {
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch {
    return err("its answer is not JSON");
  }
  const items = isJsonObject(page) ? own(page, "servers") : undefined;
  if (!isJsonObject(page) || !Array.isArray(items)) return err("its answer is not a page of servers");
  if (items.length > MAX_ENTRIES) return err(`its page has over ${MAX_ENTRIES} servers`);
  const metadata = own(page, "metadata");
  const cursor = isJsonObject(metadata)
    ? (own(metadata, "nextCursor") ?? own(metadata, "next_cursor"))
    : undefined;
  if (typeof cursor === "string" && cursor.length > MAX_CURSOR_CHARS) return err("its cursor is too long");
  const read = items.map((item: JsonValue) => readEntry(item, atMs));
  return ok({
    servers: read.flatMap((one) => (typeof one === "object" ? [one] : [])),
    skipped: read.filter((one) => typeof one === "string"),
    nextCursor: typeof cursor === "string" && cursor !== "" ? cursor : undefined,
  });
}

/** The server, what is wrong with it, or undefined for an old version of one. */
function readEntry(item: JsonValue, atMs: number): IncomingServer | string | undefined {
  const server = isJsonObject(item) ? own(item, "server") : undefined;
  if (!isJsonObject(item) || !isJsonObject(server)) return "an entry is not a server";
  const name = textOf(server, "name");
  if (name === undefined || !NAME.test(name)) return "a server's name is not one of a registry";
  const meta = own(item, "_meta");
  const official = isJsonObject(meta) ? own(meta, OFFICIAL) : undefined;
  if (isJsonObject(official) && own(official, "isLatest") === false) return undefined;
  const repository = own(server, "repository");
  const packages = objectsOf(server, "packages");
  return {
    name,
    registryId: name,
    method: "registry",
    atMs,
    title: textOf(server, "title"),
    description: textOf(server, "description"),
    repository: isJsonObject(repository) ? textOf(repository, "url") : undefined,
    package: packages.map(readPackage).find((pack) => pack !== undefined),
    transports: transportsOf([...packages, ...objectsOf(server, "remotes")]),
    status: statusOf(isJsonObject(official) ? own(official, "status") : own(server, "status")),
  };
}

function readPackage(pack: JsonObject): PackageFacts | undefined {
  const registry = textOf(pack, "registryType");
  const name = textOf(pack, "identifier");
  if (registry === undefined || name === undefined || !PACKAGE_KINDS.has(registry)) return undefined;
  return { registry: registry as PackageFacts["registry"], name, version: textOf(pack, "version") };
}

/** Of packages the transport's `type`, of remotes their own. */
function transportsOf(places: readonly JsonObject[]): readonly string[] {
  const found = places.map((place) => {
    const transport = own(place, "transport");
    return textOf(isJsonObject(transport) ? transport : place, "type");
  });
  return [
    ...new Set(found.filter((one) => one !== undefined && /^[a-z-]{1,40}$/.test(one))),
  ].sort() as string[];
}

function statusOf(value: JsonValue | undefined): ServerFacts["status"] {
  return typeof value === "string" && STATUSES.has(value) ? (value as ServerFacts["status"]) : "active";
}

const MAX_PLACES = 50;

function objectsOf(object: JsonObject, name: string): readonly JsonObject[] {
  const value = own(object, name);
  return Array.isArray(value)
    ? (value as readonly JsonValue[]).slice(0, MAX_PLACES).filter(isJsonObject)
    : [];
}

function textOf(object: JsonObject, name: string): string | undefined {
  const value = own(object, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}
