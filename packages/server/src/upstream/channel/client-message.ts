/** What a client sends, as the process must see it, under its own ids and tokens; and the way back. */
import type { InFlightCall, InFlightCalls } from "./in-flight-calls.ts";
import type { ServerQuestions } from "./server-questions.ts";
import {
  paramOf,
  subscriptionIdOf,
  toLine,
  toText,
  type WireMessage,
  withMetaToken,
  withParam,
  withResponseId,
  withSubscriptionId,
} from "./wire-message.ts";

/** A request under our id, and our token where it wants progress. */
export function toRequestLine(
  message: Extract<WireMessage, { kind: "request" }>,
  { wireId, progressToken }: InFlightCall,
): string | undefined {
  const renamed = { ...message.value, id: wireId };
  return toLine(progressToken === undefined ? renamed : withMetaToken(renamed, wireId));
}

/** A notification, or an answer to a question of the server; undefined for what concerns nothing and is dropped. */
export function toOneWayLine(
  message: Extract<WireMessage, { kind: "notification" | "response" }>,
  calls: InFlightCalls,
  questions: ServerQuestions,
): string | undefined {
  if (message.kind === "response") {
    const serverId = questions.take(message.id);
    return serverId === undefined ? undefined : toLine({ ...message.value, id: serverId });
  }
  if (message.method !== "notifications/cancelled") return toLine(message.value);
  const call = calls.named(paramOf(message.value, "requestId"));
  if (call === undefined || !isCancellable(call)) return undefined;
  call.isCancelled = true;
  return toLine(withParam(message.value, "requestId", call.wireId));
}

/** The cancellation of a request that nobody waits for any more; undefined where none may be sent. */
export function toCancelLine(call: InFlightCall): string | undefined {
  if (call.isCancelled || !isCancellable(call)) return undefined;
  const params = { requestId: call.wireId };
  return toLine({ jsonrpc: "2.0", method: "notifications/cancelled", params });
}

/** The server's response under the client's id, which a subscription's result names once more. */
export function toClientResponse(
  message: Extract<WireMessage, { kind: "response" }>,
  { wireId, id }: InFlightCall,
): string | undefined {
  if (subscriptionIdOf(message.value, "result") !== wireId) return withResponseId(message, id);
  return toText(withSubscriptionId({ ...message.value, id }, "result", id));
}

/** 2025-11-25 cancellation: `initialize` must not be cancelled. */
function isCancellable(call: InFlightCall): boolean {
  return call.method !== "initialize";
}
