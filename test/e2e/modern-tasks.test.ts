import { validatePolicy } from "@portcullis/policy";
import { createGrant, type NewGrant, publishPolicy } from "@portcullis/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Registered, type Rig, startRig, unwrap } from "./harness.ts";
import { DECLARED, EXTENSION, type Sending as ModernSending, postModern } from "./tasks-client.ts";
import { startTasksUpstream, type Task, type TasksUpstream } from "./tasks-upstream.ts";

const CREDENTIAL = "canary-credential-1234";
const DONE = { content: [{ type: "text", text: "done" }], isError: false };
const ASKS = { name: { method: "elicitation/create", params: { message: "Who?", requestedSchema: {} } } };
const POLICY = {
  version: "1",
  default: "deny",
  tools: { run: {}, slow: {}, once: { rate_limit: { max: 1, window: "hour" } } },
  resources: { default: "allow" },
  prompts: { default: "allow" },
  server_requests: { elicitation: "allow", sampling: "deny" },
};
const METHODS = ["tasks/get", "tasks/update", "tasks/cancel"];

let rig: Rig;
let upstream: TasksUpstream;
let registered: Registered;

beforeEach(async () => {
  rig = await startRig();
  upstream = await startTasksUpstream(["run", "slow", "once"]);
  registered = add("tasks");
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function add(name: string): Registered {
  const target = { kind: "http", url: upstream.url, headers: [["x-api-key", CREDENTIAL]] } as const;
  return rig.add(name, target, POLICY, { era: "modern" });
}

function anotherGrant(mode: NewGrant["mode"] = "enforce"): Registered {
  const expiresAtMs = Date.now() + 60_000;
  const grant = { label: `other-${mode}`, server: "tasks", policy: "test", mode, expiresAtMs };
  return { ...registered, token: unwrap(createGrant(rig.state, rig.folder.keys, grant, Date.now())).token };
}

function publish(edit: object): void {
  const document = unwrap(validatePolicy({ ...POLICY, ...edit }));
  const version = { server: "tasks", name: "test", document, source: "", author: "test", note: "" };
  unwrap(publishPolicy(rig.state, version, Date.now()));
}

interface Sending extends ModernSending {
  readonly to?: Registered;
}

interface Body {
  readonly result?: { readonly [name: string]: unknown };
  readonly error?: { readonly code: number; readonly message: string };
}

async function send(
  method: string,
  params: { readonly [name: string]: unknown },
  { to = registered, ...sending }: Sending = {},
): Promise<{ status: number; body: Body }> {
  const response = await postModern(to, method, params, sending);
  return { status: response.status, body: (await response.json()) as Body };
}

/** Starts a task; its id as the client sees it. */
async function start(name: string, sending: Sending = {}): Promise<string> {
  const { body } = await send("tools/call", { name, arguments: {} }, sending);
  return String(body.result?.["taskId"]);
}

/** Changes what the server says of a task. */
function set(taskId: string, members: Task): void {
  upstream.tasks.set(taskId, { ...upstream.tasks.get(taskId), ...members });
}

function lastParams(): unknown {
  const params = { ...(upstream.received.at(-1)?.message["params"] as object) };
  return { ...params, _meta: undefined };
}

/** What the gateway asked the server since `before`, but for what it asks on its own account. */
function askedSince(before: number): unknown[] {
  const own = ["server/discover", "tools/list"];
  const methods = upstream.received.slice(before).map(({ message }) => message["method"]);
  return methods.filter((method) => !own.includes(String(method)));
}

const UNKNOWN = {
  status: 404,
  body: { jsonrpc: "2.0", id: 1, error: { code: -32602, message: "Unknown or expired task." } },
};

describe("a call that becomes a task (ext-tasks; policy-spec R7)", () => {
  test("the client gets the task under a sealed id, everything else as it was", async () => {
    const { status, body } = await send("tools/call", { name: "run", arguments: {} });
    const { taskId, ...rest } = body.result ?? {};
    const { taskId: own, ...task } = upstream.tasks.get("task-1") ?? {};
    expect([status, rest, own]).toEqual([200, { ...task, resultType: "task" }, "task-1"]);
    expect(JSON.stringify(body)).not.toContain("task-1");
    expect(String(taskId).length).toBeGreaterThan(20);
  });

  test("its outcome is recorded for the call, and its charge stays", async () => {
    await start("once");
    const { body } = await send("tools/call", { name: "once", arguments: {} });
    expect(JSON.stringify(body)).toContain("[POLICY DENIED] Rate limit");
    const rows = () => rig.rows().filter(({ tool }) => tool === "once");
    await expect
      .poll(() => rows().map(({ method, effect, status }) => [method, effect, status]))
      .toEqual([
        ["tools/call", "allow", "ok"],
        ["tools/call", "deny", null],
      ]);
  });

  test.each<{ name: string; method: string; params: { [name: string]: unknown }; capabilities?: object }>([
    { name: "the client declares nothing", method: "tools/call", params: { name: "once" }, capabilities: {} },
    {
      name: "the client declares another extension",
      method: "tools/call",
      params: { name: "once" },
      capabilities: { extensions: { other: {} } },
    },
    {
      name: "the client's declaration is no object",
      method: "tools/call",
      params: { name: "once" },
      capabilities: { extensions: { [EXTENSION]: true } },
    },
    { name: "it answers resources/read", method: "resources/read", params: { uri: "docs://a" } },
    { name: "it answers prompts/get", method: "prompts/get", params: { name: "p" } },
    { name: "it answers resources/list", method: "resources/list", params: {} },
  ])("a task that nobody asked for is an invalid answer (threat 43): $name", async (row) => {
    const task = {
      resultType: "task",
      taskId: "x",
      status: "working",
      createdAt: "",
      lastUpdatedAt: "",
      ttlMs: null,
    };
    upstream.answer = ({ received, result }) => {
      if (received.message["method"] !== row.method) return false;
      result(task);
      return true;
    };
    const sending = row.capabilities === undefined ? {} : { capabilities: row.capabilities };
    const { body } = await send(row.method, row.params, sending);
    expect(JSON.stringify(body)).toContain(
      "gave an invalid answer: it made a task, which the client did not ask for",
    );
    await expect
      .poll(() => rig.rows().filter(({ method }) => method === row.method))
      .toMatchObject([{ status: "upstream_error" }]);
    if (row.method !== "tools/call") return;
    upstream.answer = () => false;
    expect(JSON.stringify((await send(row.method, row.params)).body)).toContain("Rate limit");
  });
});

describe("possession of a task's id is not authority (threat 52)", () => {
  test("its owner gets, updates and cancels it: the server sees its own id in body and header", async () => {
    const taskId = await start("run");
    const inputResponses = { name: { action: "accept", content: { name: "Ada" } } };
    for (const method of METHODS) {
      const params = method === "tasks/update" ? { taskId, inputResponses } : { taskId };
      const { status, body } = await send(method, params);
      const { taskId: _, ...task } = upstream.tasks.get("task-1") ?? {};
      const result =
        method === "tasks/get" ? { resultType: "complete", ...task, taskId } : { resultType: "complete" };
      expect([status, body.result]).toEqual([200, result]);
      expect(lastParams()).toEqual({ ...params, taskId: "task-1", _meta: undefined });
      expect(upstream.received.at(-1)?.headers["mcp-name"]).toBe("task-1");
      expect(upstream.received.at(-1)?.headers["mcp-method"]).toBe(method);
    }
  });

  test("every request about it is a row of its own with the tool that made it", async () => {
    const taskId = await start("run");
    for (const method of METHODS) await send(method, { taskId });
    await send("tasks/get", { taskId: "made-up" });
    const rows = () => rig.rows().filter(({ method }) => method.startsWith("tasks/"));
    await expect
      .poll(() =>
        rows().map(({ method, tool, effect, rule, status }) => [method, tool, effect, rule, status]),
      )
      .toEqual([
        ["tasks/get", "run", "allow", "", "ok"],
        ["tasks/update", "run", "allow", "", "ok"],
        ["tasks/cancel", "run", "allow", "", "ok"],
        ["tasks/get", null, "deny", "(handle-unknown)", "refused"],
      ]);
  });

  test.each<{ name: string; to: () => Registered; id?: string }>([
    { name: "another grant of the server", to: anotherGrant },
    { name: "a grant of another server at the same place", to: () => add("second") },
    { name: "whoever knows the server's own id", to: () => registered, id: "task-1" },
    { name: "whoever changes one letter", to: () => registered, id: "changed" },
  ])(
    "$name: the same answer as for a task that never was, and the server is not asked",
    async ({ to, id }) => {
      const taskId = await start("run");
      const changed = `${taskId.slice(0, -1)}${taskId.endsWith("A") ? "B" : "A"}`;
      const asked = id === undefined ? taskId : id === "changed" ? changed : id;
      const stranger = to();
      const before = upstream.received.length;
      for (const method of METHODS)
        expect(await send(method, { taskId: asked }, { to: stranger })).toEqual(UNKNOWN);
      expect(await send("tasks/get", { taskId: "never" }, { to: stranger })).toEqual(UNKNOWN);
      expect(askedSince(before)).toEqual([]);
    },
  );

  test.each([
    { name: "another name", headers: { "mcp-name": "other" } },
    { name: "another method", headers: { "mcp-method": "tasks/cancel" } },
  ])("a header with $name is a mismatch (threat 17)", async ({ headers }) => {
    const taskId = await start("run");
    const { status, body } = await send("tasks/get", { taskId }, { headers });
    expect([status, body.error?.code]).toEqual([400, -32020]);
  });

  test("`tasks/list` and `tasks/result` do not exist in this revision", async () => {
    const taskId = await start("run");
    for (const method of ["tasks/list", "tasks/result"]) {
      const { status, body } = await send(method, { taskId });
      expect([status, body.error?.code]).toEqual([404, -32601]);
    }
  });
});

describe("what a task carries passes the gate of a direct answer", () => {
  test.each<{ name: string; task: Task }>([
    { name: "completed", task: { status: "completed", result: DONE } },
    {
      name: "completed with a tool's error",
      task: { status: "completed", result: { ...DONE, isError: true } },
    },
    {
      name: "completed, its type spelt out",
      task: { status: "completed", result: { ...DONE, resultType: "complete" } },
    },
    {
      name: "failed",
      task: { status: "failed", error: { code: -32603, message: "no" }, statusMessage: "no" },
    },
    { name: "cancelled", task: { status: "cancelled" } },
    { name: "asking", task: { status: "input_required", inputRequests: ASKS } },
  ])("$name: passes as it is", async ({ task }) => {
    const taskId = await start("run");
    set("task-1", task);
    const { body } = await send("tasks/get", { taskId });
    expect(body.result).toEqual({ resultType: "complete", ...upstream.tasks.get("task-1"), taskId });
  });

  const sampling = { a: { method: "sampling/createMessage", params: {} } };
  test.each<{ name: string; task: Task; says: string }>([
    { name: "another task", task: { taskId: "task-2" }, says: "it is about another task" },
    { name: "no status", task: { status: undefined }, says: "its task has no known status" },
    { name: "a status nobody knows", task: { status: "done" }, says: "its task has no known status" },
    {
      name: "completed without a result",
      task: { status: "completed" },
      says: "the result of its task is not one",
    },
    {
      name: "a result that asks for input",
      task: { status: "completed", result: { resultType: "input_required", inputRequests: sampling } },
      says: "the result of its task is not one",
    },
    {
      name: "a result that is a task",
      task: { status: "completed", result: { resultType: "task", taskId: "task-9" } },
      says: "the result of its task is not one",
    },
    {
      name: "failed without a code",
      task: { status: "failed", error: { message: "no" } },
      says: "the error of its task",
    },
    {
      name: "asking for nothing",
      task: { status: "input_required" },
      says: "it asks for input without saying which",
    },
    {
      name: "asking for what a server may not ask",
      task: { status: "input_required", inputRequests: { a: { method: "tools/call" } } },
      says: "it asks for an unknown kind of input",
    },
    {
      name: "asking for what the client did not declare",
      task: { status: "input_required", inputRequests: { a: { method: "roots/list" } } },
      says: "it asks for roots, which the client did not declare",
    },
    {
      name: "asking while it says that it works",
      task: { status: "working", inputRequests: { a: { method: "roots/list" } } },
      says: "it asks for roots, which the client did not declare",
    },
    { name: "a state that is no text", task: { requestState: 1 }, says: "its requestState is not a string" },
    {
      name: "resultType task",
      task: { resultType: "task" },
      says: "it made a task, which the client did not ask for",
    },
    { name: "a resultType nobody knows", task: { resultType: "stream" }, says: "its resultType is not one" },
  ])("$name is an invalid answer", async ({ task, says }) => {
    const taskId = await start("run");
    set("task-1", task);
    const { body } = await send("tasks/get", { taskId });
    expect(body.error?.message).toContain(`gave an invalid answer: ${says}`);
    await expect
      .poll(() => rig.rows().filter(({ method }) => method === "tasks/get"))
      .toMatchObject([{ tool: "run", status: "upstream_error" }]);
  });

  test("what policy does not let the server ask for is denied, and the task stays reachable", async () => {
    const taskId = await start("run");
    const capabilities = { ...DECLARED, sampling: {} };
    set("task-1", { status: "input_required", inputRequests: sampling });
    const { body } = await send("tasks/get", { taskId }, { capabilities });
    expect(body.error).toEqual({
      code: -32602,
      message: "[POLICY DENIED] The server asked for sampling, which policy does not allow.",
    });
    expect((await send("tasks/cancel", { taskId }, { capabilities })).body.result).toEqual({
      resultType: "complete",
    });
    publish({ server_requests: { sampling: "allow" } });
    expect((await send("tasks/get", { taskId }, { capabilities })).body.result).toMatchObject({
      inputRequests: sampling,
    });
  });

  test("a task that asks at once is judged at once", async () => {
    upstream.answer = ({ received, result }) => {
      if (received.message["method"] !== "tools/call") return false;
      result({ resultType: "task", taskId: "t", status: "input_required", inputRequests: sampling });
      return true;
    };
    const capabilities = { ...DECLARED, sampling: {} };
    const { body } = await send("tools/call", { name: "run", arguments: {} }, { capabilities });
    expect(JSON.stringify(body)).toContain("[POLICY DENIED] The server asked for sampling");
  });

  test("the gateway's credential does not come back in it (threat 46)", async () => {
    const taskId = await start("run");
    set("task-1", { status: "completed", result: { ...DONE, structuredContent: { echo: CREDENTIAL } } });
    const { body } = await send("tasks/get", { taskId });
    expect(body.result).toMatchObject({ result: { structuredContent: { echo: "[redacted]" } } });
  });

  test("a state of it is sealed, and opens once, for this task and this grant", async () => {
    const [taskId, other] = [await start("run"), await start("run")];
    set("task-1", { status: "input_required", inputRequests: ASKS, requestState: "the server's own state" });
    const stateOf = async () => String((await send("tasks/get", { taskId })).body.result?.["requestState"]);
    const update = (id: string, requestState: string, to = registered) =>
      send("tasks/update", { taskId: id, inputResponses: {}, requestState }, { to });
    const refused = { status: 400, code: -32602 };
    const codeOf = ({ status, body }: { status: number; body: Body }) => ({ status, code: body.error?.code });
    const state = await stateOf();
    expect(state).not.toContain("server's own");
    expect(codeOf(await update(other, state))).toEqual(refused);
    expect(codeOf(await update(taskId, state, anotherGrant()))).toEqual({ status: 404, code: -32602 });
    expect((await update(taskId, state)).status).toBe(200);
    expect(lastParams()).toEqual({
      taskId: "task-1",
      inputResponses: {},
      requestState: "the server's own state",
      _meta: undefined,
    });
    expect(codeOf(await update(taskId, state))).toEqual(refused);
    expect((await update(taskId, await stateOf())).status).toBe(200);
  });
});

describe("tasks follow the tool that made them (policy-spec R7, A1)", () => {
  const EDITS: readonly { readonly name: string; readonly edit: object; readonly rule: string }[] = [
    { name: "hidden", edit: { hide: ["slow"] }, rule: "(hidden)" },
    { name: "denied", edit: { tools: { run: {}, slow: { action: "deny" } } }, rule: "/tools/slow/action" },
    { name: "left to the default", edit: { tools: { run: {} } }, rule: "(default deny)" },
  ];

  test.each(EDITS)("an edit by which the tool is $name acts on its running tasks", async ({ edit, rule }) => {
    const [kept, lost] = [await start("run"), await start("slow")];
    publish(edit);
    const before = upstream.received.length;
    for (const method of METHODS) {
      const { body } = await send(method, { taskId: lost });
      expect([body.error?.code, body.result]).toEqual([-32602, undefined]);
    }
    expect(askedSince(before)).toEqual([]);
    const rows = rig.rows().filter(({ method }) => METHODS.includes(method));
    expect(rows.map((row) => [row.tool, row.effect, row.rule, row.status])).toEqual(
      METHODS.map(() => ["slow", "deny", rule, null]),
    );
    expect((await send("tasks/get", { taskId: kept })).status).toBe(200);
  });

  test("in shadow mode the verdict is only recorded", async () => {
    const to = anotherGrant("shadow");
    const taskId = await start("slow", { to });
    publish({ hide: ["slow"] });
    expect((await send("tasks/get", { taskId }, { to })).body.result).toMatchObject({ taskId });
    await expect
      .poll(() => rig.rows().filter(({ method }) => method === "tasks/get"))
      .toMatchObject([{ effect: "deny", rule: "(hidden)", mode: "shadow", status: "ok" }]);
  });
});
