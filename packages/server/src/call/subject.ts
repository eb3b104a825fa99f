import { decideResource, err, isJsonObject, type JsonObject, ok, own, type Result } from "@portcullis/policy";
import type { RequestMessage } from "../mcp/json-rpc.ts";
import { clientMethod, TASKS_EXTENSION } from "../mcp/revisions.ts";
import type { Access, ListKind, Subject } from "./call.ts";
import { mayFollowTask } from "./decide.ts";
import { unsealCursor, unsealTask, withMembers } from "./handles.ts";
import type { Keys } from "./ports.ts";
import type { Era } from "./records.ts";
import type { Refusal } from "./refusal.ts";
import { declaresExtension } from "./server-requests.ts";

/** What a request is about, and the request anew where a sealed handle had to be opened. */
export interface ReadSubject {
  readonly subject: Subject;
  readonly message: RequestMessage | undefined;
}

/** Reads the subject out of a request of a known method; an unknown method is refused, never forwarded. */
export function readSubject(
  message: RequestMessage,
  era: Era,
  access: Access,
  keys: Keys,
): Result<ReadSubject, Refusal> {
  const kind = clientMethod(message.method, era)?.kind;
  if (kind === undefined) return err({ kind: "unknown-method", method: message.method });
  const params = message.params ?? {};
  switch (kind) {
    case "always-allowed":
      return plain({ kind: "free" });
    case "tool-call":
      return readTool(params);
    case "resources-read":
    case "resources-subscribe":
      return readText(params, "uri", (uri) => ({ kind: "resource", uri }));
    case "prompt-get":
      return readText(params, "name", (name) => ({ kind: "prompt", name }));
    case "completion":
      return readCompletion(params);
    case "tools-list":
      return readList("tools", message, access, keys);
    case "resources-list":
      return readList("resources", message, access, keys);
    case "templates-list":
      return readList("templates", message, access, keys);
    case "prompts-list":
      return readList("prompts", message, access, keys);
    case "task-list":
      return withOpenCursor({ kind: "task-list" }, message, access, keys);
    case "task":
      return readTask(message, era, access, keys);
    case "subscribe-listen":
      return readListen(params, message, access, keys);
    default:
      return unreachable(kind);
  }
}

function plain(subject: Subject): Result<ReadSubject, Refusal> {
  return ok({ subject, message: undefined });
}

function invalidParams(reason: string): Result<never, Refusal> {
  return err({ kind: "malformed", code: -32602, reason });
}

function readText(
  params: JsonObject,
  name: string,
  make: (text: string) => Subject,
): Result<ReadSubject, Refusal> {
  const text = own(params, name);
  return typeof text === "string" ? plain(make(text)) : invalidParams(`\`params.${name}\` must be a string.`);
}

function readTool(params: JsonObject): Result<ReadSubject, Refusal> {
  const name = own(params, "name");
  const args = own(params, "arguments");
  if (typeof name !== "string") return invalidParams("`params.name` must be a string.");
  if (args !== undefined && !isJsonObject(args))
    return invalidParams("`params.arguments` must be an object.");
  return plain({ kind: "tool", name, args });
}

/** `completion/complete` needs the prompt or resource that it completes (policy-spec R7). */
function readCompletion(params: JsonObject): Result<ReadSubject, Refusal> {
  const ref = own(params, "ref");
  const type = isJsonObject(ref) ? own(ref, "type") : undefined;
  const name = isJsonObject(ref) ? own(ref, "name") : undefined;
  const uri = isJsonObject(ref) ? own(ref, "uri") : undefined;
  if (type === "ref/prompt" && typeof name === "string") return plain({ kind: "prompt", name });
  if (type === "ref/resource" && typeof uri === "string") {
    return plain(uri.includes("{") ? { kind: "template", uriTemplate: uri } : { kind: "resource", uri });
  }
  return invalidParams("`params.ref` must be a prompt or resource reference.");
}

