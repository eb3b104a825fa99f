import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CreateMessageRequestSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { listTools } from "@portcullis/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandOf, type Registered, type Rig, startRig } from "./harness.ts";

const POLICY = {
  version: "1",
  default: "allow",
  hide: ["get-env"],
  tools: { echo: { action: "deny", reason: "Not from a test." } },
  server_requests: { sampling: "allow", elicitation: "deny", roots: "allow" },
};
const MAIN = join(import.meta.dirname, "../../packages/cli/src/main.ts");
const NODE_ARGS = ["--conditions=portcullis-source", MAIN];

const folder = mkdtempSync(join(tmpdir(), "portcullis-sse-"));
let rig: Rig;
let upstream: ChildProcess;
let url: string;
let said = "";

/** The server takes no port 0, so one is looked for. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

beforeAll(async () => {
  rig = await startRig();
  const [node = "", script = ""] = commandOf("@modelcontextprotocol/server-everything");
  const port = await freePort();
  upstream = spawn(node, [script, "sse"], {
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stderr = upstream.stderr;
  stderr?.setEncoding("utf8");
  await new Promise<void>((resolve) => {
    stderr?.on("data", (text: string) => {
      said += text;
      if (said.includes("Server is running on port")) resolve();
    });
  });
  url = `http://127.0.0.1:${port}/sse`;
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  upstream.kill();
  await once(upstream, "exit");
  rmSync(folder, { recursive: true, force: true });
});

function add(name: string, more: { readonly transport?: "sse"; readonly era?: "legacy" } = {}): Registered {
  const { transport, era } = more;
  return rig.add(name, { kind: "http", url, headers: [], transport }, POLICY, { era: era ?? "auto" });
}

/** How many streams were opened at the server so far. */
function opened(): number {
  return said.split("Client Connected:").length - 1;
}

function closed(): number {
  return said.split("Client Disconnected:").length - 1;
}

function newClient(): Client {
  return new Client(
    { name: "portcullis-test", version: "1.0.0" },
    { capabilities: { sampling: {}, elicitation: { form: {} }, roots: {} } },
  );
}

async function connect({ url: front, token }: Registered, client = newClient()) {
  const headers = { authorization: `Bearer ${token}` };
  const transport = new StreamableHTTPClientTransport(new URL(front), { requestInit: { headers } });
  await client.connect(transport);
  return { client, end: () => transport.terminateSession().then(() => client.close()) };
}

/** Lists ten times, calls one tool, is refused two. */
async function play(client: Client): Promise<void> {
  const names = (await client.listTools()).tools.map(({ name }) => name);
  expect(names).toContain("get-sum");
  expect(names).toContain("trigger-sampling-request");
  expect(names).not.toContain("get-env");
  for (let round = 1; round < 10; round += 1) {
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(names);
  }
  const sum = await client.callTool({ name: "get-sum", arguments: { a: 2, b: 3 } });
  expect(sum).toEqual({ content: [{ type: "text", text: "The sum of 2 and 3 is 5." }] });
  expect(await client.callTool({ name: "echo", arguments: { message: "hi" } })).toEqual({
    content: [{ type: "text", text: "[POLICY DENIED] Not from a test." }],
    isError: true,
  });
  await expect(client.callTool({ name: "get-env", arguments: {} })).rejects.toThrow("Unknown tool: get-env");
}

