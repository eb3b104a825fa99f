import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FILES, type Home, makeHome } from "./clients/home.ts";
import { type Ended, runInProcess } from "./fake-io.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const FIXTURE = fileURLToPath(new URL("./fixtures/argv-server.mjs", import.meta.url));
/** One for each place in which people put them. */
const SECRETS = {
  switched: "k1-of-the-command",
  named: "k2-of-the-command",
  header: "k3-of-the-command",
  password: "k4-of-the-command",
  variable: "k5-of-the-surroundings",
  query: "k6-of-the-url",
};

let home: Home;
let words: readonly string[];
let original: string;
let upstream: Server;
let upstreamUrl: string;
const asked: string[] = [];
let gateway: ReturnType<typeof spawn>;
let gatewayLog = "";

function run(...argv: readonly string[]): Promise<Ended> {
  return runInProcess(argv, { cwd: home.project, env: home.env });
}

/** A server of both eras over HTTP that notes where it was asked. */
async function startUpstream(): Promise<void> {
  upstream = createServer(async (request, response) => {
    asked.push(request.url ?? "");
    const { id, method } = JSON.parse((await text(request)) || "{}");
    const serverInfo = { name: "place", version: "1" };
    const answers = new Map<string, object>([
      ["initialize", { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo }],
      ["server/discover", { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } }],
      ["tools/list", { tools: [{ name: "get_place", inputSchema: { type: "object" } }] }],
      ["tools/call", { content: [{ type: "text", text: `at ${request.url}` }] }],
    ]);
    const result = { resultType: "complete", ttlMs: 0, cacheScope: "private", ...answers.get(method) };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  upstreamUrl = `http://127.0.0.1:${portOf(upstream)}/mcp?tenant=a&api_key=${SECRETS.query}`;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  return port;
}

beforeAll(async () => {
  home = makeHome({ VENDOR_VALUE: SECRETS.variable });
  await startUpstream();
  words = [
    join(home.home, "words.json"),
    "--api-key",
    SECRETS.switched,
    `--token=${SECRETS.named}`,
    "--header",
    `Authorization: Bearer ${SECRETS.header}`,
    `postgres://bot:${SECRETS.password}@db.example/notes`,
    "--verbose",
  ];
  const args = [FIXTURE, ...words, "$" + "{env:VENDOR_VALUE}"];
  const servers = { words: { command: process.execPath, args }, place: { url: upstreamUrl } };
  original = JSON.stringify({ mcpServers: servers }, undefined, 2);
  home.write(FILES.cursorUser, original);
  const folder = join(home.home, ".local/share/portcullis");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({ port: await freePort(), adminPort: 0, demo: false }),
  );
  const done = await run("init", "--yes");
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining("Rewrote")]);
  gatewayLog += done.stdout + done.stderr;
  gateway = spawn(process.execPath, ["--conditions=portcullis-source", MAIN, "serve", "--json"], {
    env: { ...process.env, ...home.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [gateway.stdout, gateway.stderr])
    stream?.on("data", (chunk: Buffer) => {
      gatewayLog += chunk.toString();
    });
  if (gateway.stdout === null) throw new Error("no output");
  await once(gateway.stdout, "data");
});

afterAll(async () => {
  upstream?.close();
  if (gateway === undefined) return;
  const exited = once(gateway, "exit");
  gateway.kill("SIGTERM");
  await exited;
});

/** The text that a tool of a rewritten entry answers with. */
async function call(name: string, tool: string): Promise<string> {
  const entry = JSON.parse(readFileSync(join(home.home, FILES.cursorUser), "utf8")).mcpServers[name];
  const client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(entry.url), {
    requestInit: { headers: entry.headers },
  });
  // The SDK's own types disagree about an optional member.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  try {
    return JSON.stringify(await client.callTool({ name: tool, arguments: {} }));
  } finally {
    await client.close();
  }
}

function secretsIn(found: string): readonly string[] {
  return Object.values(SECRETS).filter((secret) => found.includes(secret));
}

/** Everything in a folder as one text, but for the copies that `init` keeps beside a client's file. */
function readAll(folder: string): string {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !path.endsWith(".bak"))
    .map((path) => readFileSync(path, "latin1"))
    .join("\n");
}

test("a command gets the very words of the file, and none of their secrets comes back in an answer", async () => {
  const answer = await call("words", "get_words");
  const started = JSON.parse(readFileSync(join(home.home, "words.json"), "utf8"));
  expect(started).toEqual([...words, SECRETS.variable]);
  expect(answer).toContain("--verbose");
  expect(answer).toContain("[redacted]");
  expect(secretsIn(answer)).toEqual([]);
});

test("a server over HTTP is asked at the whole URL, and its key does not come back either", async () => {
  asked.length = 0;
  const answer = await call("place", "get_place");
  const { pathname, search } = new URL(upstreamUrl);
  expect([...new Set(asked)]).toEqual([pathname + search]);
  expect(answer).toContain("at /mcp?tenant=a&api_key=[redacted]");
});

test("nothing that is kept or printed holds one of them", async () => {
  const commands = [
    ["server", "list"],
    ["--json", "server", "list"],
    ["server", "tools", "place"],
    ["log", "export"],
    ["grant", "list"],
    ["doctor"],
    ["--json", "scan"],
    ["--json", "init", "--dry-run"],
    ["restore", "--dry-run"],
  ];
  const printed: string[] = [];
  for (const argv of commands) {
    const ended = await run(...argv);
    printed.push(ended.stdout, ended.stderr);
  }
  expect(secretsIn(printed.join("\n"))).toEqual([]);
  expect(secretsIn(gatewayLog)).toEqual([]);
  expect(secretsIn(readAll(join(home.home, ".cursor")))).toEqual([]);
  expect(secretsIn(readAll(join(home.home, ".local/share/portcullis")))).toEqual([]);
});

test("the same entry in another client is the same server, and restore brings every letter back", async () => {
  home.write(FILES.windsurf, original.replace('"url"', '"serverUrl"'));
  expect((await run("init", "--yes")).code).toBe(0);
  const listed = JSON.parse((await run("--json", "server", "list")).stdout);
  expect(listed.map(({ name }: { name: string }) => name)).toEqual(["place", "words"]);
  expect((await run("restore")).code).toBe(0);
  expect(readFileSync(join(home.home, FILES.cursorUser), "utf8")).toBe(original);
});
