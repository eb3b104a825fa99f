/** The ways in and out on which every case is tried: both eras, HTTP and stdio, on either side. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { type Registered, type Rig, startRig } from "../e2e/harness.ts";
import { Canaries } from "./canaries.ts";
import type { Target } from "./compose.ts";
import { GrowingFile } from "./growing-file.ts";
import { LedgerReader, type RowSource } from "./ledger-reader.ts";
import { LineClient } from "./line-client.ts";
import { headerOf, sendRaw } from "./raw-client.ts";
import { type RawUpstream, type Seen, startRawUpstream } from "./raw-upstream.ts";
import { type Relay, startRelay } from "./relay.ts";
import { startWatchedGateway, type WatchedGateway } from "./watched-gateway.ts";
import type { WatchedProcess } from "./watched-process.ts";
import { answerAsWorld, isOwnTraffic, LEGACY } from "./world-server.ts";
import { WORLD_TOOLS } from "./world-tools.ts";

/** One message as the upstream read it. */
export interface Received {
  /** The bytes of an HTTP body; on stdio the line, whose ids are the gateway's own. */
  readonly body: Buffer;
  readonly headers: Seen["headers"];
}

export interface Cell {
  readonly name: string;
  /** What a case's `on` may ask for. */
  readonly tags: ReadonlySet<string>;
  readonly target: Target;
  /** The client of a cell on stdio. */
  readonly lines: LineClient | undefined;
  readonly rows: RowSource;
  /** The process of the product in between. */
  readonly process: WatchedProcess;
  /** What reached the upstream since the last call. */
  received(): readonly Received[];
}

/** Everything that the corpus runs against. */
export interface World extends AsyncDisposable {
  readonly rig: Rig;
  /** The gateway's. */
  readonly process: WatchedProcess;
  /** For files; removed at the end. */
  readonly folder: string;
  readonly upstream: RawUpstream;
  /** Plays servers that are child processes. */
  readonly relay: Relay;
  readonly cells: readonly Cell[];
  /** The gateway's log. */
  readonly ledger: LedgerReader;
  readonly canaries: Canaries;
  /** Registers one more server and grant, and keeps an eye on its token. */
  register(name: string, path: string, era: "legacy" | "modern" | "auto", policy?: unknown): Registered;
}

export const CREDENTIAL = "upstream-credential-canary-5b1f0c9e2d";
export const POLICY = parse(readFileSync(new URL("./world-policy.yaml", import.meta.url), "utf8")) as object;

