/** Portcullis as it is published, and its line alone, without audit and without a data folder's counters. */
import { join } from "node:path";
import type { Programs } from "../machine.ts";
import type { Era } from "../wire.ts";
import { type Contestant, sitePath } from "./contestant.ts";
import { makeDataFolder, type Registered, register } from "./data-folder.ts";
import { ALLOW_ALL, realisticPolicy } from "./policies.ts";
import { type Running, type StartOptions, sourceCommand, startAnnouncing } from "./running.ts";
import { openSession } from "./session.ts";

const BUILT = join(import.meta.dirname, "../../packages/cli/bin/portcullis.cjs");

/** The command of `npm run build`, on any port and without the demo. */
export function serveCommand(dataDir: string, nodeOptions: readonly string[] = []): readonly string[] {
  const serve = ["serve", "--json", "--port", "0", "--no-demo", "--data", dataDir];
  return [process.execPath, ...nodeOptions, BUILT, ...serve];
}

export interface Kind {
  readonly name: string;
  readonly title: string;
  readonly era: Era;
  readonly policy: "allow-all" | "governed";
  readonly audit: boolean;
}

/** In the order of the table. */
export const KINDS: readonly Kind[] = [
  {
    name: "line-allow-all",
    title: "Portcullis' line, allow-all, no audit",
    era: "modern",
    policy: "allow-all",
    audit: false,
  },
  {
    name: "line-governed",
    title: "Portcullis' line, governed, no audit",
    era: "modern",
    policy: "governed",
    audit: false,
  },
  { name: "allow-all", title: "Portcullis, allow-all", era: "modern", policy: "allow-all", audit: true },
  { name: "governed", title: "**Portcullis, governed**", era: "modern", policy: "governed", audit: true },
  {
    name: "governed-legacy",
    title: "Portcullis, governed, legacy session",
    era: "legacy",
    policy: "governed",
    audit: true,
  },
];

export async function startPortcullis(
  kind: Kind,
  programs: Programs,
  upstream: Running,
  cleanup: AsyncDisposableStack,
): Promise<Contestant> {
  const { name, era, audit } = kind;
  const dataDir = makeDataFolder(cleanup);
  const policy = kind.policy === "governed" ? realisticPolicy(20) : ALLOW_ALL;
  const registered = register(dataDir, { name, era, upstreamUrl: upstream.url + sitePath(era), policy });
  const line = join(import.meta.dirname, "line-process.ts");
  const command = audit ? serveCommand(dataDir) : sourceCommand(line, dataDir);
  const proxy = await startAnnouncing(command, { programs });
  cleanup.use(proxy);
  return toContestant(kind, proxy, registered);
}

/** Opens the session of a legacy contestant. */
export async function toContestant(
  { name, title, era }: Pick<Kind, "name" | "title" | "era">,
  proxy: Running,
  { path, token }: Registered,
): Promise<Contestant> {
  const url = proxy.url + path;
  const headers = { authorization: `Bearer ${token}` };
  const session = era === "legacy" ? await openSession(url, headers) : {};
  return { name, title, era, url, headers: { ...headers, ...session }, proxy };
}

/** A gateway of its own for a sweep, with everything as `serve` has it. */
export async function startGateway(
  dataDir: string,
  options: StartOptions & { nodeOptions?: readonly string[] },
) {
  return startAnnouncing(serveCommand(dataDir, options.nodeOptions), options);
}
