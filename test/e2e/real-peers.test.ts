import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandOf, type Registered, type Rig, startRig } from "./harness.ts";

const CLIENT = { name: "portcullis-test", version: "1.0.0" };
const folder = realpathSync(mkdtempSync(join(tmpdir(), "portcullis-peers-")));
writeFileSync(join(folder, "hello.txt"), "hello from a file");

interface Peer {
  readonly name: string;
  readonly command: readonly string[];
  /** Called for real. */
  readonly call: { readonly name: string; readonly arguments: Record<string, unknown> };
  /** What its answer must contain; undefined: it needs the network, so only that it was sent. */
  readonly says: string | undefined;
  /** Refused by `action: deny`. */
  readonly denied: string;
  /** Hidden. */
  readonly hidden: string;
}

const everything = commandOf("@modelcontextprotocol/server-everything");
const PEERS: readonly Peer[] = [
  {
    name: "everything",
    command: [...everything, "stdio"],
    call: { name: "get-sum", arguments: { a: 2, b: 3 } },
    says: "The sum of 2 and 3 is 5.",
    denied: "echo",
    hidden: "get-env",
  },
  {
    name: "filesystem",
    command: [...commandOf("@modelcontextprotocol/server-filesystem"), folder],
    call: { name: "read_text_file", arguments: { path: join(folder, "hello.txt") } },
    says: "hello from a file",
    denied: "write_file",
    hidden: "move_file",
  },
  {
    name: "memory",
    command: commandOf("@modelcontextprotocol/server-memory"),
    call: { name: "read_graph", arguments: {} },
    says: "entities",
    denied: "delete_entities",
    hidden: "create_entities",
  },
  {
    name: "git",
    command: commandOf("@cyanheads/git-mcp-server"),
    call: { name: "git_init", arguments: { path: join(folder, "repository") } },
    says: "repository",
    denied: "git_push",
    hidden: "git_reset",
  },
  {
    name: "commands",
    command: commandOf("mcp-server-commands"),
    call: {
      name: "run_command",
      arguments: { command: "echo governed", mode: "shell", command_line: "echo governed" },
    },
    says: "governed",
    denied: "",
    hidden: "",
  },
];

function policyFor(peer: Peer): unknown {
  return {
    version: "1",
    default: "allow",
    ...(peer.hidden === "" ? {} : { hide: [peer.hidden] }),
    ...(peer.denied === ""
      ? {}
      : { tools: { [peer.denied]: { action: "deny", reason: "Not from a test." } } }),
  };
}

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function overHttp({ url, token }: Registered): Promise<Client> {
  const client = new Client(CLIENT);
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

/** Lists ten times, calls one tool, is refused two. */
async function play(client: Client, peer: Peer): Promise<void> {
  const names = (await client.listTools()).tools.map(({ name }) => name);
  expect(names).toContain(peer.call.name);
  expect(names).not.toContain(peer.hidden);
  for (let round = 1; round < 10; round += 1) {
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(names);
  }
  const answer = await client.callTool(peer.call);
  expect(JSON.stringify(answer)).toContain(peer.says);
  if (peer.denied !== "") {
    const denied = await client.callTool({ name: peer.denied, arguments: {} });
    expect(denied).toEqual({
      content: [{ type: "text", text: "[POLICY DENIED] Not from a test." }],
      isError: true,
    });
  }
  const hidden = peer.hidden === "" ? "no_such_tool" : peer.hidden;
  await expect(client.callTool({ name: hidden, arguments: {} })).rejects.toThrow(`Unknown tool: ${hidden}`);
}

describe("real servers, legacy client of SDK 1.x", () => {
  for (const peer of PEERS) {
    test(`${peer.name} over HTTP in front and stdio behind`, async () => {
      const registered = rig.add(peer.name, { kind: "stdio", command: peer.command }, policyFor(peer));
      const client = await overHttp(registered);
      try {
        await play(client, peer);
      } finally {
        await client.close();
      }
      const rows = rig.rows().filter(({ server }) => server === peer.name);
      expect(rows.filter(({ tool, status }) => tool === peer.call.name && status === "ok")).toHaveLength(1);
      expect(rig.verify()).toMatchObject({ ok: true });
    });

    test(`${peer.name} through \`run\` on stdio`, async () => {
      const policy = join(folder, `${peer.name}.json`);
      writeFileSync(policy, JSON.stringify(policyFor(peer)));
      const client = new Client(CLIENT);
      const main = join(import.meta.dirname, "../../packages/cli/src/main.ts");
      await client.connect(
        new StdioClientTransport({
          command: process.execPath,
          args: ["--conditions=portcullis-source", main, "run", "-c", policy, "--", ...peer.command],
          stderr: "ignore",
        }),
      );
      try {
        await play(client, peer);
      } finally {
        await client.close();
      }
    });
  }
});

/** The server takes no port 0, so one is looked for. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

describe("server-everything over streamable HTTP", () => {
  let upstream: ChildProcess;
  let registered: Registered;
  beforeAll(async () => {
    const [node = "", script = ""] = everything;
    const port = await freePort();
    upstream = spawn(node, [script, "streamableHttp"], {
      env: { ...process.env, PORT: String(port) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (upstream.stderr !== null) await once(upstream.stderr, "data");
    const target = { kind: "http", url: `http://127.0.0.1:${port}/mcp`, headers: [] } as const;
    registered = rig.add("everything-http", target, { version: "1", default: "allow", hide: ["get-env"] });
  });
  afterAll(() => {
    upstream.kill();
  });

  test("lists, calls, refuses", async () => {
    const client = await overHttp(registered);
    const [peer] = PEERS;
    if (peer === undefined) throw new Error("no peer");
    await play(client, { ...peer, denied: "" });
    await client.close();
  });

  test("progress of a long call arrives on its stream", async () => {
    const client = await overHttp(registered);
    const seen: number[] = [];
    const call = { name: "trigger-long-running-operation", arguments: { duration: 1, steps: 4 } };
    await client.callTool(call, undefined, { onprogress: ({ progress }) => seen.push(progress) });
    expect(seen).toEqual([1, 2, 3, 4]);
    await client.close();
  });
});

describe("real modern server, client of SDK 2.x", () => {
  test("context7 lists and forwards a call (its answer needs the network)", async () => {
    const command = commandOf("@upstash/context7-mcp");
    const policy = { version: "1", default: "deny", tools: { "resolve-library-id": {} } };
    const registered = rig.add("context7", { kind: "stdio", command }, policy, { era: "modern" });
    const client = new ModernClient(CLIENT, { versionNegotiation: { mode: "auto" } });
    const headers = { authorization: `Bearer ${registered.token}` };
    await client.connect(new ModernHttp(new URL(registered.url), { requestInit: { headers } }));
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toEqual(["resolve-library-id"]);
    const call = { name: "resolve-library-id", arguments: { query: "react", libraryName: "react" } };
    await client.callTool(call).catch(() => undefined);
    const denied = await client.callTool({ name: "query-docs", arguments: {} });
    expect(JSON.stringify(denied)).toContain("[POLICY DENIED]");
    await client.close();
    const rows = rig.rows().filter(({ server, method }) => server === "context7" && method === "tools/call");
    expect(rows.map(({ tool, effect }) => [tool, effect])).toEqual([
      ["resolve-library-id", "allow"],
      ["query-docs", "deny"],
    ]);
  });
});
