import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { type LogRow, listServers, listTools, openState } from "@portcullis/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandOf, type Registered, type Rig, readRows, startRig, unwrap } from "./harness.ts";
import {
  type Caller,
  connectSdk1,
  connectSdk1Stdio,
  connectSdk2,
  connectSdk2Stdio,
  endpointOf,
} from "./sdk-clients.ts";
import { PORTCULLIS } from "./served.ts";

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
      const client = await connectSdk1(endpointOf(registered));
      try {
        await play(client, peer);
      } finally {
        await client.close();
      }
      const rows = () =>
        rig.rows().filter(({ server, tool }) => server === peer.name && tool === peer.call.name);
      await expect.poll(() => rows().filter(({ status }) => status === "ok")).toHaveLength(1);
      expect(rig.verify()).toMatchObject({ ok: true });
    });

    test(`${peer.name} through \`run\` on stdio`, async () => {
      const policy = join(folder, `${peer.name}.json`);
      writeFileSync(policy, JSON.stringify(policyFor(peer)));
      const client = await connectSdk1Stdio([...PORTCULLIS, "run", "-c", policy, "--", ...peer.command]);
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
    const client = await connectSdk1(endpointOf(registered));
    const [peer] = PEERS;
    if (peer === undefined) throw new Error("no peer");
    await play(client, { ...peer, denied: "" });
    await client.close();
  });

  test("progress of a long call arrives on its stream", async () => {
    const client = await connectSdk1(endpointOf(registered));
    const seen: number[] = [];
    const call = { name: "trigger-long-running-operation", arguments: { duration: 1, steps: 4 } };
    await client.callTool(call, undefined, { onprogress: ({ progress }) => seen.push(progress) });
    expect(seen).toEqual([1, 2, 3, 4]);
    await client.close();
  });
});

/** A dual-era server whose calls need the network: what matters is what was sent. */
describe("context7, both eras", () => {
  const command = commandOf("@upstash/context7-mcp");
  const policy = {
    version: "1",
    default: "allow",
    hide: ["query-docs"],
    tools: {
      "resolve-library-id": {
        deny_if: [
          {
            conditions: [{ path: "args.libraryName", op: "eq", value: "left-pad" }],
            on_deny: "Not that one.",
          },
        ],
      },
    },
  };
  const policyFile = join(folder, "context7.json");
  writeFileSync(policyFile, JSON.stringify(policy));

  const HTTP: readonly { client: string; connect: (to: Registered) => Promise<Caller> }[] = [
    { client: "SDK 1.x", connect: (to) => connectSdk1(endpointOf(to)) },
    { client: "SDK 2.x", connect: (to) => connectSdk2(endpointOf(to)) },
  ];
  for (const { client, connect } of HTTP) {
    test(`${client} over HTTP in front and stdio behind`, async () => {
      const name = client.replace(/\W+/g, "-").toLowerCase();
      const registered = rig.add(name, { kind: "stdio", command }, policy);
      await playContext7(await connect(registered));
      expect(
        rig
          .rows()
          .filter(({ server }) => server === name)
          .flatMap(callOf),
      ).toEqual(DECIDED);
      expect(listTools(rig.state, registered.id).map(({ name: tool, pin }) => [tool, pin])).toEqual(PINS);
    });
  }

  const RUN: readonly { client: string; connect: (command: readonly string[]) => Promise<Caller> }[] = [
    { client: "SDK 1.x", connect: (run) => connectSdk1Stdio(run) },
    { client: "SDK 2.x", connect: (run) => connectSdk2Stdio(run) },
  ];
  for (const { client, connect } of RUN) {
    test(`${client} through \`run\` on stdio`, async () => {
      const dataDir = join(folder, client);
      const run = [...PORTCULLIS, "run", "-c", policyFile, "--data", dataDir, "--", ...command];
      await playContext7(await connect(run));
      expect(readRows(join(dataDir, "ledger.db")).flatMap(callOf)).toEqual(DECIDED);
      const state = unwrap(openState(join(dataDir, "state.db")));
      const tools = listServers(state).flatMap(({ id }) => listTools(state, id));
      state.db.close();
      expect(tools.map(({ name, pin }) => [name, pin])).toEqual(PINS);
    });
  }
});

/** The calls of {@link playContext7} as the log has them. */
const DECIDED = [
  ["resolve-library-id", "allow", ""],
  ["resolve-library-id", "deny", "/tools/resolve-library-id/deny_if/0"],
  ["query-docs", "deny", "(hidden)"],
];
const PINS = [
  ["query-docs", "accepted"],
  ["resolve-library-id", "accepted"],
];

function callOf(row: LogRow): unknown[][] {
  return row.method === "tools/call" ? [[row.tool, row.effect, row.rule]] : [];
}

/** Lists ten times, sends one call, is refused two. */
async function playContext7(client: Caller): Promise<void> {
  try {
    for (let round = 0; round < 10; round += 1) {
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["resolve-library-id"]);
    }
    const call = (libraryName: string) =>
      client.callTool({ name: "resolve-library-id", arguments: { query: libraryName, libraryName } });
    expect(JSON.stringify(await call("react"))).not.toContain("[POLICY DENIED]");
    expect(JSON.stringify(await call("left-pad"))).toContain("[POLICY DENIED] Not that one.");
    const hidden = { name: "query-docs", arguments: { libraryId: "/a/b", query: "react" } };
    await expect(client.callTool(hidden)).rejects.toThrow("Unknown tool: query-docs");
  } finally {
    await client.close();
  }
}
