import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { parse } from "smol-toml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FILES, type Home, makeHome } from "./clients/home.ts";
import { type Ended, runInProcess } from "./fake-io.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const require = createRequire(import.meta.url);

/** What a client reads out of its file. */
interface Entry {
  readonly command?: string;
  readonly args?: string[];
  readonly url?: string;
  readonly serverUrl?: string;
  readonly httpUrl?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly http_headers?: { readonly [name: string]: string };
}

let home: Home;
let notes: string;
let gateway: ReturnType<typeof spawn>;

/** The command of a published server of this repository's dependencies. */
function serverOf(name: string, ...args: readonly string[]) {
  const manifest = require.resolve(`@modelcontextprotocol/${name}/package.json`);
  return { command: process.execPath, args: [join(manifest, "..", "dist", "index.js"), ...args] };
}

function run(...argv: readonly string[]): Promise<Ended> {
  return runInProcess(argv, { cwd: home.project, env: home.env });
}

beforeAll(async () => {
  home = makeHome();
  notes = join(home.home, "notes");
  mkdirSync(notes);
  writeFileSync(join(notes, "a.txt"), "hello from a file");
  const files = serverOf("server-filesystem", notes);
  const memory = { ...serverOf("server-memory"), env: { MEMORY_FILE_PATH: join(home.home, "memory.jsonl") } };
  const everything = serverOf("server-everything");
  const json = (table: string, servers: object): string => JSON.stringify({ [table]: servers }, undefined, 2);
  home.write(FILES.claudeDesktop, json("mcpServers", { files, memory }));
  home.write(FILES.claudeCodeProject, json("mcpServers", { everything }));
  home.write(FILES.claudeCodeUser, json("mcpServers", { files }));
  home.write(FILES.cursorUser, json("mcpServers", { files, memory }));
  home.write(FILES.vscodeUser, json("servers", { memory }));
  home.write(FILES.windsurf, json("mcpServers", { files }));
  home.write(FILES.gemini, json("mcpServers", { everything }));
  home.write(
    FILES.codex,
    `[mcp_servers.files]\ncommand = ${JSON.stringify(files.command)}\nargs = ${JSON.stringify(files.args)}\n`,
  );
  const config = join(home.home, ".local/share/portcullis");
  mkdirSync(config, { recursive: true, mode: 0o700 });
  const port = await freePort();
  writeFileSync(join(config, "config.json"), JSON.stringify({ port, adminPort: 0, demo: false }));
  const done = await run("init", "--yes");
  expect([done.code, done.stderr]).toEqual([0, expect.stringContaining("Start the gateway")]);
  const serve = ["--conditions=portcullis-source", MAIN, "serve", "--json"];
  gateway = spawn(process.execPath, serve, {
    env: { ...process.env, ...home.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (gateway.stdout === null) throw new Error("no output");
  await once(gateway.stdout, "data");
});

afterAll(async () => {
  if (gateway === undefined) return;
  const exited = once(gateway, "exit");
  gateway.kill("SIGTERM");
  await exited;
});

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function entryOf(path: string, name: string): Entry {
  const text = readFileSync(join(home.home, path), "utf8");
  const document = Object(path.endsWith(".toml") ? parse(text) : JSON.parse(text));
  return (document.mcpServers ?? document.servers ?? document.mcp_servers)[name];
}

/** Does with an entry what its client does. */
async function withClient<T>(entry: Entry, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ name: "test", version: "1" });
  const url = entry.url ?? entry.serverUrl ?? entry.httpUrl;
  const transport =
    url === undefined
      ? new StdioClientTransport({ command: entry.command ?? "", args: entry.args ?? [], stderr: "inherit" })
      : new StreamableHTTPClientTransport(new URL(url), {
          requestInit: { headers: { ...entry.headers, ...entry.http_headers } },
        });
  // The SDK's own types disagree about an optional member.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

function textOf(result: unknown): string {
  return Object(result).content?.[0]?.text ?? "";
}

describe("rewritten entries, started by a real client", () => {
  test.each([
    ["Claude Desktop", FILES.claudeDesktop],
    ["Claude Code", FILES.claudeCodeUser],
    ["Cursor", FILES.cursorUser],
    ["Windsurf", FILES.windsurf],
    ["Codex", FILES.codex],
  ])("%s reads a file through the gateway", async (_client, path) => {
    await withClient(entryOf(path, "files"), async (client) => {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toContain("read_text_file");
      const read = await client.callTool({
        name: "read_text_file",
        arguments: { path: join(notes, "a.txt") },
      });
      expect(textOf(read)).toBe("hello from a file");
    });
  });

  test.each([
    ["VS Code", FILES.vscodeUser],
    ["Claude Desktop", FILES.claudeDesktop],
  ])("%s: the recommended policy hides what deletes, and keeps the environment", async (_client, path) => {
    await withClient(entryOf(path, "memory"), async (client) => {
      const names = (await client.listTools()).tools.map(({ name }) => name);
      expect(names).toContain("read_graph");
      expect(names).not.toContain("delete_entities");
      const entities = [{ name: "cat", entityType: "animal", observations: ["it purrs"] }];
      await client.callTool({ name: "create_entities", arguments: { entities } });
      expect(readFileSync(join(home.home, "memory.jsonl"), "utf8")).toContain("it purrs");
      const refused = client.callTool({ name: "delete_entities", arguments: { entityNames: ["cat"] } });
      const answer = await refused.then(
        (result) => JSON.stringify(result),
        (cause: unknown) => String(cause),
      );
      expect(answer).toContain("delete_entities");
      expect(readFileSync(join(home.home, "memory.jsonl"), "utf8")).toContain("it purrs");
    });
  });

  test.each([
    ["Claude Code's project", FILES.claudeCodeProject],
    ["Gemini CLI", FILES.gemini],
  ])("%s calls the everything server", async (_client, path) => {
    await withClient(entryOf(path, "everything"), async (client) => {
      const echoed = await client.callTool({ name: "echo", arguments: { message: "hi" } });
      expect(textOf(echoed)).toContain("hi");
    });
  });

  test("every call is in the log under the entry's own grant", async () => {
    await withClient(entryOf(FILES.codex, "files"), (client) => client.listTools());
    const rows = (await run("log", "export")).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const grants = new Set(rows.filter(({ tool }) => tool !== null).map(({ grant }) => grant));
    expect([...grants].sort()).toEqual([
      "claude-code-everything",
      "claude-code-files",
      "claude-desktop-files",
      "claude-desktop-memory",
      "codex-files",
      "cursor-files",
      "gemini-cli-everything",
      "vscode-memory",
      "windsurf-files",
    ]);
  });

  test("after restore the tokens are refused, and the entries start the servers themselves", async () => {
    const before = entryOf(FILES.cursorUser, "files");
    expect((await run("restore")).code).toBe(0);
    await expect(withClient(before, (client) => client.listTools())).rejects.toThrow(
      /grant token is required/,
    );
    const { tools } = await withClient(entryOf(FILES.cursorUser, "files"), (client) => client.listTools());
    expect(tools.length).toBeGreaterThan(10);
  });
});
