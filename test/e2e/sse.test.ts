import { createGrant, removeServer } from "@portcullis/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Cleanup } from "../../packages/server/test/upstream/harness.ts";
import {
  answerAll,
  type SseScript,
  type SseServer,
  serveSse,
} from "../../packages/server/test/upstream/sse/harness.ts";
import { type Registered, type Rig, startRig, unwrap } from "./harness.ts";

const VERSION = "2024-11-05";
const INITIALIZED = { protocolVersion: VERSION, capabilities: {}, serverInfo: { name: "old", version: "1" } };
const CREDENTIAL = "canary-credential-1234";
const ONCE = { rate_limit: { max: 1, window: "hour" } };

const cleanup = new Cleanup();
let rig: Rig;
let upstream: SseServer;
let onCall: NonNullable<SseScript["onMessage"]>;
/** What `tools/call` is answered with over HTTP. */
let callStatus: number;

beforeEach(async () => {
  rig = await startRig();
  onCall = answerAll;
  callStatus = 202;
  upstream = await serveSse(cleanup, {
    onPost: ({ path, message }, response) => {
      const status = path === "/sse" ? 405 : message["method"] === "tools/call" ? callStatus : 202;
      return status !== 202 && response.writeHead(status).end() !== undefined;
    },
    onMessage: (message, stream) => {
      const { id, method } = message;
      const tools = ["run", "twice"].map((name) => ({ name, inputSchema: { type: "object" } }));
      if (method === "initialize") stream.send({ jsonrpc: "2.0", id, result: INITIALIZED });
      else if (method === "tools/list") stream.send({ jsonrpc: "2.0", id, result: { tools } });
      else if (method === "tools/call") onCall(message, stream);
    },
  });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await cleanup.run();
});

function add(name = "old"): Registered {
  const target = { kind: "http", url: upstream.url, headers: [["x-api-key", CREDENTIAL]] } as const;
  return rig.add(name, target, { version: "1", default: "deny", tools: { run: {}, twice: ONCE } });
}

interface Client {
  post(message: object): Promise<Response>;
  call(name: string): Promise<{ status: number; text: string }>;
}

async function connect({ url, token }: Registered): Promise<Client> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${token}`,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": VERSION,
  };
  let id = 0;
  const post = (message: object) =>
    fetch(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
  const params = { protocolVersion: VERSION, capabilities: {}, clientInfo: { name: "t", version: "1" } };
  const opened = await post({ id: "init", method: "initialize", params });
  expect(await opened.json()).toMatchObject({ result: INITIALIZED });
  headers["mcp-session-id"] = opened.headers.get("mcp-session-id") ?? "";
  return {
    post,
    call: async (name) => {
      id += 1;
      const answer = await post({ id, method: "tools/call", params: { name, arguments: {} } });
      return { status: answer.status, text: await answer.text() };
    },
  };
}

function rowsOf(tool: string) {
  return rig.rows().filter((row) => row.tool === tool);
}

/** The streams of clients; those of the gateway's own looks come first and are closed. */
const open = () => upstream.streams.filter(({ isClosed }) => !isClosed);

test("the session that the client gets is the gateway's own, and nothing says how it is kept", async () => {
  const client = await connect(add());
  const answer = await client.post({ id: "list", method: "tools/list", params: {} });
  expect(await answer.json()).toMatchObject({ result: { tools: [{ name: "run" }, { name: "twice" }] } });
  const posted = upstream.posted.filter(({ path }) => path !== "/sse");
  expect(posted.length).toBeGreaterThan(2);
  for (const { headers } of posted) {
    expect([headers["mcp-session-id"], headers["mcp-protocol-version"], headers.authorization]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  }
});

test("a revoked grant loses its stream and what waits on it", async () => {
  onCall = () => {};
  const client = await connect(add());
  const waiting = client.call("run");
  await expect.poll(() => rowsOf("run")).toHaveLength(1);
  const [stream] = open();
  rig.revokeAll();
  expect((await waiting).text).not.toContain('"result"');
  await stream?.closed;
  await expect.poll(() => rowsOf("run").map(({ status }) => status)).toEqual(["cancelled"]);
  expect((await client.call("run")).status).toBe(401);
});

test("a removed server is left at once", async () => {
  await connect(add());
  const [stream] = open();
  unwrap(removeServer(rig.state, "old"));
  await stream?.closed;
  expect(open()).toEqual([]);
});

test("a cut stream: the call may have run, its charge stays, and the client begins a new session", async () => {
  onCall = (_, stream) => stream.cut();
  const registered = add();
  const client = await connect(registered);
  expect((await client.call("twice")).text).toContain("The call may have run.");
  await expect.poll(() => rowsOf("twice").map(({ status }) => status)).toEqual(["unknown"]);
  expect((await client.call("run")).status).toBe(404);
  onCall = answerAll;
  const again = await connect(registered);
  expect((await again.call("twice")).text).toContain("[POLICY DENIED]");
  expect((await again.call("run")).text).toContain('"method":"tools/call"');
});

test("a message that the server refuses did not run, and its charge goes back", async () => {
  const client = await connect(add());
  callStatus = 400;
  expect((await client.call("twice")).text).toContain("HTTP 400");
  callStatus = 202;
  expect((await client.call("twice")).text).toContain('"method":"tools/call"');
  expect((await client.call("twice")).text).toContain("[POLICY DENIED]");
  await expect
    .poll(() => rowsOf("twice").map(({ status }) => status))
    .toEqual(["upstream_error", "ok", null]);
});

test("the gateway's credential does not come back on the stream (threat 46)", async () => {
  onCall = ({ id }, stream) => stream.send({ jsonrpc: "2.0", id, result: { content: [], echo: CREDENTIAL } });
  const client = await connect(add());
  const { text } = await client.call("run");
  expect(JSON.parse(text)).toEqual({ jsonrpc: "2.0", id: 1, result: { content: [], echo: "[redacted]" } });
  expect(rig.logged()).toContain("credential_reflected");
});

test("an answer that is none is refused as everywhere", async () => {
  onCall = ({ id }, stream) => stream.send({ jsonrpc: "2.0", id, result: "not an object" });
  const client = await connect(add());
  expect((await client.call("run")).text).toContain("gave an invalid answer: its result is not an object");
});

test("two grants never share a stream", async () => {
  const registered = add();
  const expiresAtMs = Date.now() + 60_000;
  const grant = { label: "other", server: "old", policy: "test", mode: "enforce", expiresAtMs } as const;
  const { token } = unwrap(createGrant(rig.state, rig.folder.keys, grant, Date.now()));
  const [first, second] = [await connect(registered), await connect({ ...registered, token })];
  await Promise.all([first.call("run"), second.call("run")]);
  const calls = upstream.posted.filter(({ message }) => message["method"] === "tools/call");
  expect(new Set(calls.map(({ path }) => path)).size).toBe(2);
});
