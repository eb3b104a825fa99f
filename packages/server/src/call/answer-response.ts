/**
 * Checks one JSON-RPC response of an upstream server and rewrites what must not pass as it is: filtered lists,
 * sealed handles, withheld instructions. Everything else keeps its bytes.
 */
import { randomBytes } from "node:crypto";
import { err, isJsonObject, type JsonObject, type JsonValue, ok, own, type Result } from "@portcullis/policy";
import type { RequestMessage } from "../mcp/json-rpc.ts";
import { RELATED_TASK_META } from "../mcp/revisions.ts";
import { keptByItsOwner, resultProblem, rewriteList, rewriteTaskList } from "./answer-list.ts";
import { checkCreatedTask, checkTask } from "./answer-task.ts";
import type { IntendedCall } from "./call.ts";
import { type RequestStates, sealTask, type TaskOwners, withMembers } from "./handles.ts";
import type { OutcomeStatus, Ports } from "./ports.ts";
import type { Refusal } from "./refusal.ts";
import { requestDigest } from "./request-digest.ts";
import { deniedInputs } from "./server-requests.ts";
import type { Ending } from "./settle.ts";

/** A response that may go to the client. */
export interface CheckedResponse {
  /** The new message where something had to change; undefined sends the original bytes. */
  readonly replaced: JsonObject | undefined;
  readonly status: OutcomeStatus;
  readonly ending: Ending;
}

/** What rewriting needs besides the response. */
export interface ResponseTools {
  readonly ports: Ports;
  readonly states: RequestStates;
  readonly taskOwners: TaskOwners;
}

/** Why a response is not passed on: it is invalid, or policy denies what it asks for. */
export type ResponseProblem =
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "input-denied"; readonly message: string };

/** What the client is told instead. */
export function refusalOfProblem(problem: ResponseProblem, server: string): Refusal {
  return problem.kind === "invalid"
    ? { kind: "upstream-invalid", server, reason: problem.reason }
    : { kind: "input-denied", message: problem.message };
}

/** `value` must be the response to this call: same id, exactly one of result and error (threat 41). */
export function checkResponse(
  call: IntendedCall,
  request: RequestMessage,
  value: JsonObject,
  tools: ResponseTools,
): Result<CheckedResponse, ResponseProblem> {
  if (own(value, "jsonrpc") !== "2.0") return invalid("it is not JSON-RPC 2.0");
  if (own(value, "id") !== request.id) return invalid("its id is not the request's");
  const hasResult = Object.hasOwn(value, "result");
  const hasError = Object.hasOwn(value, "error");
  if (hasResult === hasError) return invalid("it has not exactly one of result and error");
  // Some clients look for a method first, and would take it for a request of the server.
  if (Object.hasOwn(value, "method")) return invalid("it is a request as well");
  return hasError ? checkError(own(value, "error")) : checkResult(call, request, value, tools);
}

function checkError(error: JsonValue | undefined): Result<CheckedResponse, ResponseProblem> {
  if (!isJsonObject(error)) return invalid("its error is not an object");
  const code = own(error, "code");
  if (typeof code !== "number" || !Number.isInteger(code)) return invalid("its error has no code");
  return ok({ replaced: undefined, status: "rpc_error", ending: { kind: "rpc-error", code } });
}

function checkResult(
  call: IntendedCall,
  request: RequestMessage,
  value: JsonObject,
  tools: ResponseTools,
): Result<CheckedResponse, ResponseProblem> {
  const result = own(value, "result");
  if (!isJsonObject(result)) return invalid("its result is not an object");
  const named = call.call.era === "modern" ? own(result, "resultType") : undefined;
  const type = named === undefined ? "complete" : named;
  if (type === "input_required") return checkInputRequired(call, request, value, result, tools);
  const { subject, method } = call.call;
  if (type === "task") return replacing(value, checkCreatedTask(call.call, result, tools));
  // 2026-07-28 basic/index: a result type that the receiver does not know is invalid (threat 43).
  if (type !== "complete") return invalid("its resultType is not one that was asked for");
  if (call.call.era === "modern" && subject.kind === "task" && method === "tasks/get") {
    return replacing(value, checkTask(call.call, result, subject, tools));
  }

  if (isUnaskedTask(call, request, result)) return invalid("it makes a task that was not asked for");
  const problem = resultProblem(call.call, result);
  if (problem !== undefined) return invalid(problem);

  const rewritten = rewriteResult(call, request, result, tools);
  const isToolError = subject.kind === "tool" && own(result, "isError") === true;
  return ok({
    replaced: rewritten === result ? undefined : withMembers(value, { result: rewritten }),
    status: isToolError ? "tool_error" : "ok",
    ending: isToolError ? { kind: "tool-error" } : { kind: "other" },
  });
}

