import { err, ok, type Result } from "@portcullis/policy";
import {
  addServer,
  type Config,
  createGrant,
  DEMO_NAME,
  DEMO_POLICY,
  demoCommand,
  listGrants,
  listServers,
  type MintedGrant,
  publishPolicy,
} from "@portcullis/server";
import type { Context } from "../context.ts";
import { selfCommand } from "../data-folder.ts";
import { listAnew } from "../listing.ts";
import type { Workspace } from "../workspace.ts";
import { type Demo, demoLines, shellWord } from "./demo-text.ts";
import { DEFAULT_LIFETIME_MS } from "./grant/parse-lifetime.ts";

/** True when nobody has registered anything in this data folder yet. */
export function isFirstStart({ state }: Workspace): boolean {
  return listServers(state).length === 0 && listGrants(state).length === 0;
}

/** Registers the demo server, its policy and a grant, and takes its tool list. `gatewayUrl` has no path. */
export async function setUpDemo(
  context: Context,
  workspace: Workspace,
  config: Config,
  gatewayUrl: string,
): Promise<Result<Demo, string>> {
  const { folder, state } = workspace;
  const nowMs = context.io.nowMs();
  const target = { kind: "stdio", command: demoCommand() } as const;
  const given = {
    name: DEMO_NAME,
    target,
    // The server speaks both, and clients begin either way.
    era: "auto",
    deadlineMs: config.deadlineMs,
    onChange: "block",
  } as const;
  const server = addServer(state, folder.keys.credentialKey, given, nowMs);
  if (!server.ok) return server;
  const minted = publishAndMint(workspace, nowMs);
  if (!minted.ok) return minted;
  const seen = await listAnew(context, workspace, server.value);
  if (!seen.ok) return err(seen.error);
  const url = `${gatewayUrl}/mcp/${server.value.id}/`;
  return ok({ server: server.value.id, grant: minted.value.grant.id, token: minted.value.token, url });
}

function publishAndMint({ folder, state }: Workspace, nowMs: number): Result<MintedGrant, string> {
  const named = { server: DEMO_NAME, name: DEMO_NAME, author: "portcullis", note: "demo" };
  const source = `${JSON.stringify(DEMO_POLICY, undefined, 2)}\n`;
  const published = publishPolicy(state, { ...named, document: DEMO_POLICY, source }, nowMs);
  if (!published.ok) return published;
  const expiresAtMs = nowMs + DEFAULT_LIFETIME_MS;
  const wanted = {
    label: DEMO_NAME,
    server: DEMO_NAME,
    policy: DEMO_NAME,
    mode: "enforce",
    expiresAtMs,
  } as const;
  return createGrant(state, folder.keys, wanted, nowMs);
}

/** With `--json` the second line: `{"event":"demo","server","grant","token","url"}`. */
export function announceDemo({ json, out }: Context, demo: Demo): void {
  if (json) out.json({ event: "demo", ...demo });
  else for (const line of demoLines(demo)) out.line(line);
}

/** On later starts: the token cannot be shown again, only replaced. */
export function printDemoAgain({ io, out, dataDir }: Context): void {
  out.line(
    `  demo     a new token: ${selfCommand(io)} grant rotate ${DEMO_NAME} --data ${shellWord(dataDir)}`,
  );
}
