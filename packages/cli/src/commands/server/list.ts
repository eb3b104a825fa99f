import { listServers, listTools, type ServerRow, type State } from "@portcullis/server";
import { packageOf } from "../../clients/package-reference.ts";
import type { Context } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { gatewayUrlOf, withWorkspace } from "../../workspace.ts";

/** `server list`: `[{"id","name","url","transport","target","package","era","deadlineMs","onChange","tools","waiting"}]`. */
export async function serverList(context: Context): Promise<ExitCode> {
  return withWorkspace(context, { create: false }, async ({ state }) => {
    const servers = await Promise.all(listServers(state).map((server) => toListed(context, state, server)));
    if (context.json) context.out.json(servers);
    else {
      context.out.table(
        ["name", "id", "server", "era", "tools", "waiting"],
        servers.map((s) => [s.name, s.id, placeOf(s), s.era, String(s.tools), String(s.waiting)]),
      );
    }
    return EXIT.ok;
  });
}

async function toListed(context: Context, state: State, server: ServerRow) {
  const tools = listTools(state, server.id);
  return {
    id: server.id,
    name: server.name,
    url: await gatewayUrlOf(context, server.id),
    /** As it was set: a server over HTTP whose transport is found out is `http`. */
    transport: server.target.kind === "http" ? (server.target.transport ?? "http") : "stdio",
    /** Never the arguments of a command: people pass keys in them. */
    target:
      server.target.kind === "http" ? withoutQuery(server.target.url) : (server.target.command[0] ?? ""),
    /** Which package a command runs, where it says so; its name and version are no secrets. */
    package: server.target.kind === "http" ? null : (packageOf(server.target.command) ?? null),
    era: server.era,
    deadlineMs: server.deadlineMs,
    onChange: server.onChange,
    /** Accepted as they are. */
    tools: tools.filter((tool) => tool.pin === "accepted").length,
    /** Changed, new or removed since. */
    waiting: tools.filter((tool) => tool.pin !== "accepted").length,
  };
}

/** Programs that run packages all look the same. */
function placeOf({ target, package: reference }: Awaited<ReturnType<typeof toListed>>): string {
  if (reference === null) return target;
  const version = reference.version === undefined ? "" : `@${reference.version}`;
  return `${target} ${reference.name}${version}`;
}

/** A query often carries a key. */
function withoutQuery(text: string): string {
  const url = new URL(text);
  url.search = "";
  return url.href;
}
