import { isUtf8 } from "node:buffer";
import { isJsonObject, type JsonObject, type JsonValue, own } from "@portcullis/policy";
import { isRequestId, type RequestId } from "../../mcp/json-rpc.ts";
import { SUBSCRIPTION_ID_META } from "../../mcp/revisions.ts";
import { readBoundedObject } from "../../mcp/server-message.ts";

/** One message as it passes through a pipe, of either side. */
export type WireMessage =
  | {
      readonly kind: "request";
      readonly id: RequestId;
      readonly method: string;
      readonly value: JsonObject;
      readonly text: string;
    }
  | {
      readonly kind: "notification";
      readonly method: string;
      readonly value: JsonObject;
      readonly text: string;
    }
  | { readonly kind: "response"; readonly id: RequestId; readonly value: JsonObject; readonly text: string };

/**
 * Reads one line or one body; undefined for what is no JSON-RPC message: invalid UTF-8, no JSON, an array (batches
 * are refused in every revision), no usable id or method. Never throws.
 */
export function readWireMessage(line: Buffer | string): WireMessage | undefined {
  if (typeof line !== "string" && !isUtf8(line)) return undefined;
  const text = typeof line === "string" ? line : line.toString("utf8");
  const value = readBoundedObject(text);
  if (value === undefined) return undefined;
  const id = own(value, "id");
  const method = own(value, "method");
  if (id !== undefined && !isRequestId(id)) return undefined;
  if (typeof method === "string") {
    return id === undefined
      ? { kind: "notification", method, value, text }
      : { kind: "request", id, method, value, text };
  }
  const isAnswer = Object.hasOwn(value, "result") || Object.hasOwn(value, "error");
  return id === undefined || !isAnswer ? undefined : { kind: "response", id, value, text };
}

/**
 * One line of JSON, with its `\n`. Undefined where the value is nested too deeply to be written.
 *
 * INVARIANT: nothing that a reader may take for the end of a line is in it. `JSON.stringify` leaves U+0085, U+2028
 * and U+2029 as they are, and Node's `readline` and Python's `splitlines` cut there: an argument could carry a
 * second, unjudged message (stdio transport: messages MUST NOT contain embedded newlines).
 */
export function toLine(value: JsonObject): string | undefined {
  const text = toText(value);
  return text === undefined ? undefined : `${text.replace(/[\u0085\u2028\u2029]/g, escapeCodeUnit)}\n`;
}

/** The JSON text of `value`; undefined where it is nested too deeply to be written. */
export function toText(value: JsonObject): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** `message.text` with `id` in place of the wire id; the other bytes stay, where the id's place is certain. */
export function withResponseId(
  message: WireMessage & { kind: "response" },
  id: RequestId,
): string | undefined {
  const { text } = message;
  const wireId = JSON.stringify(message.id);
  const newId = JSON.stringify(id);
  // At both ends of the text a member can only be one of the outermost object: no search, no second parser.
  const head = `{"jsonrpc":"2.0","id":${wireId},`;
  const tail = `,"id":${wireId}}`;
  const isOneLine = !text.includes("\r");
  if (isOneLine && text.endsWith(tail)) return `${text.slice(0, -tail.length)},"id":${newId}}`;
  if (isOneLine && text.startsWith(head)) return `{"jsonrpc":"2.0","id":${newId},${text.slice(head.length)}`;
  return toText({ ...message.value, id });
}

/** The message with another `params.<name>`. */
export function withParam(value: JsonObject, name: string, member: JsonValue): JsonObject {
  return { ...value, params: { ...paramsOf(value), [name]: member } };
}

/** The message with another `params._meta.progressToken`. */
export function withMetaToken(value: JsonObject, token: JsonValue): JsonObject {
  return withParam(value, "_meta", { ...metaOf(paramsOf(value)), progressToken: token });
}

/** `message.<part>._meta` with another subscription id (2026-07-28 subscriptions). */
export function withSubscriptionId(value: JsonObject, part: "params" | "result", id: RequestId): JsonObject {
  const holder = objectOf(own(value, part));
  return { ...value, [part]: { ...holder, _meta: { ...metaOf(holder), [SUBSCRIPTION_ID_META]: id } } };
}

/** `params.<name>` of a message. */
export function paramOf(value: JsonObject, name: string): JsonValue | undefined {
  return own(paramsOf(value), name);
}

/** `params._meta.progressToken`: a string or an integer, else undefined. */
export function progressTokenOf(value: JsonObject): RequestId | undefined {
  const token = own(metaOf(paramsOf(value)), "progressToken");
  return isRequestId(token) ? token : undefined;
}

/** The subscription that a message names in `<part>._meta`. */
export function subscriptionIdOf(value: JsonObject, part: "params" | "result"): JsonValue | undefined {
  return own(metaOf(objectOf(own(value, part))), SUBSCRIPTION_ID_META);
}

function paramsOf(value: JsonObject): JsonObject {
  return objectOf(own(value, "params"));
}

function metaOf(holder: JsonObject): JsonObject {
  return objectOf(own(holder, "_meta"));
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function escapeCodeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