export async function openWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startRawUpstream(answerAsWorld));
  let started: WatchedGateway | undefined;
  const relay = stack.use(await startRelay(upstream));
  const rig = stack.use(
    await startRig({}, async (dataDir) => {
      started = await startWatchedGateway(dataDir);
      return started;
    }),
  );
  if (started === undefined) throw new TypeError("the gateway was not started");
  const folder = mkdtempSync(join(tmpdir(), "portcullis-adversarial-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const canaries = new Canaries();
  canaries.add("credential", CREDENTIAL);
  canaries.add("key file", readFileSync(join(rig.folder.path, "key")));
  const ledger = stack.use(new LedgerReader(rig.folder));
  const register = registrar({ rig, upstream, canaries });
  const { process: serving } = started;
  const site: Site = { rig, process: serving, upstream, ledger, canaries, folder, register };
  const cells = [
    await webCell(site, "http-modern", "modern"),
    await webCell(site, "http-session", "session"),
    await webCell(site, "http-stateless", "stateless"),
    await childCell(site, "child-modern", "modern"),
    await childCell(site, "child-legacy", "legacy"),
    await lineCell(site, "lines-modern", "modern", stack),
    await lineCell(site, "lines-legacy", "legacy", stack),
  ];
  for (const cell of cells) cell.rows.fresh();
  const open = stack.move();
  return {
    rig,
    process: serving,
    upstream,
    relay,
    cells,
    ledger,
    canaries,
    folder,
    register,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Registers servers that the recording upstream plays. */
export function registrar({
  rig,
  upstream,
  canaries,
}: Pick<World, "rig" | "upstream" | "canaries">): World["register"] {
  return (name, path, era, policy = POLICY) => {
    const target = {
      kind: "http",
      url: `http://127.0.0.1:${upstream.port}/${path}`,
      headers: [["x-api-key", CREDENTIAL]],
    } as const;
    const registered = rig.add(name, target, policy, { era });
    canaries.add("grant token", registered.token.slice("pcl_g_".length));
    return registered;
  };
}

interface Site {
  readonly rig: Rig;
  readonly process: WatchedProcess;
  readonly upstream: RawUpstream;
  readonly ledger: LedgerReader;
  readonly canaries: Canaries;
  readonly folder: string;
  readonly register: World["register"];
}

/** HTTP in, HTTP out. */
async function webCell(site: Site, name: string, kind: "modern" | "session" | "stateless"): Promise<Cell> {
  const era = kind === "modern" ? "modern" : "legacy";
  const registered = site.register(name, `${kind}/${name}`, era);
  const opening = targetOf(registered, era);
  const session = era === "modern" ? undefined : await initialize(site, opening);
  return {
    name,
    tags: new Set([era, kind, "http", "web", name]),
    target: { ...opening, session },
    lines: undefined,
    rows: site.ledger,
    process: site.process,
    received: webReader(site.upstream, `/${kind}/${name}`),
  };
}

/** HTTP in, a child process out. */
async function childCell(site: Site, name: string, era: "legacy" | "modern"): Promise<Cell> {
  const record = join(site.folder, `${name}.jsonl`);
  const tools = join(site.folder, `${name}-tools.json`);
  writeFileSync(record, "");
  writeFileSync(tools, JSON.stringify(WORLD_TOOLS));
  const script = join(import.meta.dirname, "recording-child.mjs");
  const command = [process.execPath, script, record, tools];
  const registered = site.rig.add(name, { kind: "stdio", command }, POLICY, { era });
  site.canaries.add("grant token", registered.token.slice("pcl_g_".length));
  const opening = targetOf(registered, era);
  const session = era === "modern" ? undefined : await initialize(site, opening);
  return {
    name,
    tags: new Set([era, "http", "child", name]),
    target: { ...opening, session },
    lines: undefined,
    rows: site.ledger,
    process: site.process,
    received: childReader(record),
  };
}

/** Lines in, HTTP out. */
async function lineCell(
  site: Site,
  name: string,
  era: "legacy" | "modern",
  stack: AsyncDisposableStack,
): Promise<Cell> {
  const path = `${era === "modern" ? "modern" : "stateless"}/${name}`;
  const lines = stack.use(
    await LineClient.start({
      folder: site.folder,
      // One of the two has a ledger, the other writes its rows to a file.
      isKept: era === "modern",
      policy: POLICY,
      server: { url: `http://127.0.0.1:${site.upstream.port}/${path}` },
      era,
    }),
  );
  if (era === "legacy") await lines.initialize();
  return {
    name,
    tags: new Set([era, "lines", name]),
    target: { era, front: "lines", path: "", host: "", token: "", session: undefined },
    lines,
    rows: lines.rows,
    process: lines.process,
    // Not the stream that `run` opens on its own.
    received: webReader(site.upstream, `/${path}`, ({ verb }) => verb !== "GET"),
  };
}

function targetOf({ url, token }: Registered, era: Target["era"]): Target {
  const { pathname, host } = new URL(url);
  return { era, front: "http", path: pathname, host, token, session: undefined };
}

/** Opens a legacy session; its id, or undefined where the server issues none. */
export async function initialize({ rig }: Pick<Site, "rig">, target: Target): Promise<string | undefined> {
  const clientInfo = { name: "adversary", version: "1" };
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo };
  const body = JSON.stringify({ jsonrpc: "2.0", id: "open", method: "initialize", params });
  const head = [
    `POST ${target.path} HTTP/1.1`,
    `Host: ${target.host}`,
    `Authorization: Bearer ${target.token}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  const answer = await sendRaw(rig.gateway.url, Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`));
  if (answer.status !== 200) throw new Error(`initialize failed: ${answer.wire.toString()}`);
  return headerOf(answer.headers, "mcp-session-id");
}

const EMPTY = Buffer.alloc(0);

function webReader(
  upstream: RawUpstream,
  path: string,
  counts: (seen: Seen) => boolean = () => true,
): Cell["received"] {
  let from = upstream.seen.length;
  return () => {
    // Somebody may have thrown away what was read.
    from = Math.min(from, upstream.seen.length);
    const own = upstream.seen.slice(from).filter((seen) => seen.path === path);
    // Read once: thousands of bodies need not be kept.
    for (let at = from; at < upstream.seen.length; at += 1) {
      const seen = upstream.seen[at];
      if (seen?.path === path) upstream.seen[at] = { ...seen, body: EMPTY, message: undefined };
    }
    from = upstream.seen.length;
    return own.filter((seen) => counts(seen) && !isOwnTraffic(seen));
  };
}

/** Lines of processes that serve a client; the gateway's own say who started them. */
function childReader(record: string): Cell["received"] {
  const own = new Set<number>();
  const file = new GrowingFile(record);
  return () => {
    const lines = file.fresh().toString("utf8").split("\n").slice(0, -1);
    const read = lines.map((text) => JSON.parse(text) as { pid: number; line: string });
    for (const { pid, line } of read) if (line.includes('"name":"portcullis"')) own.add(pid);
    return read
      .filter(({ pid }) => !own.has(pid))
      .map(({ line }) => ({ body: Buffer.from(line), headers: [] }));
  };
}
