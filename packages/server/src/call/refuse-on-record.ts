/**
 * Every exit of the line that answers in the upstream's place to somebody known: the row first, then the answer
 * (ADR 4). `refuse.ts` puts it on the wire.
 */
import { isJsonObject, own } from "@portcullis/policy";
import type { RequestId } from "../mcp/json-rpc.ts";
import { MODERN_VERSION, PROTOCOL_VERSION_META } from "../mcp/revisions.ts";
import type { Arrival, JudgedCall, Message, PermittedCall, RoutedCall } from "./call.ts";
import type { Line } from "./handle-call.ts";
import { recordRefused, recordStopped, recordUnfit } from "./intend.ts";
import type { Refusal, RefusalContext } from "./refusal.ts";
import { contextOf, refuse } from "./refuse.ts";

export function stop({ call, decision, tool }: JudgedCall, refusal: Refusal, line: Line): Promise<void> {
  const recorded = recordStopped(call, decision, tool, line.ports);
  return tellOnRecord(recorded, call.arrival, refusal, contextOf(call), line);
}

/** Policy permits the call, and it cannot be sent as it is. */
export function refuseUnfit(permitted: PermittedCall, refusal: Refusal, line: Line): Promise<void> {
  const recorded = recordUnfit(permitted, refusal.kind, reasonOf(refusal), line.ports);
  return tellOnRecord(recorded, permitted.call.arrival, refusal, contextOf(permitted.call), line);
}

export function refuseCall(call: RoutedCall, refusal: Refusal, line: Line): Promise<void> {
  return refuseOnRecord(call.arrival, call.method, refusal, contextOf(call), line);
}

/** The message was read, but has no route. */
export function refuseMessage(
  arrival: Arrival,
  message: Message,
  refusal: Refusal,
  line: Line,
): Promise<void> {
  return refuseOnRecord(arrival, methodOf(message), refusal, contextIn(arrival, message), line);
}

/** The request did not become a message. */
export function refuseArrival(
  arrival: Arrival,
  method: string,
  refusal: Refusal,
  line: Line,
  id?: RequestId,
): Promise<void> {
  return refuseOnRecord(arrival, method, refusal, { ...contextIn(arrival, undefined), id }, line);
}

function refuseOnRecord(
  arrival: Arrival,
  method: string,
  refusal: Refusal,
  context: RefusalContext,
  line: Line,
): Promise<void> {
  const recorded = recordRefused(arrival, method, refusal.kind, reasonOf(refusal), line.ports);
  return tellOnRecord(recorded, arrival, refusal, context, line);
}

/**
 * Answers when the row is committed; without a refusal the answer is that the message was taken. What goes wrong from
 * the row on ends here: it has its row, or the log is what failed.
 */
export async function tellOnRecord(
  recorded: Promise<boolean>,
  arrival: Arrival,
  refusal: Refusal | undefined,
  context: RefusalContext,
  line: Line,
): Promise<void> {
  try {
    if (!(await recorded)) tell(arrival, { kind: "audit-unavailable" }, context, line);
    else if (refusal !== undefined) tell(arrival, refusal, context, line);
    else arrival.reply.whole(202, [], undefined);
  } catch (fault) {
    tellFault(arrival, fault, context, line);
  }
}

export function tell(arrival: Arrival, refusal: Refusal, context: RefusalContext, line: Line): void {
  line.ports.observer.refused(refusal.kind);
  refuse(arrival.reply, refusal, context);
}

/** The era of a message that has no route: what its header or its envelope says. */
function isModern(arrival: Arrival, message: Message | undefined): boolean {
  if (arrival.headers.protocolVersion === MODERN_VERSION) return true;
  const params = message === undefined || message.kind === "response" ? undefined : message.params;
  const meta = params === undefined ? undefined : own(params, "_meta");
  return isJsonObject(meta) && Object.hasOwn(meta, PROTOCOL_VERSION_META);
}

/** What a refusal needs to know of a message without a route. */
export function contextIn(arrival: Arrival, message: Message | undefined): RefusalContext {
  const id = message?.kind === "request" ? message.id : undefined;
  return { id, era: isModern(arrival, message) ? "modern" : "legacy", isToolCall: false };
}

export function methodOf(message: Message): string {
  return message.kind === "response" ? "(response)" : message.method;
}

function reasonOf(refusal: Refusal): string {
  if ("reason" in refusal) return refusal.reason;
  return "detail" in refusal ? refusal.detail : refusal.kind;
}

/**
 * A bug or a broken disk, before there is a row: nothing is sent. The log may be what failed, so the row is tried for
 * and not waited for.
 */
export function failClosed(arrival: Arrival, message: Message | undefined, fault: unknown, line: Line): void {
  const unread = arrival.verb === "POST" ? "" : arrival.verb;
  const method = message === undefined ? unread : methodOf(message);
  recordRefused(arrival, method, "internal", "A fault of the gateway.", line.ports).catch(() => {});
  tellFault(arrival, fault, contextIn(arrival, message), line);
}

/** Nothing about a fault is told outside. */
export function tellFault(arrival: Arrival, fault: unknown, context: RefusalContext, line: Line): void {
  warnOfFault(arrival.requestId, fault, line);
  tell(arrival, { kind: "internal" }, context, line);
}

export function warnOfFault(request: string, fault: unknown, { ports }: Pick<Line, "ports">): void {
  ports.observer.warn("line_fault", { request, fault: fault instanceof Error ? fault.name : "unknown" });
}
