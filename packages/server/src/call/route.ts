import { err, ok, type Result } from "@portcullis/policy";
import { checkMirrors, type EraError, eraOfMessage, eraOnStdio, type MessageError } from "../mcp/era.ts";
import type { Message, NotificationMessage, RequestMessage, ResponseMessage } from "../mcp/json-rpc.ts";
import {
  HEADER_MISMATCH,
  isClientNotification,
  LEGACY_VERSIONS,
  MODERN_VERSION,
  UNSUPPORTED_VERSION,
} from "../mcp/revisions.ts";
import type { Arrival, RoutedCall } from "./call.ts";
import { type RequestStates, withOpenRelatedTask } from "./handles.ts";
import { encode, openRelatedTask, openRequestState } from "./open-message.ts";
import type { Ports } from "./ports.ts";
import type { Era, Server } from "./records.ts";
import type { Refusal } from "./refusal.ts";
import { type Session, Sessions } from "./sessions.ts";
import { readSubject } from "./subject.ts";

/** What routing needs besides the ports. */
export interface RouteTools {
  readonly ports: Ports;
  readonly sessions: Sessions;
  readonly states: RequestStates;
}

/** A message that is answered here and goes nowhere: dropped notifications, answers to nobody. */
export interface Dropped {
  readonly dropped: true;
}

/** What routing makes of a message. */
export type Routing = Result<RoutedCall | Dropped, Refusal>;

/**
 * Stage route: which revision the message speaks, which session it belongs to, what it is about. The body decides;
 * headers only have to agree with it. Synchronous where the server's era is known, which is nearly always.
 */
export function route(
  arrival: Arrival,
  body: Buffer,
  message: Message,
  tools: RouteTools,
): Routing | Promise<Routing> {
  const claimed = arrival.mirrored
    ? eraOfMessage(message, arrival.headers.protocolVersion)
    : eraOnStdio(message);
  if (!claimed.ok && claimed.error.code !== UNSUPPORTED_VERSION) return err(eraRefusal(claimed.error));
  const routeIn = (spoken: Result<Era, Refusal>): Routing => {
    if (!spoken.ok) return spoken;
    if (!claimed.ok) return err(claimRefusal(claimed.error, spoken.value));
    const mismatch = eraMismatch(arrival, claimed.value, spoken.value);
    if (mismatch !== undefined) return err(mismatch);
    return claimed.value === "modern"
      ? routeModern(arrival, body, message, tools)
      : routeLegacy(arrival, body, message, tools);
  };
  const spoken = serverEra(arrival, tools.ports);
  return spoken instanceof Promise ? spoken.then(routeIn) : routeIn(spoken);
}

/** GET opens the stream of a legacy session, DELETE ends it; a modern server knows neither (2026-07-28). */
export async function routeVerb(arrival: Arrival, tools: RouteTools): Promise<Result<RoutedCall, Refusal>> {
  const { access, headers, verb } = arrival;
  const era = await serverEra(arrival, tools.ports);
  if (!era.ok) return era;
  const isModern = era.value === "modern" && headers.sessionId === undefined && arrival.mirrored;
  if (isModern || headers.protocolVersion === MODERN_VERSION) {
    return err({ kind: "method-not-allowed", allow: "POST" });
  }
  const session = findSession(arrival, tools);
  if (!session.ok) return session;
  if (verb === "DELETE" && session.value.id === undefined) return err({ kind: "session-missing" });
  return ok({
    arrival,
    era: "legacy",
    message: undefined,
    body: undefined,
    method: verb,
    subject: { kind: "free" },
    session: session.value,
    channel: session.value.id === undefined ? access.grant.id : session.value.channel,
    once: undefined,
  });
}

function serverEra(arrival: Arrival, ports: Ports): Result<Era, Refusal> | Promise<Result<Era, Refusal>> {
  const { server } = arrival.access;
  const known = ports.upstreams.knownEra(server);
  return known === undefined ? detectEra(server, ports) : ok(known);
}

async function detectEra(server: Server, ports: Ports): Promise<Result<Era, Refusal>> {
  const detected = await ports.upstreams.detectEra(server);
  if (detected.ok) return detected;
  return err({
    kind: "upstream-failed",
    server: server.name,
    failure: detected.error,
    deadlineMs: server.deadlineMs,
  });
}

/** Why a server that speaks `spoken` cannot answer a message of `claimed`; undefined when it can. */
function eraMismatch({ access }: Arrival, claimed: Era, spoken: Era): Refusal | undefined {
  const { server } = access;
  // A server that was found modern may speak both (versioning, "Dual-era"): an `initialize` is its to answer.
  if (spoken === claimed || (claimed === "legacy" && server.era === "auto")) return undefined;
  return { kind: "era-mismatch", server: server.name, speaks: spoken };
}