function readList(
  of: ListKind,
  message: RequestMessage,
  access: Access,
  keys: Keys,
): Result<ReadSubject, Refusal> {
  return withOpenCursor({ kind: "list", of }, message, access, keys);
}

function withOpenCursor(
  subject: Subject,
  message: RequestMessage,
  access: Access,
  keys: Keys,
): Result<ReadSubject, Refusal> {
  const cursor = message.params === undefined ? undefined : own(message.params, "cursor");
  if (message.params === undefined || cursor === undefined) return plain(subject);
  const opened = typeof cursor === "string" ? unsealCursor(keys, access, message.method, cursor) : undefined;
  if (opened === undefined) return err({ kind: "handle-unknown", what: "cursor" });
  return ok({ subject, message: { ...message, params: withMembers(message.params, { cursor: opened }) } });
}

function readTask(
  message: RequestMessage,
  era: Era,
  access: Access,
  keys: Keys,
): Result<ReadSubject, Refusal> {
  const params = message.params ?? {};
  const sealed = own(params, "taskId");
  const task = typeof sealed === "string" ? unsealTask(keys, access, sealed) : undefined;
  if (task === undefined) return err(unknownTask(message, era));
  const opened = { ...message, params: withMembers(params, { taskId: task.taskId }) };
  return ok({ subject: { kind: "task", ...task }, message: opened });
}

/** The tasks extension asks what a client knows before it asks which task. A task that is known is the server's to refuse. */
function unknownTask(message: RequestMessage, era: Era): Refusal {
  return era === "modern" && !declaresExtension({ message }, TASKS_EXTENSION)
    ? { kind: "capability-missing", extension: TASKS_EXTENSION }
    : { kind: "handle-unknown", what: "task" };
}

/**
 * A listener hears only of resources that policy lets it read and of tasks of its own that it may follow; the rest
 * is taken out of its filter.
 */
function readListen(
  params: JsonObject,
  message: RequestMessage,
  access: Access,
  keys: Keys,
): Result<ReadSubject, Refusal> {
  const filter = own(params, "notifications");
  if (!isJsonObject(filter)) return invalidParams("`params.notifications` must be an object.");
  const named = readListed(filter, "resourceSubscriptions");
  const sealed = readListed(filter, "taskIds");
  if (!named.ok) return named;
  if (!sealed.ok) return sealed;
  const uris = named.value?.filter((uri) => mayRead(access, uri));
  const tasks = sealed.value?.flatMap((id) => {
    const task = unsealTask(keys, access, id);
    return task !== undefined && mayFollowTask(access, task.tool) ? [task] : [];
  });
  const subject: Subject = { kind: "listen", uris: uris ?? [], tasks: tasks ?? [] };
  if (tasks === undefined && uris?.length === listLength(filter)) return plain(subject);
  const changed = withMembers(params, {
    notifications: withMembers(filter, {
      resourceSubscriptions: uris,
      taskIds: tasks?.map(({ taskId }) => taskId),
    }),
  });
  return ok({ subject, message: { ...message, params: changed } });
}

/** The texts of a member of a listener's filter; undefined when it is not there. */
function readListed(filter: JsonObject, name: string): Result<readonly string[] | undefined, Refusal> {
  const list = own(filter, name);
  if (list === undefined) return ok(undefined);
  if (!Array.isArray(list)) return invalidParams(`\`params.notifications.${name}\` must be a list.`);
  return ok((list as readonly unknown[]).filter((item) => typeof item === "string"));
}

function listLength(filter: JsonObject): number | undefined {
  const list = own(filter, "resourceSubscriptions");
  return Array.isArray(list) ? list.length : undefined;
}

function mayRead(access: Access, uri: string): boolean {
  const policy = access.policy?.compiled;
  return policy !== undefined && decideResource(policy, uri).effect === "allow";
}

function unreachable(value: never): never {
  throw new TypeError(`unhandled request kind ${String(value)}`);
}
