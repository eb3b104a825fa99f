/**
 * The tasks extension of 2026-07-28 (ext-tasks, SEP-2663): what a server says about a task, in whatever message,
 * passes the gate that a direct answer passes, and the client sees the task by its sealed id alone.
 */
import { randomBytes } from "node:crypto";
import { err, isJsonObject, type JsonObject, type JsonValue, ok, own, type Result } from "@portcullis/policy";
import { TASKS_EXTENSION } from "../mcp/revisions.ts";
import type { RoutedCall } from "./call.ts";
import { mayFollowTask } from "./decide.ts";
import { type RequestStates, sealTask, type TaskHandle, withMembers } from "./handles.ts";
import { asOfNow } from "./identify.ts";
import type { Ports } from "./ports.ts";
import { requestDigest } from "./request-digest.ts";
import { declaresExtension, deniedInputs } from "./server-requests.ts";

/** What sealing needs. */
export interface TaskTools {
  readonly ports: Ports;
  readonly states: RequestStates;
}

/** Why a task is not passed on: the server's word is invalid, or policy denies what the task asks for. */
export type TaskProblem =
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "input-denied"; readonly message: string };

const STATUSES: ReadonlySet<unknown> = new Set([
  "working",
  "input_required",
  "completed",
  "failed",
  "cancelled",
]);

/** The answer to a `tools/call` that became a task. Only a client that declared the extension takes one (threat 43). */
export function checkCreatedTask(
  call: RoutedCall,
  result: JsonObject,
  tools: TaskTools,
): Result<JsonObject, TaskProblem> {
  const { subject } = call;
  if (subject.kind !== "tool" || !declaresExtension(call, TASKS_EXTENSION)) {
    return invalid("it made a task, which the client did not ask for");
  }
  const taskId = own(result, "taskId");
  if (typeof taskId !== "string" || taskId === "") return invalid("its task has no id");
  return checkTask(call, result, { tool: subject.name, taskId }, tools);
}

/** A task with what it carries in its status: questions, a result or an error (ext-tasks "Task Status"). */
export function checkTask(
  call: RoutedCall,
  task: JsonObject,
  handle: TaskHandle,
  tools: TaskTools,
): Result<JsonObject, TaskProblem> {
  if (own(task, "taskId") !== handle.taskId) return invalid("it is about another task");
  const problem = statusProblem(task) ?? inputProblem(call, task);
  if (problem !== undefined) return err(problem);
  const sealed = sealTask(tools.ports.keys, call.arrival.access, handle);
  const state = own(task, "requestState");
  return ok(
    withMembers(task, {
      taskId: sealed,
      requestState: typeof state === "string" ? sealState(call, sealed, state, tools) : undefined,
    }),
  );
}

/** `notifications/tasks` of a task that this listener asked for and may still follow; undefined drops it. */
export function screenTaskNotification(
  call: RoutedCall,
  notification: JsonObject,
  params: JsonObject,
  tools: TaskTools,
): JsonObject | undefined {
  const taskId = own(params, "taskId");
  const handle = listenedTasks(call).find((one) => one.taskId === taskId);
  // A listener may live for days: what policy says now counts, not what it said when it came.
  const now = handle === undefined ? undefined : asOfNow(call, tools.ports);
  if (handle === undefined || now === undefined || !mayFollowTask(now.arrival.access, handle.tool)) {
    return undefined;
  }
  const checked = checkTask(now, params, handle, tools);
  return checked.ok ? withMembers(notification, { params: checked.value }) : undefined;
}

/** The acknowledgement of a listener names the tasks that it asked for, by their sealed ids. */
export function sealAcknowledgedTasks(
  call: RoutedCall,
  notification: JsonObject,
  params: JsonObject,
  { keys }: Pick<Ports, "keys">,
): JsonObject {
  const filter = own(params, "notifications");
  const ids = isJsonObject(filter) ? own(filter, "taskIds") : undefined;
  if (!isJsonObject(filter) || ids === undefined) return notification;
  const agreed: readonly JsonValue[] = Array.isArray(ids) ? ids : [];
  const taskIds = listenedTasks(call)
    .filter(({ taskId }) => agreed.includes(taskId))
    .map((handle) => sealTask(keys, call.arrival.access, handle));
  const changed = withMembers(filter, { taskIds });
  return withMembers(notification, { params: withMembers(params, { notifications: changed }) });
}

function statusProblem(task: JsonObject): TaskProblem | undefined {
  const status = own(task, "status");
  if (!STATUSES.has(status)) return problemOf("its task has no known status");
  const result = own(task, "result");
  if ((status === "completed" || result !== undefined) && !isFinalResult(result)) {
    return problemOf("the result of its task is not one that was asked for");
  }
  const error = own(task, "error");
  if ((status === "failed" || error !== undefined) && !isRpcError(error)) {
    return problemOf("the error of its task is none");
  }
  return undefined;
}

/** What the underlying request would have returned; a task is no way around the check of its type (threat 43). */
function isFinalResult(result: JsonValue | undefined): boolean {
  if (!isJsonObject(result)) return false;
  const type = own(result, "resultType");
  return type === undefined || type === "complete";
}

function isRpcError(error: JsonValue | undefined): boolean {
  return isJsonObject(error) && Number.isInteger(own(error, "code"));
}

/** Questions of a task are judged like those of a direct answer, whatever status it claims. */
function inputProblem(call: RoutedCall, task: JsonObject): TaskProblem | undefined {
  const requests = own(task, "inputRequests");
  const state = own(task, "requestState");
  if (state !== undefined && typeof state !== "string") return problemOf("its requestState is not a string");
  if (requests === undefined) {
    return own(task, "status") === "input_required"
      ? problemOf("it asks for input without saying which")
      : undefined;
  }
  return isJsonObject(requests)
    ? deniedInputs(call, requests)
    : problemOf("its inputRequests is not an object");
}

/** ext-tasks has no `requestState`; one that a server sends all the same opens in `tasks/update` of this task alone. */
function sealState(call: RoutedCall, sealedId: string, inner: string, { ports, states }: TaskTools): string {
  const update = {
    kind: "request",
    id: 0,
    method: "tasks/update",
    params: { taskId: sealedId },
  } as const;
  const nonce = randomBytes(12).toString("base64url");
  const digest = requestDigest(update, ports.keys);
  return states.seal(call.arrival.access, digest, inner, ports.clock.monotonicMs(), nonce);
}

function listenedTasks({ subject }: RoutedCall): readonly TaskHandle[] {
  return subject.kind === "listen" ? subject.tasks : [];
}

function problemOf(reason: string): TaskProblem {
  return { kind: "invalid", reason };
}

function invalid(reason: string): Result<never, TaskProblem> {
  return err(problemOf(reason));
}
