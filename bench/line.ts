/** Calls per second and CPU per call of a governed call, against a bare pass-through. See README.md. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Pool } from "undici";
import { validatePolicy } from "../packages/policy/src/index.ts";
import {
  addServer,
  createGrant,
  openDataFolder,
  openState,
  publishPolicy,
  recordObserved,
} from "../packages/server/src/index.ts";

const VERSION = "2026-07-28";
const META = {
  "io.modelcontextprotocol/protocolVersion": VERSION,
  "io.modelcontextprotocol/clientCapabilities": {},
};
const ROUNDS = 5;
const ROUND_MS = 2_000;
const CONNECTIONS = 32;
const TICKS_PER_SECOND = 100;

const TOOLS = Array.from({ length: 20 }, (_, index) => ({
  name: `tool_${index}`,
  inputSchema: { type: "object" },
}));
const upstream = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as { id: number; method: string };
    const result =
      method === "tools/list"
        ? { resultType: "complete", tools: TOOLS }
        : method === "server/discover"
          ? { resultType: "complete", supportedVersions: [VERSION], capabilities: {} }
          : { resultType: "complete", content: [{ type: "text", text: "y".repeat(200) }] };
    const body = JSON.stringify({ jsonrpc: "2.0", id, result });
    response.writeHead(200, { "content-type": "application/json", "content-length": String(body.length) });
    response.end(body);
  });
});
await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/mcp`;

const GOVERNED = {
  version: "1",
  default: "deny",
  tools: Object.fromEntries(
    TOOLS.map(({ name }) => [
      name,
      {
        require: [{ conditions: [{ path: "args.reason", op: "exists", value: true }] }],
        deny_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 10_000 }] }],
        limits: [
          { counter: "calls", window: "day", max: 9_000_000_000 },
          { counter: "spend", window: "day", max: 9_000_000_000, increment_from: "args.amount" },
        ],
      },
    ]),
  ),
};

function unwrap<T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

interface Contestant {
  readonly name: string;
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly token: string;
}

async function start(
  name: string,
  args: readonly string[],
  path: string,
  token: string,
): Promise<Contestant> {
  const child = spawn(process.execPath, ["--conditions=portcullis-source", ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const ready = JSON.parse(line) as { url: string; pid: number };
  pin(ready.pid, 0);
  return { name, child, pid: ready.pid, url: ready.url + path, token };
}

function pin(pid: number, core: number): void {
  try {
    execFileSync("taskset", ["-apc", String(core), String(pid)], { stdio: "ignore" });
  } catch {
    // Without taskset the figures are only noisier.
  }
}

const dataDir = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
function register(name: string, policy: unknown): { readonly path: string; readonly token: string } {
  const folder = unwrap(openDataFolder(dataDir));
  const state = unwrap(openState(folder.stateFile));
  const now = Date.now();
  const target = { kind: "http", url: upstreamUrl, headers: [] } as const;
  const server = unwrap(
    addServer(
      state,
      folder.keys.credentialKey,
      { name, target, era: "modern", deadlineMs: 55_000, onChange: "allow" },
      now,
    ),
  );
  const document = unwrap(validatePolicy(policy));
  unwrap(publishPolicy(state, { server: name, name: "p", document, source: "", author: "b", note: "" }, now));
  const grant = { label: name, server: name, policy: "p", mode: "enforce", expiresAtMs: now + 9e8 } as const;
  const { token } = unwrap(createGrant(state, folder.keys, grant, now));
  recordObserved(state, server.id, [], { complete: false }, now);
  state.db.close();
  return { path: `/mcp/${server.id}`, token };
}

const main = join(import.meta.dirname, "../packages/cli/src/main.ts");
const governed = register("governed", GOVERNED);
const allowAll = register("allow-all", { version: "1", default: "allow" });
const serve = [main, "serve", "--json", "--port", "0", "--no-demo", "--data", dataDir];
const bare = await start(
  "bare node:http pass-through",
  [join(import.meta.dirname, "pass-through.ts"), upstreamUrl],
  "",
  "-",
);
const gateway = await start("portcullis, governed", serve, governed.path, governed.token);
const origin = new URL(gateway.url).origin;
const contestants: readonly Contestant[] = [
  bare,
  gateway,
  { ...gateway, name: "portcullis, allow-all", url: origin + allowAll.path, token: allowAll.token },
];
pin(process.pid, 1);

let nextId = 1;
async function oneCall(pool: Pool, { url, token }: Contestant): Promise<string> {
  nextId += 1;
  const name = `tool_${nextId % 20}`;
  const params = { name, arguments: { amount: 1.5, reason: "z".repeat(200) }, _meta: META };
  const { body } = await pool.request({
    method: "POST",
    path: new URL(url).pathname,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "mcp-protocol-version": VERSION,
      "mcp-method": "tools/call",
      "mcp-name": name,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: nextId, method: "tools/call", params }),
  });
  return body.text();
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function round(contestant: Contestant, ms: number): Promise<{ perSecond: number; cpuMicros: number }> {
  const pool = new Pool(new URL(contestant.url).origin, { connections: CONNECTIONS });
  const first = await oneCall(pool, contestant);
  if (!first.includes("yyyy")) throw new Error(`${contestant.name} does not answer: ${first}`);
  const cpu = cpuSeconds(contestant.pid);
  const started = performance.now();
  let calls = 0;
  const worker = async () => {
    while (performance.now() - started < ms) {
      await oneCall(pool, contestant);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const seconds = (performance.now() - started) / 1000;
  const spent = cpuSeconds(contestant.pid) - cpu;
  await pool.close();
  return { perSecond: calls / seconds, cpuMicros: (spent * 1e6) / calls };
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const results = new Map<string, { perSecond: number; cpuMicros: number }[]>();
for (const contestant of contestants) await round(contestant, 500);
for (let turn = 0; turn < ROUNDS; turn += 1) {
  for (const contestant of turn % 2 === 0 ? contestants : [...contestants].reverse()) {
    const list = results.get(contestant.name) ?? [];
    list.push(await round(contestant, ROUND_MS));
    results.set(contestant.name, list);
  }
}
const base = median((results.get(bare.name) ?? []).map(({ cpuMicros }) => cpuMicros));
console.log("| contestant | calls/s | CPU µs per call | CPU against bare |\n|---|---|---|---|");
for (const [name, rounds] of results) {
  const cpu = median(rounds.map(({ cpuMicros }) => cpuMicros));
  const perSecond = median(rounds.map((one) => one.perSecond));
  console.log(`| ${name} | ${perSecond.toFixed(0)} | ${cpu.toFixed(0)} | ${(cpu / base).toFixed(2)} |`);
}
for (const { child } of contestants) child.kill("SIGTERM");
upstream.closeAllConnections();
upstream.close();
await once(gateway.child, "exit");
rmSync(dataDir, { recursive: true });
