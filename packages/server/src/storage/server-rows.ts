import { hash } from "node:crypto";
import { err, ok, type Result } from "@portcullis/policy";
import type {
  Era,
  HttpTransport,
  OnChange,
  OrganisationId,
  Server,
  ServerId,
  Target,
} from "../call/ports.ts";
import { type CredentialPlace, sealCredential } from "./credential-vault.ts";
import { numberOf, optionalTextOf, type Row, textOf } from "./database.ts";
import { checkName, knownNames, type State } from "./state.ts";
import { makeId } from "./token.ts";

/** What the operator says of a new server. */
export interface NewServer {
  readonly name: string;
  readonly target:
    | {
        readonly kind: "http";
        readonly url: string;
        readonly headers: readonly (readonly [string, string])[];
        /** Undefined: found out. */
        readonly transport?: HttpTransport | undefined;
      }
    | { readonly kind: "stdio"; readonly command: readonly string[] };
  readonly era: "auto" | Era;
  readonly deadlineMs: number;
  readonly onChange: OnChange;
  readonly forwardHeaders?: readonly string[];
}

/** A server's row, without its tools. */
export interface ServerRow extends Omit<Server, "tools"> {
  readonly createdAtMs: number;
}

/** Registers a server. Static headers are sealed to it before they touch the disk. */
export function addServer(
  state: State,
  kek: Buffer,
  server: NewServer,
  nowMs: number,
): Result<ServerRow, string> {
  const named = checkName("the server name", server.name);
  if (!named.ok) return named;
  const { db, organisation } = state;
  const id = makeId("srv");
  const { target } = server;
  if (target.kind === "http" && target.transport === "sse" && server.era === "modern") {
    return err("HTTP+SSE is a transport of 2024-11-05: leave `--era` out, or `--transport`");
  }
  const credential =
    target.kind === "http" && target.headers.length > 0
      ? sealCredential(kek, credentialPlace(organisation, id), JSON.stringify(target.headers))
      : null;
  return db.transaction(() => {
    if (findServer(state, server.name) !== undefined) {
      return err(`a server named \`${server.name}\` exists; choose another --name, or remove it first`);
    }
    db.run(
      `INSERT INTO server (id, organisation, name, kind, url, command, credential, era, deadline_ms, on_change,
         forward_headers, transport, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      organisation,
      server.name,
      target.kind,
      target.kind === "http" ? target.url : null,
      target.kind === "stdio" ? JSON.stringify(target.command) : null,
      credential,
      server.era,
      server.deadlineMs,
      server.onChange,
      JSON.stringify(server.forwardHeaders ?? []),
      target.kind === "http" ? (target.transport ?? null) : null,
      nowMs,
    );
    const added = findServer(state, id);
    return added === undefined ? err("the server could not be stored") : ok(added);
  });
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
export function credentialPlace(organisation: string, server: string): CredentialPlace {
  return { organisation, server, version: 1, purpose: "headers" };
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
    forwardHeaders: JSON.parse(textOf(row, "forward_headers")) as string[],
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
  if (textOf(row, "kind") === "stdio") {
    return { kind: "stdio", command: JSON.parse(textOf(row, "command")) as string[] };
  }
  const credential = optionalTextOf(row, "credential");
  const transport = optionalTextOf(row, "transport") as HttpTransport | undefined;
  return { kind: "http", url: textOf(row, "url"), credential: credential as SealedHeadersOf, transport };
}

type SealedHeadersOf = Extract<Target, { kind: "http" }>["credential"];
