/** Lists as a grant may see them, and the results in which a name decides what the client may know. */
import { decideTask, isJsonObject, type JsonObject, type JsonValue, own } from "@portcullis/policy";
import type { RequestMessage } from "../mcp/json-rpc.ts";
import { findFoldedMember } from "../mcp/reserved-names.ts";
import type { ResponseTools } from "./answer-response.ts";
import type { Access, IntendedCall, ListKind, RoutedCall } from "./call.ts";
import { sealCursor, sealTask, withMembers } from "./handles.ts";
import { LIST_MEMBER, listItems, visibleItems } from "./lists.ts";
import type { Ports } from "./ports.ts";

/**
 * Why a result cannot be looked through, or undefined: a list that is none, or a name that some readers take for one
 * of the protocol's (threat 2), would reach the client as the server wrote it.
 */
export function resultProblem({ subject, method }: RoutedCall, result: JsonObject): string | undefined {
  const member =
    subject.kind === "list" ? LIST_MEMBER[subject.of] : subject.kind === "task-list" ? "tasks" : undefined;
  if (member === undefined && method !== "initialize" && method !== "server/discover") return undefined;
  if (member !== undefined && !Array.isArray(own(result, member))) return "it has no list";
  if (findFoldedMember(result, "result") === undefined) return undefined;
  return "a name in it differs from one of the protocol's in its case alone";
}

/** What the policy lets this grant see of the list, its own alone; pins learn of tools that they did not know. */
export function rewriteList(
  call: IntendedCall,
  request: RequestMessage,
  kind: ListKind,
  result: JsonObject,
  { ports }: Pick<ResponseTools, "ports">,
): JsonObject {
  const items = listItems(result, kind) ?? [];
  const { access } = call.call.arrival;
  const noted = kind === "tools" ? ports.tools.observe(access.server, items) : items;
  const server = ports.snapshot.server(access.server.id) ?? access.server;
  return withMembers(result, {
    [LIST_MEMBER[kind]]: visibleItems(kind, noted, access, server),
    nextCursor: sealedCursor(result, request, access, ports),
    ...(call.call.era === "modern" ? keptByItsOwner(result) : {}),
  });
}

/** A client may keep what a grant was shown for so long; a list older than that is taken anew here too. */
const MAX_TTL_MS = 5 * 60_000;

/** A list filtered per grant is nobody else's, and not for ever (threat 39). */
export function keptByItsOwner(result: JsonObject): { readonly [name: string]: JsonValue | undefined } {
  const ttlMs = own(result, "ttlMs");
  if (ttlMs === undefined) return { cacheScope: "private" };
  const isFine = typeof ttlMs === "number" && Number.isInteger(ttlMs) && ttlMs >= 0;
  return { cacheScope: "private", ttlMs: isFine ? Math.min(ttlMs, MAX_TTL_MS) : 0 };
}

/** Only tasks that this grant made, and of tools that it may still see. */
export function rewriteTaskList(
  call: IntendedCall,
  request: RequestMessage,
  result: JsonObject,
  { ports, taskOwners }: Pick<ResponseTools, "ports" | "taskOwners">,
): JsonObject {
  const { access } = call.call.arrival;
  const list = own(result, "tasks");
  const tasks = Array.isArray(list) ? (list as readonly JsonValue[]).filter(isJsonObject) : [];
  const mine = tasks.flatMap((task) => {
    const taskId = own(task, "taskId");
    const tool = typeof taskId === "string" ? taskOwners.toolOf(access, taskId) : undefined;
    if (typeof taskId !== "string" || tool === undefined || !maySee(access, tool)) return [];
    return [withMembers(task, { taskId: sealTask(ports.keys, access, { tool, taskId }) })];
  });
  return withMembers(result, { tasks: mine, nextCursor: sealedCursor(result, request, access, ports) });
}

/** Where the list goes on, for its owner. An empty cursor is how some servers say that it does not. */
function sealedCursor(
  result: JsonObject,
  { method }: RequestMessage,
  access: Access,
  { keys }: Pick<Ports, "keys">,
): string | undefined {
  const cursor = own(result, "nextCursor");
  return typeof cursor === "string" && cursor !== "" ? sealCursor(keys, access, method, cursor) : undefined;
}

/** What is hidden or denied outright has no tasks either, however they were made (policy-spec R7). */
function maySee(access: Access, tool: string): boolean {
  const policy = access.policy?.compiled;
  return policy !== undefined && decideTask(policy, tool).effect === "allow";
}
