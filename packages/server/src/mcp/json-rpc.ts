import { err, isJsonObject, type JsonObject, type JsonValue, ok, own, type Result } from "@portcullis/policy";
import { findFoldedParam } from "./reserved-names.ts";
import { CLIENT_METHODS, INVALID_REQUEST } from "./revisions.ts";

/** A string of at most 256 bytes, or a safe integer; never null (2026-07-28 basic/index "Requests"). */
export type RequestId = string | number;

export interface RequestMessage {
  readonly kind: "request";
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject | undefined;
}

export interface NotificationMessage {
  readonly kind: "notification";
  readonly method: string;
  readonly params: JsonObject | undefined;
}

/** A client's answer to a server's request; exactly one of `result` and `error` is set. */
export interface ResponseMessage {
  readonly kind: "response";
  readonly id: RequestId;
  readonly result: JsonObject | undefined;
  readonly error: JsonObject | undefined;
}

export type Message = RequestMessage | NotificationMessage | ResponseMessage;

/** Why a message is none; `id` is the message's where it has a usable one, for the answer. */
export interface MessageError {
  readonly code: typeof INVALID_REQUEST;
  readonly reason: string;
  readonly id?: RequestId;
}

/** Longest id and method, in UTF-8 bytes. The longest known method has 40. */
const MAX_ID_BYTES = 256;
const MAX_METHOD_BYTES = 128;

/** Reads one client message with a strict envelope (threat 13). Never throws. */
export function readMessage(value: JsonObject): Result<Message, MessageError> {
  const stranger = findStranger(value);
  if (stranger !== undefined) return fail(stranger, value);
  if (own(value, "jsonrpc") !== "2.0") return fail("`jsonrpc` must be the string `2.0`", value);
  if (Object.hasOwn(value, "id") && !isRequestId(value["id"])) {
    // 2026-07-28 basic/index: a string or an integer, and unlike JSON-RPC never null.
    return fail("`id` must be a string of at most 256 bytes or an integer", value);
  }
  return Object.hasOwn(value, "method") ? readCall(value) : readResponse(value);
}

/** True for what may identify a request: a string of at most 256 bytes or a safe integer. */
export function isRequestId(value: unknown): value is RequestId {
  if (typeof value === "number") return Number.isSafeInteger(value);
  return typeof value === "string" && isWithinBytes(value, MAX_ID_BYTES);
}

function readCall(value: JsonObject): Result<RequestMessage | NotificationMessage, MessageError> {
  if (Object.hasOwn(value, "result") || Object.hasOwn(value, "error")) {
    return fail("a message cannot be a request and a response at once", value);
  }
  const method = value["method"];
  if (typeof method !== "string" || method === "" || !isWithinBytes(method, MAX_METHOD_BYTES)) {
    return fail("`method` must be a string of 1 to 128 bytes", value);
  }
  const params = own(value, "params");
  if (params !== undefined) {
    const problem = checkParams(params);
    if (problem !== undefined) return fail(problem, value);
  }
  const checked = isJsonObject(params) ? params : undefined;
  const id = own(value, "id");
  if (isRequestId(id)) return ok({ kind: "request", id, method, params: checked });
  // Threat 13: a call without an id would run with nobody to answer to. That holds for every request method.
  if (CLIENT_METHODS.has(method)) return fail("this method is a request and needs an `id`", value);
  return ok({ kind: "notification", method, params: checked });
}

function checkParams(params: JsonValue): string | undefined {
  // JSON-RPC 2.0 section 4.2 also has positional parameters; MCP does not.
  if (!isJsonObject(params)) return "`params` must be an object";
  if (Object.hasOwn(params, "_meta") && !isJsonObject(params["_meta"]))
    return "`params._meta` must be an object";
  if (findFoldedParam(params) !== undefined) {
    return "a member of `params` differs from a reserved name only in case or by Unicode folding";
  }
  return undefined;
}

function readResponse(value: JsonObject): Result<ResponseMessage, MessageError> {
  const hasResult = Object.hasOwn(value, "result");
  const hasError = Object.hasOwn(value, "error");
  if (!hasResult && !hasError) return fail("a message needs `method`, `result` or `error`", value);
  if (hasResult && hasError) return fail("a response has either `result` or `error`, not both", value);
  if (Object.hasOwn(value, "params")) return fail("a response has no `params`", value);
  const id = own(value, "id");
  if (!isRequestId(id)) return fail("a response needs the `id` of its request", value);
  const result = own(value, "result");
  if (hasResult) {
    if (!isJsonObject(result)) return fail("`result` must be an object", value);
    return ok({ kind: "response", id, result, error: undefined });
  }
  const error = own(value, "error");
  if (!isJsonObject(error) || !isErrorObject(error)) {
    return fail("`error` must have an integer `code` and a string `message`", value);
  }
  return ok({ kind: "response", id, result: undefined, error });
}

function isErrorObject(error: JsonObject): boolean {
  return Number.isSafeInteger(own(error, "code")) && typeof own(error, "message") === "string";
}

/** Any unknown top-level member is refused, which also refuses every folded spelling of a known one. */
function findStranger(value: JsonObject): string | undefined {
  for (const key of Object.keys(value)) {
    switch (key) {
      case "jsonrpc":
      case "id":
      case "method":
      case "params":
      case "result":
      case "error":
        break;
      default:
        return "a message has no members but `jsonrpc`, `id`, `method`, `params`, `result` and `error`";
    }
  }
  return undefined;
}

/** A UTF-16 unit is at most three bytes of UTF-8, so short strings need no counting. */
function isWithinBytes(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return false;
  return text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes;
}

function fail(reason: string, value: JsonObject): Result<never, MessageError> {
  const id = own(value, "id");
  return err(isRequestId(id) ? { code: INVALID_REQUEST, reason, id } : { code: INVALID_REQUEST, reason });
}