/** The response with a result that had to change. A task that was made keeps its charge: the tool runs. */
function replacing(
  value: JsonObject,
  result: Result<JsonObject, ResponseProblem>,
): Result<CheckedResponse, ResponseProblem> {
  if (!result.ok) return result;
  const replaced = withMembers(value, { result: result.value });
  return ok({ replaced, status: "ok", ending: { kind: "other" } });
}

/** 2025-11-25 tasks: a server makes one only where the client asked for it with `params.task` (threat 43). */
function isUnaskedTask(call: IntendedCall, request: RequestMessage, result: JsonObject): boolean {
  if (call.call.era !== "legacy" || call.call.subject.kind !== "tool") return false;
  const task = own(result, "task");
  const isAsked = isJsonObject(own(request.params ?? {}, "task"));
  return !isAsked && isJsonObject(task) && typeof own(task, "taskId") === "string";
}

/** Methods whose result may ask for input (2026-07-28 basic/patterns/mrtr). */
const MAY_ASK: ReadonlySet<string> = new Set(["tools/call", "resources/read", "prompts/get"]);

function checkInputRequired(
  call: IntendedCall,
  request: RequestMessage,
  value: JsonObject,
  result: JsonObject,
  { ports, states }: ResponseTools,
): Result<CheckedResponse, ResponseProblem> {
  const routed = call.call;
  if (!MAY_ASK.has(routed.method)) return invalid("it asks for input where none may be asked");
  const inner = own(result, "requestState");
  const requests = own(result, "inputRequests");
  if (inner !== undefined && typeof inner !== "string") return invalid("its requestState is not a string");
  if (requests !== undefined && !isJsonObject(requests)) return invalid("its inputRequests is not an object");
  if (inner === undefined && requests === undefined) return invalid("it asks for input without saying which");
  const denied = deniedInputs(routed, requests ?? {});
  if (denied !== undefined) return err(denied);

  const access = routed.arrival.access;
  const nonce = randomBytes(12).toString("base64url");
  const state = states.seal(
    access,
    requestDigest(request, ports.keys),
    inner,
    ports.clock.monotonicMs(),
    nonce,
  );
  return ok({
    replaced: withMembers(value, { result: withMembers(result, { requestState: state }) }),
    status: "ok",
    ending: { kind: "other" },
  });
}

function rewriteResult(
  call: IntendedCall,
  request: RequestMessage,
  result: JsonObject,
  tools: ResponseTools,
): JsonObject {
  const { subject } = call.call;
  if (subject.kind === "list") return rewriteList(call, request, subject.of, result, tools);
  if (subject.kind === "tool") return rewriteCreatedTask(call, subject.name, result, tools);
  if (subject.kind === "task") return rewriteTask(call, subject, result, tools);
  if (subject.kind === "task-list") return rewriteTaskList(call, request, result, tools);
  if (request.method === "initialize" || request.method === "server/discover") {
    return withheldInstructions(call, result, tools.ports);
  }
  // What policy let this grant read is nobody else's either.
  const isShared = call.call.era === "modern" && own(result, "cacheScope") !== undefined;
  return isShared ? withMembers(result, keptByItsOwner(result)) : result;
}

/** A tool's answer to `params.task`: the new task belongs to this grant and follows this tool. */
function rewriteCreatedTask(
  call: IntendedCall,
  tool: string,
  result: JsonObject,
  tools: ResponseTools,
): JsonObject {
  const task = own(result, "task");
  if (call.call.era !== "legacy" || !isJsonObject(task)) return result;
  const taskId = own(task, "taskId");
  if (typeof taskId !== "string") return result;
  const { access } = call.call.arrival;
  tools.taskOwners.note(access, { tool, taskId });
  const sealed = sealTask(tools.ports.keys, access, { tool, taskId });
  return withMembers(result, { task: withMembers(task, { taskId: sealed }) });
}

function rewriteTask(
  call: IntendedCall,
  handle: { readonly tool: string; readonly taskId: string },
  result: JsonObject,
  { ports }: ResponseTools,
): JsonObject {
  const sealed = sealTask(ports.keys, call.call.arrival.access, handle);
  const meta = own(result, "_meta");
  const related = isJsonObject(meta) ? own(meta, RELATED_TASK_META) : undefined;
  return withMembers(result, {
    ...(own(result, "taskId") === handle.taskId ? { taskId: sealed } : {}),
    ...(isJsonObject(meta) && isJsonObject(related)
      ? { _meta: withMembers(meta, { [RELATED_TASK_META]: withMembers(related, { taskId: sealed }) }) }
      : {}),
  });
}

/** Instructions reach the model's context: they are pinned like tools. */
function withheldInstructions(call: IntendedCall, result: JsonObject, ports: Ports): JsonObject {
  const instructions = own(result, "instructions");
  if (typeof instructions !== "string") return result;
  const { server } = call.call.arrival.access;
  return ports.tools.acceptsInstructions(server, instructions)
    ? result
    : withMembers(result, { instructions: undefined });
}

function invalid(reason: string): Result<never, ResponseProblem> {
  return err({ kind: "invalid", reason });
}
