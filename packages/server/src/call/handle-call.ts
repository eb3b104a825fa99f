/**
 * One call, one straight line: head → identify → body → read → route → pin → decide → hold → mirror → reserve →
 * intend → forward → answer → settle → record. README.md in this folder draws it with its exits.
 */
import { ok, own, type Result } from "@portcullis/policy";
import { isRequestId, type NotificationMessage, readMessage } from "../mcp/json-rpc.ts";
import { type ReadError, readStrict } from "../mcp/strict-reading.ts";
import type { AgentRequest } from "./agent-request.ts";
import { Relay, type RelayTools } from "./answer.ts";
import { readBody } from "./body.ts";
import type { AllowedCall, Arrival, Message, Reply, RoutedCall } from "./call.ts";
import { decide } from "./decide.ts";
import { forward } from "./forward.ts";
import { GuardedSink } from "./guarded-sink.ts";
import { readHead } from "./head.ts";
import { identify, renew } from "./identify.ts";
import type { InFlightCalls } from "./in-flight.ts";
import { intend, recordRefused } from "./intend.ts";
import { mirrorProblem } from "./mirror.ts";
import { giveBack, useUp } from "./once.ts";
import { findPin } from "./pin.ts";
import type { Refusal } from "./refusal.ts";
import { contextOf, refuse } from "./refuse.ts";
import {
  contextIn,
  failClosed,
  methodOf,
  refuseArrival,
  refuseCall,
  refuseMessage,
  refuseUnfit,
  stop,
  tell,
  tellFault,
  tellOnRecord,
  warnOfFault,
} from "./refuse-on-record.ts";
import { newRequestId } from "./request-id.ts";
import { reserve } from "./reserve.ts";
import { route, routeVerb } from "./route.ts";
import { inFlightOf } from "./sessions.ts";
import { refusalOf } from "./stop.ts";
import type { FailureThrottle } from "./throttle.ts";

/** What the line keeps between calls, beside its ports. */
export interface Line extends RelayTools {
  readonly throttle: FailureThrottle;
}

/** Reading more than this takes milliseconds: others get their turn before the rest of the line has its own. */
const LARGE_BODY_BYTES = 256 * 1024;

/** One HTTP request, from its head to its last byte. Never rejects: what goes wrong is refused. */
export async function handleRequest(request: AgentRequest, reply: Reply, line: Line): Promise<void> {
  try {
    const arrived = arrive(request, reply, line);
    if (!arrived.ok) return refuseStranger(request, reply, arrived.error, line);
    const arrival = arrived.value;
    // Awaited, here and below: an async function that returns a promise takes two more turns of the microtasks.
    if (arrival.verb !== "POST") return await handleVerb(arrival, line);
    const body = await readBody(request, line.ports.config);
    if (!body.ok) return await refuseArrival(arrival, "", body.error, line);
    return await handleMessage(arrival, body.value, line);
  } catch (fault) {
    // Nobody was identified: the state cannot be read.
    warnOfFault(newRequestId(), fault, line);
    line.ports.observer.refused("internal");
    refuse(reply, { kind: "internal" }, { id: undefined, era: "legacy", isToolCall: false });
  }
}

/** Who asks, over which route. */
function arrive(request: AgentRequest, reply: Reply, { ports }: Line): Result<Arrival, Refusal> {
  const startedMs = ports.clock.monotonicMs();
  const head = readHead(request, ports);
  if (!head.ok) return head;
  const access = identify(head.value, ports);
  if (!access.ok) return access;
  const { verb, headers } = head.value;
  return ok({
    requestId: newRequestId(),
    verb,
    access: access.value,
    headers,
    reply,
    mirrored: true,
    stdioSession: undefined,
    startedMs,
  });
}

/** One message of a known principal: the part of the line that HTTP and stdio share. */
export async function handleMessage(arrival: Arrival, body: Buffer, line: Line): Promise<void> {
  let read: Message | undefined;
  let claimed: RoutedCall | undefined;
  try {
    const strict = readStrict(body);
    if (!strict.ok) return await refuseArrival(arrival, "", malformed(strict.error), line);
    // On stdio the order of messages means something: a cancellation must not overtake its request.
    if (body.length > LARGE_BODY_BYTES && arrival.mirrored) await new Promise(setImmediate);
    const message = readMessage(strict.value);
    if (!message.ok)
      return await refuseArrival(arrival, "", malformed(message.error), line, message.error.id);
    read = message.value;
    const routing = route(arrival, body, message.value, line);
    const routed = routing instanceof Promise ? await routing : routing;
    if (!routed.ok) return await refuseMessage(arrival, message.value, routed.error, line);
    if ("dropped" in routed.value) return await drop(arrival, message.value, line);
    if (!claim(routed.value)) return await refuseCall(routed.value, { kind: "duplicate-id" }, line);
    claimed = routed.value;
    return await govern(claimed, line);
  } catch (fault) {
    return failClosed(arrival, read, fault, line);
  } finally {
    if (claimed !== undefined) release(claimed);
  }
}

/** GET and DELETE of a known principal. */
export async function handleVerb(arrival: Arrival, line: Line): Promise<void> {
  try {
    const routed = await routeVerb(arrival, line);
    if (!routed.ok) return await refuseArrival(arrival, arrival.verb, routed.error, line);
    return await govern(routed.value, line);
  } catch (fault) {
    return failClosed(arrival, undefined, fault, line);
  }
}

