import { validatePolicy } from "@portcullis/policy";
import { createGrant, publishPolicy } from "@portcullis/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Registered, type Rig, startRig, unwrap } from "./harness.ts";
import { type Answering, type ScriptedUpstream, startUpstream, TOOL } from "./scripted-upstream.ts";

const VERSION = "2025-11-25";
const INITIALIZED = {
  protocolVersion: VERSION,
  capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
  serverInfo: { name: "s", version: "1" },
};
const RELATED = "io.modelcontextprotocol/related-task";
const DONE = { content: [{ type: "text", text: "done" }] };
const POLICY = {
  version: "1",
  default: "deny",
  tools: { run: {}, slow: {} },
  server_requests: { elicitation: "allow" },
};

let rig: Rig;
let upstream: ScriptedUpstream;
let registered: Registered;
let tasks: number;
let onResult: (answering: Answering) => void;

beforeEach(async () => {
  rig = await startRig();
  tasks = 0;
  onResult = ({ received, result }) => {
    const { taskId } = received.message["params"] as { taskId: string };
    result({ ...DONE, _meta: { [RELATED]: { taskId }, kept: true } });
  };
  upstream = await startUpstream((answering) => {
    const { verb, message } = answering.received;
    if (message["method"] === "initialize") answering.result(INITIALIZED, { "mcp-session-id": "upstream" });
    else if (message["method"] === "tools/list") answering.result({ tools: [TOOL("run"), TOOL("slow")] });
    else if (verb === "DELETE") answering.status(200);
    else if (message["id"] === undefined || message["method"] === undefined) answering.status(202);
    else answerTask(answering);
  });
  registered = rig.add("legacy", target(), POLICY, { era: "legacy" });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function target() {
  return { kind: "http", url: upstream.url, headers: [] } as const;
}

/** A server that makes tasks `task-1`, `task-2` … and lists all of them to everybody. */
function answerTask(answering: Answering): void {
  const { received, result } = answering;
  const { method, params } = received.message as { method: string; params: { taskId?: string } };
  const task = (taskId: string) => ({
    taskId,
    status: "working",
    createdAt: "2025-11-25T10:30:00Z",
    ttl: 60_000,
  });
  if (method === "tools/call") {
    tasks += 1;
    result({ task: task(`task-${tasks}`) });
  } else if (method === "tasks/list") {
    result({ tasks: Array.from({ length: tasks }, (_, at) => task(`task-${at + 1}`)), nextCursor: "page-2" });
  } else if (method === "tasks/result") {
    onResult(answering);
  } else result(task(params.taskId ?? ""));
}

/** A client with a session of its own. */
interface Client {
  send(method: string, params: object): Promise<{ status: number; body: Record<string, unknown> }>;
  sendRaw(method: string, params: object): Promise<string>;
  /** The status. */
  notify(method: string, params: object): Promise<number>;
  /** Answers a request of the server; the status. */
  answer(id: string, result: object): Promise<number>;
}

async function connect({ url, token }: Registered): Promise<Client> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${token}`,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": VERSION,
  };
  const postMessage = (message: object) =>
    fetch(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
  const post = (method: string, params: object) => postMessage({ id: 1, method, params });
  const clientInfo = { name: "test", version: "1" };
  const opened = await post("initialize", { protocolVersion: VERSION, capabilities: {}, clientInfo });
  await opened.text();
  headers["mcp-session-id"] = opened.headers.get("mcp-session-id") ?? "none";
  return {
    send: async (method, params) => {
      const answer = await post(method, params);
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    sendRaw: async (method, params) => (await post(method, params)).text(),
    notify: async (method, params) => (await postMessage({ method, params })).status,
    answer: async (id, result) => (await postMessage({ id, result })).status,
  };
}

function anotherGrant(): Registered {
  const expiresAtMs = Date.now() + 60_000;
  const grant = { label: "other", server: "legacy", policy: "test", mode: "enforce", expiresAtMs } as const;
  return { ...registered, token: unwrap(createGrant(rig.state, rig.folder.keys, grant, Date.now())).token };
}

/** Starts a task; its id as the client sees it. */
async function start(client: Client, name: string): Promise<string> {
  const { body } = await client.send("tools/call", { name, arguments: {}, task: { ttl: 60_000 } });
  const { task } = body["result"] as { task: { taskId: string; status: string } };
  expect(task.status).toBe("working");
  return task.taskId;
}

/** What the server was last asked. */
function lastParams(): unknown {
  return upstream.received.at(-1)?.message["params"];
}

/** The ids and the cursor of a list of tasks. */
async function listed(client: Client): Promise<{ ids: string[]; nextCursor: string }> {
  const { body } = await client.send("tasks/list", {});
  const { tasks, nextCursor } = body["result"] as { tasks: { taskId: string }[]; nextCursor: string };
  return { ids: tasks.map(({ taskId }) => taskId), nextCursor };
}

const UNKNOWN = {
  status: 404,
  body: { jsonrpc: "2.0", id: 1, error: { code: -32602, message: "Unknown or expired task." } },
};
const METHODS = ["tasks/get", "tasks/result", "tasks/cancel"];

describe("tasks of 2025-11-25 (policy-spec R7, threat 52)", () => {
  test("`params.task` passes, and the new task's id is sealed", async () => {
    const client = await connect(registered);
    const taskId = await start(client, "run");
    expect(lastParams()).toEqual({ name: "run", arguments: {}, task: { ttl: 60_000 } });
    expect(taskId).not.toContain("task-1");
  });

  test("a call with `params.task` is judged like any other", async () => {
    const client = await connect(registered);
    const before = upstream.received.length;
    const { body } = await client.send("tools/call", { name: "other", arguments: {}, task: {} });
    expect(body["error"]).toEqual({ code: -32602, message: "Unknown tool: other" });
    const calls = upstream.received.slice(before).map(({ message }) => message["method"]);
    expect(calls).not.toContain("tools/call");
  });

  test("its owner gets, awaits and cancels it; the id is the same text everywhere", async () => {
    const client = await connect(registered);
    const taskId = await start(client, "run");
    for (const method of METHODS) {
      const { status, body } = await client.send(method, { taskId });
      expect(lastParams()).toEqual({ taskId: "task-1" });
      expect(status).toBe(200);
      const result =
        method === "tasks/result" ? { ...DONE, _meta: { [RELATED]: { taskId }, kept: true } } : { taskId };
      expect(body["result"]).toMatchObject(result);
      expect(JSON.stringify(body)).not.toContain("task-1");
    }
  });

  test("another session of its owner has it too", async () => {
    const taskId = await start(await connect(registered), "run");
    const { status } = await (await connect(registered)).send("tasks/get", { taskId });
    expect(status).toBe(200);
  });

  const STRANGERS: readonly { name: string; to: () => Registered; id?: string }[] = [
    { name: "another grant", to: anotherGrant },
    { name: "a grant of another server", to: () => rig.add("second", target(), POLICY, { era: "legacy" }) },
    { name: "whoever knows the server's own id", to: () => registered, id: "task-1" },
  ];
  for (const { name, to, id } of STRANGERS) {
    test(`${name} gets 404 on every method, and the server is not asked`, async () => {
      const taskId = await start(await connect(registered), "run");
      const stranger = await connect(to());
      const before = upstream.received.length;
      for (const method of METHODS)
        expect(await stranger.send(method, { taskId: id ?? taskId })).toEqual(UNKNOWN);
      expect(upstream.received).toHaveLength(before);
    });
  }

  test("`tasks/list` shows only one's own, with the same ids and a sealed cursor", async () => {
    const client = await connect(registered);
    const other = await connect(anotherGrant());
    const mine = [await start(client, "run"), await start(client, "slow")];
    const theirs = [await start(other, "run")];
    const list = await listed(client);
    expect(list.ids).toEqual(mine);
    expect((await listed(other)).ids).toEqual(theirs);
    expect((await client.send("tasks/list", { cursor: list.nextCursor })).status).toBe(200);
    expect(lastParams()).toEqual({ cursor: "page-2" });
    const before = upstream.received.length;
    const stolen = await other.send("tasks/list", { cursor: list.nextCursor });
    expect([stolen.status, stolen.body["error"]]).toEqual([
      400,
      { code: -32602, message: "Unknown or expired cursor." },
    ]);
    expect(upstream.received).toHaveLength(before);
  });

  test.each<{ name: string; edit: object }>([
    { name: "hidden", edit: { hide: ["slow"] } },
    { name: "denied", edit: { tools: { run: {}, slow: { action: "deny" } } } },
    { name: "left to `default: deny`", edit: { tools: { run: {} } } },
  ])("the tasks of a tool that was $name since are refused and no longer listed", async ({ edit }) => {
    const client = await connect(registered);
    const [kept, hidden] = [await start(client, "run"), await start(client, "slow")];
    const document = unwrap(validatePolicy({ ...POLICY, ...edit }));
    const version = { server: "legacy", name: "test", document, source: "", author: "test", note: "" };
    unwrap(publishPolicy(rig.state, version, Date.now()));
    const before = upstream.received.length;
    for (const method of METHODS) {
      const { body } = await client.send(method, { taskId: hidden });
      expect(body["error"]).toMatchObject({ code: -32602 });
    }
    expect(upstream.received).toHaveLength(before);
    expect((await client.send("tasks/get", { taskId: kept })).status).toBe(200);
    expect((await listed(client)).ids).toEqual([kept]);
  });

  test("a question of the task names it by the client's id, and its answer by the server's", async () => {
    const client = await connect(registered);
    const taskId = await start(client, "run");
    onResult = ({ stream }) => {
      const events = stream();
      const params = { message: "Which?", _meta: { [RELATED]: { taskId: "task-1" } } };
      events.send({ jsonrpc: "2.0", id: "ask", method: "elicitation/create", params });
      events.end();
    };
    const [event = ""] = (await client.sendRaw("tasks/result", { taskId })).split("\n\n");
    expect(JSON.parse(event.slice("data: ".length))).toEqual({
      jsonrpc: "2.0",
      id: "ask",
      method: "elicitation/create",
      params: { message: "Which?", _meta: { [RELATED]: { taskId } } },
    });
    expect(await client.answer("ask", { action: "decline", _meta: { [RELATED]: { taskId } } })).toBe(202);
    expect(upstream.received.at(-1)?.message).toEqual({
      jsonrpc: "2.0",
      id: "ask",
      result: { action: "decline", _meta: { [RELATED]: { taskId: "task-1" } } },
    });
  });

  test("a notification about the task names it by the server's id, and someone else's id stays sealed", async () => {
    const client = await connect(registered);
    const taskId = await start(client, "run");
    const params = { progressToken: "ask", progress: 1, _meta: { [RELATED]: { taskId }, kept: true } };
    expect(await client.notify("notifications/progress", params)).toBe(202);
    expect(upstream.received.at(-1)?.message).toEqual({
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { ...params, _meta: { [RELATED]: { taskId: "task-1" }, kept: true } },
    });
    const stranger = await connect(anotherGrant());
    expect(await stranger.notify("notifications/progress", params)).toBe(202);
    expect(upstream.received.at(-1)?.message["params"]).toEqual(params);
  });

  test("a notification of the other era's tasks reaches nobody", async () => {
    const client = await connect(registered);
    const taskId = await start(client, "run");
    onResult = ({ received, stream }) => {
      const events = stream();
      events.send({
        jsonrpc: "2.0",
        method: "notifications/tasks",
        params: { taskId: "task-1", status: "failed" },
      });
      events.send({ jsonrpc: "2.0", method: "notifications/tasks/status", params: { taskId: "task-1" } });
      events.send({ jsonrpc: "2.0", id: received.message["id"], result: DONE });
      events.end();
    };
    const events = (await client.sendRaw("tasks/result", { taskId }))
      .split("\n\n")
      .filter((text) => text !== "");
    expect(events.map((text) => JSON.parse(text.slice("data: ".length)) as unknown)).toEqual([
      { jsonrpc: "2.0", method: "notifications/tasks/status", params: { taskId } },
      { jsonrpc: "2.0", id: 1, result: DONE },
    ]);
  });

  test("every refused and every sent request is on record with the tool that made the task", async () => {
    const client = await connect(registered);
    const taskId = await start(client, "run");
    await client.send("tasks/get", { taskId });
    await client.send("tasks/get", { taskId: "made-up" });
    const rows = rig.rows().filter(({ method }) => method === "tasks/get");
    expect(rows.map(({ effect, rule, tool }) => [effect, rule, tool])).toEqual([
      ["allow", "", "run"],
      ["deny", "(handle-unknown)", null],
    ]);
  });
});
