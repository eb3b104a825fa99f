import { type Answering, type ScriptedUpstream, startUpstream, TOOL } from "./scripted-upstream.ts";

export const VERSION = "2026-07-28";

/** A task of the extension as the server holds it: members of any kind, so that a test can make it lie. */
export type Task = { readonly [name: string]: unknown };

/** An open `subscriptions/listen`. */
export interface ListenStream {
  /** The task ids of its filter, as the server got them. */
  readonly taskIds: unknown;
  send(method: string, params: object): void;
}

export interface TasksUpstream extends AsyncDisposable {
  readonly url: string;
  readonly received: ScriptedUpstream["received"];
  /** What the server answers for a task, by its own id: `task-1`, `task-2` … */
  readonly tasks: Map<string, Task>;
  readonly listeners: ListenStream[];
  /** Answers in place of the server; true when it did. */
  answer: (answering: Answering) => boolean;
}

/** A server of 2026-07-28 that makes a task of every call and does what is asked about it (ext-tasks). */
export async function startTasksUpstream(tools: readonly string[]): Promise<TasksUpstream> {
  const tasks = new Map<string, Task>();
  const listeners: ListenStream[] = [];
  const upstream = await startUpstream((answering) => {
    if (server.answer(answering)) return;
    const { method, params } = answering.received.message as {
      method: string;
      params: { [name: string]: unknown };
    };
    const task = tasks.get(String(params["taskId"]));
    const complete = (members: object) => answering.result({ resultType: "complete", ...members });
    if (method === "server/discover") {
      complete({
        supportedVersions: [VERSION],
        capabilities: { tools: {}, extensions: { "io.modelcontextprotocol/tasks": {} } },
      });
    } else if (method === "tools/list") {
      complete({ tools: tools.map((name) => TOOL(name)), ttlMs: 0, cacheScope: "private" });
    } else if (method === "tools/call") {
      answering.result({ ...createTask(tasks), resultType: "task" });
    } else if (method === "subscriptions/listen") {
      listeners.push(openListener(answering));
    } else if (task === undefined) {
      answering.error(-32602, "Failed to retrieve task: Task not found");
    } else complete(method === "tasks/get" ? task : {});
  });
  const server: TasksUpstream = {
    url: upstream.url,
    received: upstream.received,
    tasks,
    listeners,
    answer: () => false,
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
  return server;
}

function createTask(tasks: Map<string, Task>): Task {
  const taskId = `task-${tasks.size + 1}`;
  const task = {
    taskId,
    status: "working",
    createdAt: "2026-07-28T10:30:00Z",
    lastUpdatedAt: "2026-07-28T10:30:00Z",
    ttlMs: 60_000,
    pollIntervalMs: 10,
    vendor: { kept: true },
  };
  tasks.set(taskId, task);
  return task;
}

function openListener({ received, stream }: Answering): ListenStream {
  const { id, params } = received.message as {
    id: unknown;
    params: { notifications: { taskIds?: unknown } };
  };
  const events = stream();
  const _meta = { "io.modelcontextprotocol/subscriptionId": id };
  const send = (method: string, more: object) =>
    events.send({ jsonrpc: "2.0", method, params: { ...more, _meta } });
  send("notifications/subscriptions/acknowledged", { notifications: params.notifications });
  return { taskIds: params.notifications.taskIds, send };
}
