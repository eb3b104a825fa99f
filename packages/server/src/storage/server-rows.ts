import { hash } from "node:crypto";
import { err, ok, type Result } from "@portcullis/policy";
import type {
  Era,
  HttpTransport,
  OnChange,
  OrganisationId,
  SealedEnvironment,
  SealedHeaders,
  SealedPlace,
  Server,
  ServerId,
  Target,
} from "../call/records.ts";
import { type CredentialPlace, type CredentialPurpose, sealCredential } from "./credential-vault.ts";
import { numberOf, optionalTextOf, type Row, textOf } from "./database.ts";
import { checkName, knownNames, type State } from "./state.ts";
import { makeId } from "./token.ts";

/** A variable of a command. One that `isSecret` is taken out of the server's answers. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
  readonly isSecret: boolean;
}

/** Where a server is, when a part of that is secret: then the whole is sealed. */
export interface HiddenParts<Place> {
  /** What may be read: `***` stands for each secret. A URL keeps its host. */
  readonly shown: Place;
  /** What must not come back in the server's answers. */
  readonly secrets: readonly string[];
}

/** What the operator says of a new server. */
export interface NewServer {
  readonly name: string;
  readonly target:
    | {
        readonly kind: "http";
        readonly url: string;
        readonly hidden?: HiddenParts<string> | undefined;
        readonly headers: readonly (readonly [string, string])[];
        /** Undefined: found out. */
        readonly transport?: HttpTransport | undefined;
      }
    | {
        readonly kind: "stdio";
        readonly command: readonly string[];
        readonly hidden?: HiddenParts<readonly string[]> | undefined;
        readonly environment?: readonly EnvironmentVariable[];
        /** Absolute. */
        readonly workingDirectory?: string | undefined;
      };
  readonly era: "auto" | Era;
  readonly deadlineMs: number;
  readonly onChange: OnChange;
}

/** A server's row, without its tools. */
export interface ServerRow extends Omit<Server, "tools"> {
  readonly createdAtMs: number;
}