/** False where another request of the session has the same id at this moment: one of the two would go unanswered. */
function claim({ message, session }: RoutedCall): boolean {
  if (message?.kind !== "request" || session?.id === undefined) return true;
  const { id } = message;
  if (session.claimed.has(id) || session.inFlight.has(id)) return false;
  session.claimed.add(id);
  return true;
}

/** The call is refused, or in flight under its id. */
function release({ message, session }: RoutedCall): void {
  if (message?.kind === "request") session?.claimed.delete(message.id);
}

/** From the routed message to the wire. Every exit but the last records a row and refuses. */
async function govern(routed: RoutedCall, line: Line): Promise<void> {
  const { ports } = line;
  const found = findPin(routed, ports);
  const pin = found instanceof Promise ? await found : found;
  if (!pin.ok) return refuseCall(routed, pin.error, line);
  const access = renew(routed.arrival.access, ports);
  if (!access.ok) return refuseCall(routed, access.error, line);
  // INVARIANT: from here on the call sees one version, in the turn in which it is judged (threats 63, 64).
  const call = { ...routed, arrival: { ...routed.arrival, access: access.value } };
  const judged = decide(call, pin.value, ports);
  if (judged.stop !== undefined) return stop(judged, refusalOf(judged, judged.stop), line);
  const mismatch = mirrorProblem(judged);
  if (mismatch !== undefined) return refuseUnfit(judged, { kind: "header-mismatch", detail: mismatch }, line);
  if (!useUp(call, line)) return refuseUsed(call, line);
  const reserving = reserve(judged, ports);
  const reserved = reserving instanceof Promise ? await reserving : reserving;
  if (!reserved.ok) {
    const { rule, message, retryAfterMs } = reserved.error;
    const decision = { ...judged.decision, effect: "deny", rule, message } as const;
    return stop({ ...judged, decision }, { kind: "denied", message, retryAfterMs }, line);
  }
  return await send(reserved.value, line);
}

async function send(allowed: AllowedCall, line: Line): Promise<void> {
  const { ports } = line;
  const { arrival, message } = allowed.call;
  let relay: Relay | undefined;
  try {
    const intended = await intend(allowed, ports);
    if (intended === undefined) {
      ports.counters.refund(allowed.charges);
      giveBack(allowed.call, line);
      return tell(arrival, { kind: "audit-unavailable" }, contextOf(allowed.call), line);
    }
    relay = new Relay(intended, line);
    if (releaseLeft(intended.call)) await new Promise(setImmediate);
    // The grant may have ended while the row was committed: nothing of a revoked grant is sent (promise P4).
    const { access, reply } = arrival;
    if (!ports.snapshot.isCurrent(access.grant, access.digest) || reply.closed) return relay.cut();
    relay.attach(forward(intended, new GuardedSink(relay, ports.observer), ports.upstreams));
    if (message?.kind === "notification") cancelNamed(message, inFlightOf(allowed.call));
  } catch (fault) {
    if (relay === undefined) return tellFault(arrival, fault, contextOf(allowed.call), line);
    warnOfFault(arrival.requestId, fault, line);
    relay.failClosed();
  }
}

/** A resumed stream takes the place of those that its client left, which are closed before it is asked for. */
function releaseLeft({ arrival, session }: RoutedCall): boolean {
  if (arrival.verb !== "GET" || arrival.headers.lastEventId === undefined) return false;
  const released = (session?.inFlight.list() ?? []).map((inFlight) => inFlight.release());
  return released.includes(true);
}

/** `notifications/cancelled`: the request that it names ends here too. False where there is none. */
function cancelNamed(message: NotificationMessage, inFlight: InFlightCalls | undefined): boolean {
  if (message.method !== "notifications/cancelled") return false;
  const id = message.params === undefined ? undefined : own(message.params, "requestId");
  const named = isRequestId(id) ? inFlight?.get(id) : undefined;
  named?.cancel();
  return named !== undefined;
}

/** Another message was sent with what serves one alone. */
function refuseUsed(call: RoutedCall, line: Line): Promise<void> {
  const { arrival, message } = call;
  if (message?.kind === "response") return drop(arrival, message, line);
  return refuseCall(call, { kind: "handle-unknown", what: "requestState" }, line);
}

/** A notification that goes nowhere gets 202; what it cancels is cancelled (a modern client on stdio). */
function drop(arrival: Arrival, message: Message, line: Line): Promise<void> {
  const isObeyed = message.kind === "notification" && cancelNamed(message, arrival.stdioSession?.inFlight);
  const reason = isObeyed ? "The request that it names is cancelled." : "A message that nobody waits for.";
  const recorded = recordRefused(arrival, methodOf(message), "dropped", reason, line.ports);
  return tellOnRecord(recorded, arrival, undefined, contextIn(arrival, message), line);
}

/** Nobody is known: no audit row, or strangers could fill the disk. */
function refuseStranger(request: AgentRequest, reply: Reply, refusal: Refusal, line: Line): void {
  const { ports, throttle } = line;
  const address = request.socket.remoteAddress ?? "";
  const isFailure = refusal.kind === "unauthenticated";
  const retryAfterS = isFailure ? throttle.noteFailure(address, ports.clock.monotonicMs()) : 0;
  const told: Refusal = retryAfterS > 0 ? { kind: "throttled", retryAfterS } : refusal;
  ports.observer.refused(told.kind);
  refuse(reply, told, { id: undefined, era: "modern", isToolCall: false });
}

function malformed(error: ReadError): Refusal {
  return { kind: "malformed", code: error.code, reason: error.reason };
}
