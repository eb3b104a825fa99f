/**
 * What the revisions of the Model Context Protocol call things: versions, error codes, `_meta` keys and methods.
 * Data only, compared with the published schemas by a test.
 */

/** The revision in which every request carries its own version and capabilities. */
export const MODERN_VERSION = "2026-07-28";
/** The revisions that begin with `initialize`, newest first. */
export const LEGACY_VERSIONS: readonly string[] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

// JSON-RPC 2.0 section 5.1
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
// 2026-07-28 basic/index "Error Codes": the only defined codes of the reserved range -32020 to -32099
export const HEADER_MISMATCH = -32020;
export const MISSING_CAPABILITY = -32021;
export const UNSUPPORTED_VERSION = -32022;

// Reserved `_meta` keys: 2026-07-28 basic/index "`_meta`"; related-task: 2025-11-25 basic/utilities/tasks
export const PROTOCOL_VERSION_META = "io.modelcontextprotocol/protocolVersion";
export const CLIENT_CAPABILITIES_META = "io.modelcontextprotocol/clientCapabilities";
export const CLIENT_INFO_META = "io.modelcontextprotocol/clientInfo";
export const SERVER_INFO_META = "io.modelcontextprotocol/serverInfo";
export const SUBSCRIPTION_ID_META = "io.modelcontextprotocol/subscriptionId";
export const RELATED_TASK_META = "io.modelcontextprotocol/related-task";

/** The extension of 2026-07-28 with which a server may answer a call with a task (ext-tasks, SEP-2663). */
export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

/** Legacy: up to 2025-11-25. Modern: 2026-07-28. */
export type MessageEra = "legacy" | "modern";
/** The eras that define a method. */
export type MethodEra = MessageEra | "both";

/** What a client's request asks for, as far as the line tells requests apart. */
export type MethodKind =
  | "always-allowed"
  | "tool-call"
  | "tools-list"
  | "resources-list"
  | "templates-list"
  | "resources-read"
  | "resources-subscribe"
  | "subscribe-listen"
  | "prompts-list"
  | "prompt-get"
  | "completion"
  | "task"
  | "task-list";

/** One request method that a client may send. */
export interface ClientMethod {
  readonly era: MethodEra;
  readonly kind: MethodKind;
  /** The member of `params` that the modern header `Mcp-Name` mirrors; undefined where there is none. */
  readonly nameParam: "name" | "uri" | "taskId" | undefined;
}

/**
 * The request methods that clients send. `tasks/*` in the modern era belong to the extension
 * `io.modelcontextprotocol/tasks`, whose HTTP binding mirrors `params.taskId` into `Mcp-Name`.
 */
export const CLIENT_METHODS: ReadonlyMap<string, ClientMethod> = new Map([
  ["initialize", method("legacy", "always-allowed")],
  ["ping", method("legacy", "always-allowed")],
  ["logging/setLevel", method("legacy", "always-allowed")],
  ["server/discover", method("modern", "always-allowed")],
  ["tools/list", method("both", "tools-list")],
  ["tools/call", method("both", "tool-call", "name")],
  ["resources/list", method("both", "resources-list")],
  ["resources/templates/list", method("both", "templates-list")],
  ["resources/read", method("both", "resources-read", "uri")],
  ["resources/subscribe", method("legacy", "resources-subscribe")],
  ["resources/unsubscribe", method("legacy", "resources-subscribe")],
  ["subscriptions/listen", method("modern", "subscribe-listen")],
  ["prompts/list", method("both", "prompts-list")],
  ["prompts/get", method("both", "prompt-get", "name")],
  ["completion/complete", method("both", "completion")],
  ["tasks/get", method("both", "task", "taskId")],
  ["tasks/cancel", method("both", "task", "taskId")],
  ["tasks/update", method("modern", "task", "taskId")],
  ["tasks/result", method("legacy", "task")],
  ["tasks/list", method("legacy", "task-list")],
]);

/** The notifications that clients send. `notifications/cancelled` is the only one of 2026-07-28, and only on stdio. */
export const CLIENT_NOTIFICATIONS: ReadonlyMap<string, MethodEra> = new Map([
  ["notifications/cancelled", "both"],
  ["notifications/initialized", "legacy"],
  ["notifications/progress", "legacy"],
  ["notifications/roots/list_changed", "legacy"],
  ["notifications/tasks/status", "legacy"],
]);

/** What a server's request asks of the client; `"free"` is judged by no policy (policy-spec R7). */
export type ServerRequestSubject = "sampling" | "elicitation" | "roots" | "free";

/**
 * The requests that servers send: on the streams of the legacy era, as `inputRequests` in the modern one. The
 * `tasks/*` of 2025-11-25 ask for the outcome of a request that was let through before.
 */
export const SERVER_REQUESTS: ReadonlyMap<string, ServerRequestSubject> = new Map([
  ["sampling/createMessage", "sampling"],
  ["elicitation/create", "elicitation"],
  ["roots/list", "roots"],
  ["ping", "free"],
  ["tasks/get", "free"],
  ["tasks/result", "free"],
  ["tasks/cancel", "free"],
  ["tasks/list", "free"],
]);

/** The notifications that servers send. `notifications/tasks` is the modern extension's. */
export const SERVER_NOTIFICATIONS: ReadonlyMap<string, MethodEra> = new Map([
  ["notifications/cancelled", "both"],
  ["notifications/progress", "both"],
  ["notifications/message", "both"],
  ["notifications/tools/list_changed", "both"],
  ["notifications/prompts/list_changed", "both"],
  ["notifications/resources/list_changed", "both"],
  ["notifications/resources/updated", "both"],
  ["notifications/subscriptions/acknowledged", "modern"],
  ["notifications/tasks", "modern"],
  ["notifications/tasks/status", "legacy"],
  ["notifications/elicitation/complete", "legacy"],
]);

/** The table's entry for `name` where `era` defines it; undefined is a method that nobody knows there. */
export function clientMethod(name: string, era: MessageEra): ClientMethod | undefined {
  const found = CLIENT_METHODS.get(name);
  return found === undefined || !isOf(found.era, era) ? undefined : found;
}

/** True for a notification that clients of `era` send; others are accepted and dropped. */
export function isClientNotification(name: string, era: MessageEra): boolean {
  const found = CLIENT_NOTIFICATIONS.get(name);
  return found !== undefined && isOf(found, era);
}

/** True for a notification that servers of `era` send; others go no further. */
export function isServerNotification(name: string, era: MessageEra): boolean {
  const found = SERVER_NOTIFICATIONS.get(name);
  return found !== undefined && isOf(found, era);
}

/** True for one of {@link LEGACY_VERSIONS}. */
export function isLegacyVersion(version: string): boolean {
  return LEGACY_VERSIONS.includes(version);
}

function isOf(defined: MethodEra, era: MessageEra): boolean {
  return defined === "both" || defined === era;
}

function method(era: MethodEra, kind: MethodKind, nameParam?: ClientMethod["nameParam"]): ClientMethod {
  return { era, kind, nameParam };
}