function routeModern(
  arrival: Arrival,
  body: Buffer,
  message: Message,
  tools: RouteTools,
): Result<RoutedCall | Dropped, Refusal> {
  if (message.kind === "response") {
    return err({ kind: "malformed", code: -32600, reason: "Clients of this revision send no responses." });
  }
  if (arrival.mirrored) {
    const problem = checkMirrors(message, arrival.headers.raw);
    if (problem !== undefined) return err(eraRefusal(problem));
  }
  const channel = arrival.access.grant.id;
  if (message.kind === "notification")
    return routeNotification(arrival, body, message, { era: "modern", session: undefined, channel });
  const subject = readSubject(message, "modern", arrival.access, tools.ports.keys);
  if (!subject.ok) return subject;
  const base = { arrival, era: "modern", method: message.method, session: undefined, channel } as const;
  const opened = openRequestState(message, subject.value.message ?? message, arrival, tools);
  if (!opened.ok) return opened;
  const rebuilt = opened.value?.message ?? subject.value.message;
  return ok({
    ...base,
    subject: subject.value.subject,
    message: rebuilt ?? message,
    body: rebuilt === undefined ? body : encode(rebuilt),
    once: opened.value?.once,
  });
}

/** A version that nobody speaks is answered with those of this server: nothing is translated between eras. */
function claimRefusal(error: EraError, spoken: Era): Refusal {
  if (error.code !== UNSUPPORTED_VERSION) return eraRefusal(error);
  const supported = spoken === "modern" ? [MODERN_VERSION] : LEGACY_VERSIONS;
  return { kind: "unsupported-version", requested: error.requested, supported };
}

function eraRefusal(error: MessageError): Refusal {
  if (error.code === HEADER_MISMATCH) return { kind: "header-mismatch", detail: error.reason };
  return { kind: "malformed", code: error.code, reason: error.reason };
}

function routeLegacy(
  arrival: Arrival,
  body: Buffer,
  message: Message,
  tools: RouteTools,
): Result<RoutedCall | Dropped, Refusal> {
  if (message.kind === "request" && message.method === "initialize")
    return ok(routeInitialize(arrival, body, message));
  const found = findSession(arrival, tools);
  if (!found.ok) return found;
  const session = found.value;
  if (message.kind === "response") return routeResponse(arrival, body, message, session, tools.ports);
  const place = { era: "legacy", session, channel: session.channel } as const;
  if (message.kind === "notification") {
    const opened = openRelatedTask(message, arrival, tools.ports);
    return routeNotification(arrival, opened === undefined ? body : encode(opened), opened ?? message, place);
  }
  const read = readSubject(message, "legacy", arrival.access, tools.ports.keys);
  if (!read.ok) return read;
  const { subject, message: rebuilt } = read.value;
  return ok({
    ...place,
    arrival,
    message: rebuilt ?? message,
    body: rebuilt === undefined ? body : encode(rebuilt),
    method: message.method,
    subject,
    once: undefined,
  });
}

/** The one request that comes before its session. */
function routeInitialize(arrival: Arrival, body: Buffer, message: RequestMessage): RoutedCall {
  return {
    arrival,
    era: "legacy",
    message,
    body,
    method: message.method,
    subject: { kind: "free" },
    session: undefined,
    channel: Sessions.newId(),
    once: undefined,
  };
}

function findSession(arrival: Arrival, { sessions, ports }: RouteTools): Result<Session, Refusal> {
  const nowMs = ports.clock.monotonicMs();
  const { access, headers, stdioSession } = arrival;
  if (stdioSession !== undefined) return ok(stdioSession.current ?? sessions.stateless(access, nowMs));
  if (headers.sessionId === undefined) {
    if (sessions.areIssuedBy(access.server.id)) return err({ kind: "session-missing" });
    return ok(sessions.stateless(access, nowMs));
  }
  const session = sessions.find(headers.sessionId, access, nowMs);
  return session === undefined ? err({ kind: "session-unknown" }) : ok(session);
}

/** A client's answer to a server's request passes only where the server asked in this session. */
function routeResponse(
  arrival: Arrival,
  body: Buffer,
  message: ResponseMessage,
  session: Session,
  { keys }: Pick<Ports, "keys">,
): Result<RoutedCall | Dropped, Refusal> {
  if (!session.serverRequests.has(message.id)) return ok({ dropped: true });
  const { result } = message;
  const opened = result === undefined ? undefined : withOpenRelatedTask(keys, arrival.access, result);
  const sent = opened === undefined ? message : { ...message, result: opened };
  return ok({
    arrival,
    era: "legacy",
    message: sent,
    body:
      opened === undefined
        ? body
        : Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: sent.id, result: opened })),
    method: "(response)",
    subject: { kind: "free" },
    session,
    channel: session.channel,
    once: { kind: "question", id: message.id },
  });
}

/** Known notifications pass; others get 202 and go nowhere. */
function routeNotification(
  arrival: Arrival,
  body: Buffer,
  message: NotificationMessage,
  place: Pick<RoutedCall, "era" | "session" | "channel">,
): Result<RoutedCall | Dropped, Refusal> {
  // 2026-07-28 over HTTP, on either side, has no notification from a client: closing the stream is the cancel.
  const isOnLines = !arrival.mirrored && arrival.access.server.target.kind === "stdio";
  if (!isClientNotification(message.method, place.era) || (place.era === "modern" && !isOnLines))
    return ok({ dropped: true });
  const { method } = message;
  return ok({ arrival, message, body, method, subject: { kind: "free" }, once: undefined, ...place });
}