/** Registers a server. Headers, variables and secrets of its place are sealed to it before they touch the disk. */
export function addServer(
  state: State,
  kek: Buffer,
  server: NewServer,
  nowMs: number,
): Result<ServerRow, string> {
  const named = checkName("the server name", server.name);
  if (!named.ok) return named;
  const settings = checkTransport(server);
  if (!settings.ok) return settings;
  const { db, organisation } = state;
  const id = makeId("srv");
  const { target } = server;
  return db.transaction(() => {
    if (findServer(state, server.name) !== undefined) {
      return err(`a server named \`${server.name}\` exists; choose another --name, or remove it first`);
    }
    db.run(
      `INSERT INTO server (id, organisation, name, kind, url, command, credential, working_directory, era,
         deadline_ms, on_change, transport, sealed_place, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      organisation,
      server.name,
      target.kind,
      target.kind === "http" ? (target.hidden?.shown ?? target.url) : null,
      target.kind === "stdio" ? JSON.stringify(target.hidden?.shown ?? target.command) : null,
      sealedCredential(kek, organisation, id, target),
      target.kind === "stdio" ? (target.workingDirectory ?? null) : null,
      server.era,
      server.deadlineMs,
      server.onChange,
      transportOf(target),
      sealedPlace(kek, organisation, id, target),
      nowMs,
    );
    const added = findServer(state, id);
    return added === undefined ? err("the server could not be stored") : ok(added);
  });
}

/** Gives a known server what this run of it was told: all but its place, which is the URL, or command and folder. */
export function updateServer(
  { db, organisation }: State,
  kek: Buffer,
  id: ServerId,
  { target, era, deadlineMs, onChange }: Pick<NewServer, "target" | "era" | "deadlineMs" | "onChange">,
): Result<void, string> {
  const settings = checkTransport({ target, era });
  if (!settings.ok) return settings;
  db.run(
    "UPDATE server SET credential = ?, transport = ?, era = ?, deadline_ms = ?, on_change = ? WHERE id = ?",
    sealedCredential(kek, organisation, id, target),
    transportOf(target),
    era,
    deadlineMs,
    onChange,
    id,
  );
  return ok(undefined);
}

function checkTransport({ target, era }: Pick<NewServer, "target" | "era">): Result<void, string> {
  return transportOf(target) === "sse" && era === "modern"
    ? err("HTTP+SSE is a transport of 2024-11-05: leave `--era` out, or `--transport`")
    : ok(undefined);
}

function transportOf(target: NewServer["target"]): HttpTransport | null {
  return target.kind === "http" ? (target.transport ?? null) : null;
}

export function listServers({ db, organisation }: State): readonly ServerRow[] {
  return db.all("SELECT * FROM server WHERE organisation = ? ORDER BY name", organisation).map(toServerRow);
}

/** By id or name. */
export function findServer({ db, organisation }: State, idOrName: string): ServerRow | undefined {
  const row = db.get(
    "SELECT * FROM server WHERE organisation = ? AND (id = ? OR name = ?)",
    organisation,
    idOrName,
    idOrName,
  );
  return row === undefined ? undefined : toServerRow(row);
}

/** As {@link findServer}, with an error that names what there is. */
export function requireServer(state: State, idOrName: string): Result<ServerRow, string> {
  const found = findServer(state, idOrName);
  if (found !== undefined) return ok(found);
  const names = listServers(state).map(({ name }) => name);
  return err(`there is no server \`${idOrName.slice(0, 80)}\`${knownNames(names)}`);
}

/** Removes a server with its tools, policies and the access of grants to it. */
export function removeServer(state: State, idOrName: string): Result<ServerRow, string> {
  return state.db.transaction(() => {
    const found = requireServer(state, idOrName);
    if (found.ok) state.db.run("DELETE FROM server WHERE id = ?", found.value.id);
    return found;
  });
}

/** What a sealed credential of a server is bound to. */
export function credentialPlace(
  organisation: string,
  server: string,
  purpose: CredentialPurpose,
): CredentialPlace {
  return { organisation, server, version: 1, purpose };
}

function sealedCredential(
  kek: Buffer,
  organisation: string,
  id: string,
  target: NewServer["target"],
): string | null {
  const [purpose, plain] =
    target.kind === "http"
      ? (["headers", target.headers] as const)
      : (["environment", target.environment ?? []] as const);
  if (plain.length === 0) return null;
  return sealCredential(kek, credentialPlace(organisation, id, purpose), JSON.stringify(plain));
}

/** What is sealed of a place with secrets in it. */
export interface PlaceSecrets {
  readonly place: string | readonly string[];
  readonly secrets: readonly string[];
}

function sealedPlace(
  kek: Buffer,
  organisation: string,
  id: string,
  target: NewServer["target"],
): string | null {
  if (target.hidden === undefined) return null;
  const [purpose, place] =
    target.kind === "http" ? (["url", target.url] as const) : (["command", target.command] as const);
  const sealed: PlaceSecrets = { place, secrets: target.hidden.secrets };
  return sealCredential(kek, credentialPlace(organisation, id, purpose), JSON.stringify(sealed));
}

export function toServerRow(row: Row): ServerRow {
  return {
    id: textOf(row, "id") as ServerId,
    organisation: textOf(row, "organisation") as OrganisationId,
    name: textOf(row, "name"),
    target: toTarget(row),
    era: textOf(row, "era") as ServerRow["era"],
    deadlineMs: numberOf(row, "deadline_ms"),
    onChange: textOf(row, "on_change") as OnChange,
    hasAcceptedList: numberOf(row, "has_accepted_list") === 1,
    acceptedInstructionsHash: instructionsHash(optionalTextOf(row, "accepted_instructions")),
    createdAtMs: numberOf(row, "created_at"),
  };
}

/** Lower-case hex SHA-256; undefined stays undefined. */
export function instructionsHash<T extends string | undefined>(text: T): string | T {
  return text === undefined ? text : hash("sha256", text, "hex");
}

function toTarget(row: Row): Target {
  const credential = optionalTextOf(row, "credential");
  const sealed = optionalTextOf(row, "sealed_place") as SealedPlace | undefined;
  if (textOf(row, "kind") === "stdio") {
    return {
      kind: "stdio",
      command: JSON.parse(textOf(row, "command")) as string[],
      sealed,
      environment: credential as SealedEnvironment | undefined,
      workingDirectory: optionalTextOf(row, "working_directory"),
    };
  }
  return {
    kind: "http",
    url: textOf(row, "url"),
    sealed,
    credential: credential as SealedHeaders | undefined,
    transport: optionalTextOf(row, "transport") as HttpTransport | undefined,
  };
}
