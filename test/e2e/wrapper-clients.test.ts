import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_DENIED, DEMO_LISTED } from "./demo-expectations.ts";
import { commandOf } from "./harness.ts";
import { type Caller, connectSdk1Stdio, connectSdk2Stdio } from "./sdk-clients.ts";
import { type Served, startServed } from "./served.ts";

const REMOTE = commandOf("mcp-remote", "mcp-remote");
const INSPECTOR = [...commandOf("@modelcontextprotocol/inspector", "mcp-inspector"), "--cli"];

let served: Served;
let demo: { readonly url: string; readonly token: string };
/** Where these programs keep what they remember; nothing of the machine's user. */
let home: string;

beforeAll(async () => {
  served = await startServed(["--json"], /"demo"/);
  const [, line = ""] = served.printed().split("\n");
  demo = JSON.parse(line) as typeof demo;
  home = mkdtempSync(join(tmpdir(), "portcullis-home-"));
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

function env(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, MCP_REMOTE_CONFIG_DIR: join(home, "mcp-remote") };
}

describe("mcp-remote, between a client on stdio and the gateway", () => {
  const CLIENTS: readonly {
    client: string;
    connect: (command: readonly string[], env: Record<string, string>) => Promise<Caller>;
  }[] = [
    { client: "SDK 1.x, up to 2025-11-25", connect: connectSdk1Stdio },
    { client: "SDK 2.x, 2026-07-28", connect: connectSdk2Stdio },
  ];
  test.each(CLIENTS)("$client", async ({ connect }) => {
    const header = `Authorization: Bearer ${demo.token}`;
    const client = await connect([...REMOTE, demo.url, "--allow-http", "--header", header], env());
    try {
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(DEMO_LISTED);
      expect(await client.callTool({ name: "list_repositories", arguments: {} })).toMatchObject({
        content: [{ text: "portcullis-demo\nportcullis-docs" }],
        isError: false,
      });
      expect(await client.callTool({ name: "delete_repository", arguments: { name: "web" } })).toMatchObject({
        content: [{ text: DEMO_DENIED }],
        isError: true,
      });
      await expect(client.callTool({ name: "read_environment", arguments: {} })).rejects.toThrow(
        "Unknown tool: read_environment",
      );
    } finally {
      await client.close();
    }
  });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of the inspector's command line; what it prints is JSON. */
function inspect(era: string, ...args: readonly string[]): Promise<Ended> {
  const [node = "", ...script] = INSPECTOR;
  const header = `Authorization: Bearer ${demo.token}`;
  const target = [demo.url, "--transport", "http", "--header", header, "--protocol-era", era];
  const words = [...script, ...target, "--format", "json", "--quiet", "--method", ...args];
  return new Promise((resolve) => {
    execFile(node, words, { env: env() }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

describe("the inspector's command line", () => {
  test.each(["legacy", "modern", "auto"])("era %s", async (era) => {
    const listed = await inspect(era, "tools/list");
    const { result } = JSON.parse(listed.stdout) as { result: { tools: { name: string }[] } };
    expect([listed.code, result.tools.map(({ name }) => name)]).toEqual([0, DEMO_LISTED]);
    const call = ["tools/call", "--tool-name"];
    const allowed = await inspect(era, ...call, "get_file", "--tool-arg", "path=/srv/demo/a");
    expect([allowed.code, JSON.parse(allowed.stdout)]).toMatchObject([
      0,
      { result: { content: [{ text: "(the pretended content of /srv/demo/a)" }], isError: false } },
    ]);
    const denied = await inspect(era, ...call, "delete_repository", "--tool-arg", "name=web");
    // Its own code for a result with `isError`.
    expect([denied.code, JSON.parse(denied.stdout)]).toMatchObject([
      5,
      { result: { content: [{ text: DEMO_DENIED }], isError: true } },
    ]);
    const hidden = await inspect(era, ...call, "read_environment");
    expect([hidden.code, JSON.parse(hidden.stderr)]).toMatchObject([
      5,
      { error: { code: "tool_not_found" } },
    ]);
  });
});
