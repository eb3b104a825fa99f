import type { JsonObject } from "@portcullis/policy";
import type { Places } from "./places.ts";
import type { VariableStyle } from "./variables.ts";

/** One file in which a client may keep servers. It may not exist. */
export interface ClientPlace {
  readonly path: string;
  /** `user`: the user's own. `project`: in the working folder, often shared and written by others. */
  readonly scope: "user" | "project";
  /** Links are followed only to files inside this folder. */
  readonly root: string;
}

/** The members of an entry by what they mean; each may have several spellings. */
export interface MemberNames {
  /** URL of a server over HTTP whose transport is found out. */
  readonly url: readonly string[];
  /** URL of a server over streamable HTTP. */
  readonly httpUrl?: readonly string[];
  /** Name and value of each header. */
  readonly headers: readonly string[];
  /** Name of each header and of the variable that holds its value. */
  readonly envHeaders?: string;
  /** The variable that holds a bearer token. */
  readonly bearerVariable?: string;
  /** Names of variables that the command inherits. */
  readonly inheritedVariables?: string;
  /** A file of variables. */
  readonly envFile?: string;
}

/** A program that calls MCP servers, and how it keeps them. */
export interface ClientKind {
  readonly id: string;
  readonly title: string;
  readonly format: "json" | "toml";
  places(places: Places): readonly ClientPlace[];
  /** Where the maps from name to entry are in a document. */
  tables(document: JsonObject): readonly (readonly string[])[];
  readonly members: MemberNames;
  readonly variables: VariableStyle;
  /** An entry for a server over streamable HTTP; undefined for a client that only starts commands. */
  readonly httpEntry: ((url: string, headers: JsonObject) => JsonObject) | undefined;
  /** What an entry with a command says besides `command` and `args`. */
  readonly commandExtras: JsonObject;
}

/** The members that say where a server is, in every spelling: `init` replaces these and keeps all others. */
export function transportMembers({ members }: ClientKind): ReadonlySet<string> {
  const { url, httpUrl = [], headers, envHeaders, bearerVariable, inheritedVariables, envFile } = members;
  const optional = [envHeaders, bearerVariable, inheritedVariables, envFile].filter(
    (name) => name !== undefined,
  );
  return new Set([
    ...["type", "transport", "command", "args", "env", "cwd", "oauth", "auth"],
    ...url,
    ...httpUrl,
    ...headers,
    ...optional,
  ]);
}

/** Where most clients keep their servers. */
export function mcpServersTable(document: JsonObject): readonly (readonly string[])[] {
  return Object.hasOwn(document, "mcpServers") ? [["mcpServers"]] : [];
}
