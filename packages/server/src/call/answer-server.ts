/** What a server may send to a client on its own: known notifications, and requests that policy allows (R7). */
import { decideResource, isJsonObject, type JsonObject, type JsonValue, own } from "@portcullis/policy";
import { isRequestId } from "../mcp/json-rpc.ts";
import {
  INTERNAL_ERROR,
  isServerNotification,
  METHOD_NOT_FOUND,
  RELATED_TASK_META,
  SERVER_REQUESTS,
} from "../mcp/revisions.ts";
import { screenTaskNotification, sealAcknowledgedTasks, type TaskTools } from "./answer-task.ts";
import { type RefusalOfServer, refuseServerRequest } from "./answer-to-server.ts";
import type { Access, RoutedCall } from "./call.ts";
import { mayFollowTask } from "./decide.ts";
import { elicitationProblem } from "./elicitation.ts";
import { sealTask, type TaskOwners, withMembers } from "./handles.ts";
import { asOfNow } from "./identify.ts";
import type { Keys, Ports } from "./ports.ts";
import { mayAsk } from "./server-requests.ts";
import type { Session } from "./sessions.ts";

/** What screening needs besides the message. */
export interface ServerMessageTools extends TaskTools {
  readonly taskOwners: TaskOwners;
}

/** A notification or request of a server as the client may see it; undefined when it does not pass. */
export function screenServerMessage(
  call: RoutedCall,
  value: JsonObject,
  tools: ServerMessageTools,
): JsonObject | undefined {
  const { ports } = tools;
  const { access } = call.arrival;
  if (Object.hasOwn(value, "id")) return screenServerRequest(call, value, tools);
  // The pins must know before the client asks for the new list.
  if (own(value, "method") === "notifications/tools/list_changed") ports.tools.noteListChanged(access.server);
  const screened = isForeignProgress(call, value) ? undefined : screenNotification(call, value, tools);
  if (screened === undefined)
    ports.observer.warn("server_notification_dropped", { server: access.server.name });
  return screened;
}

/**
 * Progress on the stream of a request is that request's (2025-11-25 basic/utilities/progress), but for what belongs
 * to a task, which keeps the token of the request that made it.
 */
function isForeignProgress({ arrival, message, subject }: RoutedCall, value: JsonObject): boolean {
  if (arrival.verb !== "POST" || subject.kind === "task") return false;
  if (own(value, "method") !== "notifications/progress") return false;
  const asked = message?.kind === "request" ? own(message.params ?? {}, "_meta") : undefined;
  const told = own(value, "params");
  const token = isJsonObject(asked) ? own(asked, "progressToken") : undefined;
  return token === undefined || !isJsonObject(told) || own(told, "progressToken") !== token;
}

/** A request passes when policy allows it and the session can carry the answer back. */
function screenServerRequest(
  call: RoutedCall,
  value: JsonObject,
  { ports, taskOwners }: ServerMessageTools,
): JsonObject | undefined {
  const { session, arrival } = call;
  const id = own(value, "id");
  // 2026-07-28: servers send no requests; earlier ones may.
  if (call.era === "modern" || session === undefined || !isRequestId(id)) {
    ports.observer.warn("server_request_dropped", { server: arrival.access.server.name });
    return undefined;
  }
  const params = own(value, "params");
  const error = whyNotAsked(own(value, "method"), params, asOfNow(call, ports)?.arrival.access, () =>
    ports.observer.warn("elicitation_refused", { server: arrival.access.server.name }),
  );
  if (error !== undefined) {
    refuseServerRequest(call, session, id, error, ports.upstreams);
    return undefined;
  }
  if (!session.serverRequests.has(id)) makeRoom(call, session, ports);
  session.serverRequests.add(id);
  return isJsonObject(params)
    ? sealRelatedTask(arrival.access, value, params, ports.keys, taskOwners)
    : value;
}

/** What the server is answered in the client's place; undefined lets its request pass. `access` is that of now. */
function whyNotAsked(
  method: JsonValue | undefined,
  params: JsonValue | undefined,
  access: Access | undefined,
  onHarmful: () => void,
): RefusalOfServer | undefined {
  const kind = typeof method === "string" ? SERVER_REQUESTS.get(method) : undefined;
  if (kind === undefined) return { code: METHOD_NOT_FOUND, message: "Method not found" };
  if (access === undefined) return denied("The client's grant is over.");
  if (kind === "free") return undefined;
  const problem = kind === "elicitation" ? elicitationProblem(params) : undefined;
  if (problem !== undefined) {
    onHarmful();
    return denied(`${kind} is refused: ${problem}.`);
  }
  return mayAsk(access, kind) ? undefined : denied(`${kind} is not allowed by policy.`);
}

