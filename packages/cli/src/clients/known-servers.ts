import { isDeepStrictEqual } from "node:util";
import { type DataFolder, listServers, type ServerRow, ServerSecrets, type State } from "@portcullis/server";
import type { Target } from "./server-target.ts";

/** A registered server with everything that says which it is. */
export interface KnownServer {
  readonly id: string;
  readonly name: string;
  readonly identity: unknown;
}

export function knownServers(folder: Pick<DataFolder, "keys">, state: State): readonly KnownServer[] {
  const secrets = new ServerSecrets(folder.keys.credentialKey);
  return listServers(state).flatMap((row) => {
    const identity = identityOfRow(row, secrets);
    return identity === undefined ? [] : [{ id: row.id, name: row.name, identity }];
  });
}

export function findKnown(servers: readonly KnownServer[], target: Target): KnownServer | undefined {
  const wanted = identityOf(target);
  return servers.find(({ identity }) => isDeepStrictEqual(identity, wanted));
}

/** Two entries with the same identity are one server, whoever wrote them and in whatever order. */
export function identityOf(target: Target): unknown {
  if (target.kind === "http") {
    const headers = target.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
    return { url: target.url, headers: byName(headers) };
  }
  const environment = (target.environment ?? []).map(({ name, value }) => [name, value] as const);
  return {
    command: [...target.command],
    folder: target.workingDirectory ?? null,
    environment: byName(environment),
  };
}

/** Undefined where another key sealed its secrets. */
function identityOfRow(row: ServerRow, secrets: ServerSecrets): unknown {
  const { target } = row;
  const server = { ...row, tools: new Map() };
  try {
    if (target.kind === "http") {
      const flat = secrets.headers(server);
      const headers = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""] as const] : []));
      return identityOf({ kind: "http", url: secrets.url(server), headers });
    }
    const environment = Object.entries(secrets.environment(server)).map(([name, value]) => ({
      name,
      value,
      isSecret: true,
    }));
    const command = secrets.command(server);
    return identityOf({ kind: "stdio", command, environment, workingDirectory: target.workingDirectory });
  } catch {
    return undefined;
  }
}

function byName(pairs: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return pairs.map(([name, value]) => [name, value] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