describe("server-everything over HTTP+SSE of 2024-11-05", () => {
  test.each([
    { name: "found-out", more: {} },
    { name: "legacy-set", more: { era: "legacy" as const } },
    { name: "transport-set", more: { transport: "sse" as const } },
  ])("$name: lists, calls, is denied, sees nothing hidden", async ({ name, more }) => {
    const registered = add(name, more);
    const { client, end } = await connect(registered);
    await play(client);
    await end();
    const pins = new Set(listTools(rig.state, registered.id).map(({ pin }) => pin));
    expect(pins).toEqual(new Set(["accepted"]));
    const rows = () => rig.rows().filter(({ server, tool }) => server === name && tool !== null);
    await expect
      .poll(() => rows().map(({ tool, effect, rule, status }) => [tool, effect, rule, status]))
      .toEqual([
        ["get-sum", "allow", "", "ok"],
        ["echo", "deny", "/tools/echo/action", null],
        ["get-env", "deny", "(hidden)", null],
      ]);
    expect(rig.verify()).toMatchObject({ ok: true });
  });

  test("progress of a long call arrives on its stream", async () => {
    const { client, end } = await connect(add("progress"));
    const seen: number[] = [];
    const call = { name: "trigger-long-running-operation", arguments: { duration: 1, steps: 4 } };
    await client.callTool(call, undefined, { onprogress: ({ progress }) => seen.push(progress) });
    expect(seen).toEqual([1, 2, 3, 4]);
    await end();
  });

  test("a request of the server reaches the client that policy lets it ask, and no other does", async () => {
    const client = newClient();
    const asked: string[] = [];
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
      asked.push(JSON.stringify(params.messages));
      return { model: "test", role: "assistant", content: { type: "text", text: "sampled in a test" } };
    });
    client.setRequestHandler(ElicitRequestSchema, () => {
      asked.push("elicitation");
      return { action: "decline" };
    });
    const { end } = await connect(add("questions"), client);
    const sampled = await client.callTool({
      name: "trigger-sampling-request",
      arguments: { prompt: "a question", maxTokens: 10 },
    });
    expect(JSON.stringify(sampled)).toContain("sampled in a test");
    const elicited = await client
      .callTool({ name: "trigger-elicitation-request", arguments: {} })
      .catch((error: Error) => error.message);
    expect(JSON.stringify(elicited)).toContain("[POLICY DENIED] elicitation is");
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain("a question");
    await end();
  });

  test("a cancelled call is cancelled at the server and recorded so", async () => {
    const { client, end } = await connect(add("cancelled"));
    await client.listTools();
    const stop = new AbortController();
    const call = { name: "trigger-long-running-operation", arguments: { duration: 30, steps: 60 } };
    const options = { signal: stop.signal, onprogress: () => stop.abort() };
    await expect(client.callTool(call, undefined, options)).rejects.toThrow();
    const row = () => rig.rows().find(({ server, tool }) => server === "cancelled" && tool === call.name);
    await expect.poll(() => row()?.status).toBe("cancelled");
    expect(await client.callTool({ name: "get-sum", arguments: { a: 1, b: 1 } })).toMatchObject({
      content: [{ text: "The sum of 1 and 1 is 2." }],
    });
    await end();
  });

  test("every session has a stream of its own, which ends with it", async () => {
    const registered = add("streams");
    const first = await connect(registered);
    const before = { opened: opened(), closed: closed() };
    const second = await connect(registered);
    await expect.poll(opened).toBe(before.opened + 1);
    await Promise.all([first.end(), second.end()]);
    await expect.poll(closed).toBeGreaterThanOrEqual(before.closed + 2);
    await expect.poll(() => opened() - closed()).toBe(0);
  });

  test("the gateway itself serves no HTTP+SSE", async () => {
    const { url: front, token } = add("front");
    const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
    for (const path of ["/sse", new URL("sse", front).pathname, "/message"]) {
      expect((await fetch(new URL(path, rig.gateway.url), { headers })).status).toBe(404);
    }
  });
});

test("`run --url` governs it over stdio", async () => {
  const policy = join(folder, "policy.json");
  writeFileSync(policy, JSON.stringify(POLICY));
  const client = newClient();
  const args = [...NODE_ARGS, "run", "-c", policy, "--url", url];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: "ignore" }));
  try {
    await play(client);
  } finally {
    await client.close();
  }
});

test.each([
  { name: "found out", more: [], transport: "http" },
  { name: "set", more: ["--transport", "sse"], transport: "sse" },
])("`server add --url`, transport $name", async ({ more, transport }) => {
  const data = ["--data", mkdtempSync(join(folder, "data-"))];
  const run = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, [...NODE_ARGS, ...args, ...data])).stdout;
  expect(await run("server", "add", "--name", "old", "--url", url, ...more)).toMatch(/\d+ tools accepted/);
  expect(JSON.parse(await run("server", "list", "--json"))).toMatchObject([
    { name: "old", transport, waiting: 0 },
  ]);
});
