import type { JsonObject } from "@portcullis/policy";
import type { Era } from "../../call/records.ts";
import type { InFlightCall, InFlightCalls } from "./in-flight-calls.ts";
import type { ServerQuestions } from "./server-questions.ts";
import {
  paramOf,
  subscriptionIdOf,
  type WireMessage,
  withParam,
  withSubscriptionId,
} from "./wire-message.ts";

/** Where a server's notification goes and how it reads there. */
export interface NotificationRoute {
  /** The request it belongs to; undefined leaves it to the channel's open stream. */
  readonly call: InFlightCall | undefined;
  readonly value: JsonObject;
  /** The server ends this request with it. */
  readonly ends?: true;
}

const LISTEN = "subscriptions/listen";

/** All messages of a process share one pipe: which request does this one belong to? Undefined drops it. */
export function routeNotification(
  message: Extract<WireMessage, { kind: "notification" }>,
  era: Era,
  calls: InFlightCalls,
  questions: ServerQuestions,
): NotificationRoute | undefined {
  const { method, value } = message;
  if (method === "notifications/progress") return routeProgress(value, era, calls);
  if (method === "notifications/cancelled") {
    return era === "modern" ? routeTeardown(value, calls) : routeWithdrawal(value, questions);
  }
  return era === "modern" ? routeModern(value, calls) : { call: undefined, value };
}

function routeProgress(value: JsonObject, era: Era, calls: InFlightCalls): NotificationRoute | undefined {
  const wireToken = paramOf(value, "progressToken");
  const call = calls.get(wireToken);
  if (call?.progressToken !== undefined) {
    return { call, value: withParam(value, "progressToken", call.progressToken) };
  }
  const token = era === "legacy" ? calls.taskToken(wireToken) : undefined;
  return token === undefined
    ? undefined
    : { call: undefined, value: withParam(value, "progressToken", token) };
}

/** 2026-07-28 cancellation: a server cancels nothing but a subscription, to end it. */
function routeTeardown(value: JsonObject, calls: InFlightCalls): NotificationRoute | undefined {
  const call = calls.get(paramOf(value, "requestId"));
  if (call?.method !== LISTEN) return undefined;
  return { call, value: withParam(value, "requestId", call.id), ends: true };
}

/** A legacy server no longer wants an answer to its own request. */
function routeWithdrawal(value: JsonObject, questions: ServerQuestions): NotificationRoute | undefined {
  const clientId = questions.withdraw(paramOf(value, "requestId"));
  return clientId === undefined
    ? undefined
    : { call: undefined, value: withParam(value, "requestId", clientId) };
}

/** 2026-07-28 subscriptions: correlated by `subscriptionId`; anything else belongs to a request in flight. */
function routeModern(value: JsonObject, calls: InFlightCalls): NotificationRoute | undefined {
  const subscription = subscriptionIdOf(value, "params");
  if (subscription !== undefined) {
    const call = calls.get(subscription);
    if (call?.method !== LISTEN) return undefined;
    return { call, value: withSubscriptionId(value, "params", call.id) };
  }
  // INVARIANT: clients of one grant share the process; with several requests in flight nobody may guess (threat 58).
  const call = calls.sole(({ method }) => method !== LISTEN);
  return call === undefined ? undefined : { call, value };
}
