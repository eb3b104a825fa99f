/** Gateways as one writes them first: the official SDK as a server in front and as a client behind; and mcp-proxy. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Programs } from "../machine.ts";
import { type Contestant, sitePath } from "./contestant.ts";
import { type Running, sourceCommand, startAnnouncing, startOnPort } from "./running.ts";
import { openSession } from "./session.ts";

export async function startSdk(version: 1 | 2, programs: Programs, upstream: Running): Promise<Contestant> {
  const file = join(import.meta.dirname, `sdk-${version}-process.ts`);
  const proxy = await startAnnouncing(sourceCommand(file, upstream.url + sitePath("legacy")), { programs });
  const title = `naive gateway on SDK ${version === 1 ? "1.32" : "2.4"}, legacy session`;
  const url = `${proxy.url}/mcp`;
  return { name: `sdk-${version}`, title, era: "legacy", url, headers: await openSession(url, {}), proxy };
}

/** mcp-proxy as npm has it, before a stdio server that only echoes; that server's CPU counts too. */
export async function startMcpProxy(programs: Programs): Promise<Contestant> {
  const manifest = createRequire(import.meta.url).resolve("mcp-proxy/package.json");
  const script = join(dirname(manifest), "dist/bin/mcp-proxy.mjs");
  const echo = sourceCommand(join(import.meta.dirname, "stdio-echo-process.ts"));
  const proxy = await startOnPort(
    (port) => [
      ...[process.execPath, script, "--host", "127.0.0.1", "--port", String(port), "--server", "stream"],
      ...["--", ...echo],
    ],
    { programs },
  );
  const url = `${proxy.url}/mcp`;
  const title = "`mcp-proxy` 6.7 before a stdio server, legacy session";
  return { name: "mcp-proxy", title, era: "legacy", url, headers: await openSession(url, {}), proxy };
}