function denied(reason: string): RefusalOfServer {
  return { code: USER_REJECTED, message: `[POLICY DENIED] ${reason}` };
}

/** A client that never answers fills no memory: beyond this, the oldest request of its server is refused. */
const MAX_UNANSWERED = 1_000;
const TOO_MANY = { code: INTERNAL_ERROR, message: "too many requests are waiting for the client" };

function makeRoom(call: RoutedCall, session: Session, ports: Pick<Ports, "observer" | "upstreams">): void {
  const [oldest] = session.serverRequests;
  if (oldest === undefined || session.serverRequests.size < MAX_UNANSWERED) return;
  session.serverRequests.delete(oldest);
  ports.observer.warn("server_request_dropped", { server: call.arrival.access.server.name });
  refuseServerRequest(call, session, oldest, TOO_MANY, ports.upstreams);
}

/** The server wants no answer any more to a request of its own, and gets none. */
function forgetWithdrawn({ session }: RoutedCall, params: JsonValue | undefined): void {
  const id = isJsonObject(params) ? own(params, "requestId") : undefined;
  if (isRequestId(id)) session?.serverRequests.delete(id);
}

/** 2025-11-25 client/sampling: the code of a request that the user did not let through. */
const USER_REJECTED = -1;

/** A notification as the client may see it; undefined when it is dropped. */
function screenNotification(
  call: RoutedCall,
  notification: JsonObject,
  tools: ServerMessageTools,
): JsonObject | undefined {
  const { ports, taskOwners } = tools;
  const { access } = call.arrival;
  const method = own(notification, "method");
  if (typeof method !== "string" || !isServerNotification(method, call.era)) return undefined;
  const params = own(notification, "params");
  if (method === "notifications/resources/updated" && !mayHearOf(params, asOfNow(call, ports)))
    return undefined;
  if (method === "notifications/cancelled") forgetWithdrawn(call, params);
  if (!isJsonObject(params)) return method === "notifications/tasks" ? undefined : notification;
  if (method === "notifications/tasks") return screenTaskNotification(call, notification, params, tools);
  if (method === "notifications/subscriptions/acknowledged") {
    return sealAcknowledgedTasks(call, notification, params, ports);
  }
  const taskId = method === "notifications/tasks/status" ? own(params, "taskId") : undefined;
  if (typeof taskId === "string") return screenTaskStatus(call, notification, params, taskId, tools);
  return sealRelatedTask(access, notification, params, ports.keys, taskOwners);
}

/** 2025-11-25 tasks: the status of a task of this grant, which it may still follow (R7, A2), by its sealed id. */
function screenTaskStatus(
  call: RoutedCall,
  notification: JsonObject,
  params: JsonObject,
  taskId: string,
  { ports, taskOwners }: ServerMessageTools,
): JsonObject | undefined {
  const { access } = call.arrival;
  const tool = taskOwners.toolOf(access, taskId);
  const now = asOfNow(call, ports);
  if (tool === undefined || now === undefined || !mayFollowTask(now.arrival.access, tool)) return undefined;
  const sealed = sealTask(ports.keys, access, { tool, taskId });
  return withMembers(notification, { params: withMembers(params, { taskId: sealed }) });
}

/** An update follows the resource that it names, as its subscription did (R7), whatever that was asked for under. */
function mayHearOf(params: JsonValue | undefined, now: RoutedCall | undefined): boolean {
  const uri = isJsonObject(params) ? own(params, "uri") : undefined;
  const { policy, mode } = now?.arrival.access ?? {};
  if (typeof uri !== "string" || policy === undefined) return false;
  return mode === "shadow" || decideResource(policy.compiled, uri).effect === "allow";
}

/** 2025-11-25 tasks: everything about a task names it in `_meta`; the client knows it by its sealed id. */
function sealRelatedTask(
  access: Access,
  message: JsonObject,
  params: JsonObject,
  keys: Keys,
  taskOwners: TaskOwners,
): JsonObject {
  const meta = own(params, "_meta");
  const related = isJsonObject(meta) ? own(meta, RELATED_TASK_META) : undefined;
  const taskId = isJsonObject(related) ? own(related, "taskId") : undefined;
  if (!isJsonObject(meta) || !isJsonObject(related) || typeof taskId !== "string") return message;
  const tool = taskOwners.toolOf(access, taskId);
  const sealed = tool === undefined ? undefined : sealTask(keys, access, { tool, taskId });
  const newMeta = withMembers(meta, {
    [RELATED_TASK_META]: sealed === undefined ? undefined : withMembers(related, { taskId: sealed }),
  });
  return withMembers(message, { params: withMembers(params, { _meta: newMeta }) });
}
