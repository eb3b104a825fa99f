import { validatePolicy } from "@portcullis/policy";
import { createGrant, publishPolicy } from "@portcullis/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Registered, type Rig, startRig, unwrap } from "./harness.ts";
import { DECLARED, messagesOf, postModern } from "./tasks-client.ts";
import { type ListenStream, startTasksUpstream, type Task, type TasksUpstream } from "./tasks-upstream.ts";

const POLICY = {
  version: "1",
  default: "deny",
  tools: { run: {}, slow: {} },
  server_requests: { elicitation: "allow", sampling: "deny" },
};
const SUBSCRIPTION = { _meta: { "io.modelcontextprotocol/subscriptionId": 1 } };

let rig: Rig;
let upstream: TasksUpstream;
let registered: Registered;
let stop: AbortController;

beforeEach(async () => {
  rig = await startRig();
  upstream = await startTasksUpstream(["run", "slow"]);
  const target = { kind: "http", url: upstream.url, headers: [] } as const;
  registered = rig.add("tasks", target, POLICY, { era: "modern" });
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await rig[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function anotherGrant(): Registered {
  const expiresAtMs = Date.now() + 60_000;
  const grant = { label: "other", server: "tasks", policy: "test", mode: "enforce", expiresAtMs } as const;
  return { ...registered, token: unwrap(createGrant(rig.state, rig.folder.keys, grant, Date.now())).token };
}

async function start(name: string, to = registered): Promise<string> {
  const response = await postModern(to, "tools/call", { name, arguments: {} });
  return ((await response.json()) as { result: { taskId: string } }).result.taskId;
}

interface Listening {
  /** The server's side. */
  readonly server: ListenStream;
  /** The next message that the client hears. */
  next(): Promise<unknown>;
}

async function listen(
  taskIds: unknown,
  to = registered,
  capabilities: object = DECLARED,
): Promise<Listening> {
  const response = await postModern(
    to,
    "subscriptions/listen",
    { notifications: { taskIds, toolsListChanged: true } },
    { capabilities, signal: stop.signal },
  );
  const messages = messagesOf(response);
  const server = upstream.listeners.at(-1);
  if (server === undefined) throw new Error("the server has no listener");
  return { server, next: async () => (await messages.next()).value };
}

/** Ends a run of notifications: what came before it and was not heard was dropped. */
const MARK = {
  method: "notifications/tools/list_changed",
  message: { jsonrpc: "2.0", method: "notifications/tools/list_changed", params: SUBSCRIPTION },
};

async function expectNothing({ server, next }: Listening): Promise<void> {
  server.send(MARK.method, {});
  expect(await next()).toEqual(MARK.message);
}

function taskOf(id: string, members: Task = {}): Task {
  return { ...upstream.tasks.get(id), ...members };
}

function heard(taskId: string, task: Task): unknown {
  return { jsonrpc: "2.0", method: "notifications/tasks", params: { ...task, taskId, ...SUBSCRIPTION } };
}

test("a listener hears of its tasks by their sealed ids, and the server knows its own", async () => {
  const [taskId, second] = [await start("run"), await start("slow")];
  const listening = await listen([taskId, second]);
  expect(listening.server.taskIds).toEqual(["task-1", "task-2"]);
  expect(await listening.next()).toEqual({
    jsonrpc: "2.0",
    method: "notifications/subscriptions/acknowledged",
    params: { notifications: { taskIds: [taskId, second], toolsListChanged: true }, ...SUBSCRIPTION },
  });
  listening.server.send("notifications/tasks", taskOf("task-2"));
  expect(await listening.next()).toEqual(heard(second, taskOf("task-2")));
  const done = taskOf("task-1", { status: "completed", result: { content: [] } });
  listening.server.send("notifications/tasks", done);
  expect(await listening.next()).toEqual(heard(taskId, done));
});

test("tasks of others, made-up ids and the server's own are taken out of the filter", async () => {
  const [mine, theirs] = [await start("run"), await start("run", anotherGrant())];
  const listening = await listen([mine, theirs, "task-2", "made-up", 7]);
  expect(listening.server.taskIds).toEqual(["task-1"]);
  expect(await listening.next()).toMatchObject({ params: { notifications: { taskIds: [mine] } } });
  // A server that tells of them all the same, and of ones that nobody asked for, is not heard.
  listening.server.send("notifications/tasks", taskOf("task-2"));
  listening.server.send("notifications/tasks", taskOf("task-9", { taskId: "task-9", status: "working" }));
  listening.server.send("notifications/tasks", {});
  await expectNothing(listening);
});

test("an acknowledgement names no task that was not asked for", async () => {
  const mine = await start("run");
  const listening = await listen([mine]);
  await listening.next();
  const notifications = { taskIds: ["task-7", "task-1", { a: 1 }], toolsListChanged: true };
  listening.server.send("notifications/subscriptions/acknowledged", { notifications });
  expect(await listening.next()).toMatchObject({ params: { notifications: { taskIds: [mine] } } });
});

test("a filter that is no list is refused", async () => {
  const response = await postModern(registered, "subscriptions/listen", {
    notifications: { taskIds: "task-1" },
  });
  expect([response.status, await response.json()]).toEqual([
    400,
    {
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32602, message: "`params.notifications.taskIds` must be a list." },
    },
  ]);
});

const SAMPLING = { a: { method: "sampling/createMessage", params: {} } };

test.each<{ name: string; task: Task }>([
  { name: "a question that policy denies", task: { status: "input_required", inputRequests: SAMPLING } },
  {
    name: "a question that the client did not declare",
    task: { status: "input_required", inputRequests: { a: { method: "roots/list" } } },
  },
  { name: "a result that is a task", task: { status: "completed", result: { resultType: "task" } } },
  { name: "a status nobody knows", task: { status: "done" } },
])("what tasks/get would refuse reaches no listener either: $name", async ({ task }) => {
  const taskId = await start("run");
  const listening = await listen([taskId], registered, { ...DECLARED, sampling: {} });
  await listening.next();
  listening.server.send("notifications/tasks", taskOf("task-1", task));
  await expectNothing(listening);
  expect(rig.logged()).toContain("server_notification_dropped");
  const asks = {
    status: "input_required",
    inputRequests: { a: { method: "elicitation/create", params: {} } },
  };
  listening.server.send("notifications/tasks", taskOf("task-1", asks));
  expect(await listening.next()).toEqual(heard(taskId, taskOf("task-1", asks)));
});

test("an edit of the policy acts on a listener that is there already", async () => {
  const [kept, lost] = [await start("run"), await start("slow")];
  const listening = await listen([kept, lost]);
  await listening.next();
  const document = unwrap(validatePolicy({ ...POLICY, hide: ["slow"] }));
  const version = { server: "tasks", name: "test", document, source: "", author: "test", note: "" };
  unwrap(publishPolicy(rig.state, version, Date.now()));
  listening.server.send("notifications/tasks", taskOf("task-2"));
  listening.server.send("notifications/tasks", taskOf("task-1"));
  expect(await listening.next()).toEqual(heard(kept, taskOf("task-1")));
  const later = await listen([kept, lost]);
  expect(later.server.taskIds).toEqual(["task-1"]);
});

test("a revoked grant hears no more", async () => {
  const listening = await listen([await start("run")]);
  await listening.next();
  rig.revokeAll();
  await expect
    .poll(() => rig.rows().find(({ method }) => method === "subscriptions/listen")?.status)
    .toBe("cancelled");
  listening.server.send("notifications/tasks", taskOf("task-1"));
  expect(await listening.next()).not.toMatchObject({ method: "notifications/tasks" });
});

test("`notifications/tasks` on another stream than a listener's is dropped", async () => {
  upstream.answer = ({ received, stream }) => {
    if (received.message["method"] !== "tasks/get") return false;
    const events = stream();
    events.send({ jsonrpc: "2.0", method: "notifications/tasks", params: taskOf("task-1") });
    events.send({ jsonrpc: "2.0", id: 1, result: { resultType: "complete", ...taskOf("task-1") } });
    events.end();
    return true;
  };
  const taskId = await start("run");
  const messages: unknown[] = [];
  const response = await postModern(registered, "tasks/get", { taskId });
  for await (const message of messagesOf(response)) messages.push(message);
  expect(messages).toEqual([
    { jsonrpc: "2.0", id: 1, result: { resultType: "complete", ...taskOf("task-1"), taskId } },
  ]);
});
