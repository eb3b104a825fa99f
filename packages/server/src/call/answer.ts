import { type JsonObject, own } from "@portcullis/policy";
import { readServerMessage } from "../mcp/server-message.ts";
import type { SseEvent } from "../mcp/sse.ts";
import type { ResponseProblem } from "./answer-response.ts";
import { screenServerMessage } from "./answer-server.ts";
import { noteVersion, openSession } from "./answer-session.ts";
import { modernStatus } from "./answer-status.ts";
import type { IntendedCall } from "./call.ts";
import { Delivery } from "./delivery.ts";
import { isOpenEnded } from "./forward.ts";
import type { InFlight } from "./in-flight.ts";
import type { Exchange, UpstreamFailure, UpstreamSink } from "./ports.ts";
import { type AnswerTools, checkAnswer, isResponseTo, readAnswer } from "./read-answer.ts";
import { Recording } from "./record.ts";
import { type Member, NOWHERE, type Roster } from "./roster.ts";
import { forgetInFlight, noteInFlight, type Session, type Sessions } from "./sessions.ts";

/** What the relay of one answer needs from the line around it. */
export interface RelayTools extends AnswerTools {
  readonly sessions: Sessions;
  /** Every relay whose exchange is not over. */
  readonly open: Roster<Relay>;
}

const OTHER = { kind: "other" } as const;
const NOT_SENT = { kind: "failure", failure: { kind: "cut", sent: false } } as const;

/**
 * Stage answer: takes the upstream's answer and passes on what is valid and visible. Nothing of an upstream is copied
 * to a client without being parsed first; every request is answered at most once.
 */
export class Relay implements UpstreamSink, InFlight, Member {
  place = NOWHERE;
  readonly call: IntendedCall;
  readonly sinceMs: number;
  readonly #tools: RelayTools;
  readonly #recording: Recording;
  readonly #delivery: Delivery;
  #exchange: Exchange | undefined;
  #isDone = false;
  /** The upstream answers with a stream, whether or not the client is still there to read it. */
  #isStream = false;
  /** The stream carried an event id, from which the client can resume it. */
  #hasEventId = false;
  /** The session of an `initialize` that is answered on a stream: opened by its head, complete with the response. */
  #opened: Session | undefined;

  constructor(call: IntendedCall, tools: RelayTools) {
    this.call = call;
    this.sinceMs = call.call.arrival.startedMs;
    this.#tools = tools;
    this.#recording = new Recording(call, tools.ports);
    this.#delivery = new Delivery(call.call);
    tools.open.add(this);
    const { reply } = call.call.arrival;
    reply.onClose(() => this.#onClientGone());
    reply.onDrain(() => this.#exchange?.resume());
    noteInFlight(call.call, this);
  }

  /** Hands over the exchange that was opened for this call. */
  attach(exchange: Exchange): void {
    this.#exchange = exchange;
    if (this.#isDone) exchange.cancel();
  }

  onAnswer(status: number, body: Buffer, session: string | undefined): void {
    this.#recording.bytes += body.length;
    if (this.call.call.message?.kind !== "request") this.#answerWithoutResponse(status);
    else this.#answerRequest(status, body, session);
    this.#finish();
  }

  onStream(session: string | undefined): void {
    const routed = this.call.call;
    if (routed.method === "initialize") this.#opened = openSession(routed, session, this.#tools);
    if (routed.session !== undefined) routed.session.openStreams += 1;
    this.#isStream = true;
    const id = (this.#opened ?? routed.session)?.id;
    routed.arrival.reply.startStream(id === undefined ? [] : ["mcp-session-id", id]);
  }

  onEvent(event: SseEvent): void {
    const { data } = event;
    if (event.id !== undefined) this.#hasEventId = true;
    // A comment keeps the connection alive; an event without data carries an id to resume from (2025-11-25
    // transports). There is nothing to judge in either.
    if (data === undefined || data === "") return this.#send(event);
    this.#recording.bytes += data.length;
    const value = readServerMessage(data);
    if (value === undefined)
      return this.#onProblem({ kind: "invalid", reason: "an event is not a plain JSON object" });
    if (!Object.hasOwn(value, "method")) return this.#onResponseEvent(event, value, data);
    const screened = screenServerMessage(this.call.call, value, this.#tools);
    if (screened !== undefined)
      this.#send(screened === value ? event : { ...event, data: JSON.stringify(screened) });
  }

  onEnd(): void {
    const routed = this.call.call;
    const isAwaited =
      routed.message?.kind === "request" && !this.#delivery.isDelivered && !isOpenEnded(routed);
    // A legacy stream may end before its response: the client resumes it, and the call stays in flight.
    if (isAwaited && !this.#delivery.isResumable) return this.onFail({ kind: "cut", sent: true });
    routed.arrival.reply.end(isAwaited ? () => this.#lose() : undefined);
    if (!isAwaited) this.#recording.record("ok", OTHER, 200);
    this.#finish();
  }

  onFail(failure: UpstreamFailure): void {
    const { server } = this.call.call.arrival.access;
    this.#recording.record(
      failure.sent ? "unknown" : "upstream_error",
      { kind: "failure", failure },
      failure.httpStatus,
    );
    this.#delivery.refuse({
      kind: "upstream-failed",
      server: server.name,
      failure,
      deadlineMs: server.deadlineMs,
    });
    this.#finish();
  }

  /** Ends the call because its grant ended: revoked, rotated, expired. */
  cut(): void {
    this.#delivery.refuse({ kind: "unauthenticated" });
    this.#stop("cancelled");
  }

  /** A fault of the gateway, of which nothing is told outside: what was sent may have run. */
  failClosed(): void {
    this.#delivery.refuse({ kind: "internal" });
    this.#stop(this.#exchange === undefined ? "upstream_error" : "unknown");
  }

  /** The gateway ends: a stream that waits for what may never come is closed, a call may finish. */
  endIfOpenEnded(): void {
    if (isOpenEnded(this.call.call)) this.#stop("ok");
  }

  /** The client sent `notifications/cancelled` for it; a well-behaved server answers no more. */
  cancel(): void {
    this.#stop("cancelled");
    if (this.#delivery.isDelivered) return;
    // Its own stream ended long ago, and whoever resumes it need not any more.
    this.#delivery.endUnanswered();
    forgetInFlight(this.call.call, this);
  }

  /**
   * The client left this stream and resumes one: closes it towards the server, which sends on one stream only and
   * may refuse the other (2025-11-25 transports). The call stays in flight. True when there was a stream to close.
   */
  release(): boolean {
    const isLeft = this.call.call.arrival.reply.closed && this.#hasEventId;
    if (this.#isDone || !isLeft || !this.#delivery.isResumable) return false;
    this.#exchange?.cancel();
    this.#finish();
    return true;
  }

  /** Its session is over: nobody will come back for the answer, and whoever still waits is told. */
  abandon(): void {
    this.#delivery.refuse({ kind: "session-unknown" });
    this.#stop("unknown");
    forgetInFlight(this.call.call, this);
  }

  /** The response came on another stream of the session. Undefined when it is not to be passed on. */
  takeResponse(value: JsonObject, data: string): string | undefined {
    if (this.#delivery.isDelivered) return undefined;
    const checked = checkAnswer(this.call, value, this.#tools);
    if (checked.ok) this.#recording.record(checked.value.status, checked.value.ending, 200);
    else this.#recording.record("upstream_error", OTHER, undefined);
    this.#exchange?.cancel();
    this.#delivery.endUnanswered();
    this.#finish();
    // The stream that it was awaited on may have ended long ago.
    forgetInFlight(this.call.call, this);
    if (!checked.ok) return this.#delivery.textOf(checked.error);
    return checked.value.replaced === undefined ? data : JSON.stringify(checked.value.replaced);
  }

  #answerWithoutResponse(status: number): void {
    const { session, arrival } = this.call.call;
    const isFine = status >= 200 && status < 300;
    this.#recording.record(isFine ? "ok" : "upstream_error", { kind: "http", status }, status);
    if (arrival.verb === "DELETE" && isFine && session !== undefined) this.#tools.sessions.forget(session);
    // A server without a GET stream or without DELETE says 405: that is its answer, not a fault.
    if (isFine || status === 405) {
      this.#delivery.whole(status, status === 405 ? ["allow", "POST"] : [], undefined);
    } else if (status === 404 && session?.id !== undefined) this.#forgetSession(session);
    else this.#delivery.reject(status);
  }

  #answerRequest(status: number, body: Buffer, session: string | undefined): void {
    const routed = this.call.call;
    const read = readAnswer(this.call, status, body, this.#tools);
    if (!read.ok) {
      if (read.error.kind !== "unusable") return this.#onProblem(read.error);
      return this.#answerUnusable(status, status >= 200 && status < 300);
    }
    const { value, text, ending } = read.value;
    this.#recording.record(read.value.status, ending, status);
    const isOpened = routed.method === "initialize" && read.value.status === "ok";
    const opened = isOpened ? openSession(routed, session, this.#tools) : undefined;
    if (opened !== undefined && value !== undefined) noteVersion(opened, value);
    const headers = ["content-type", "application/json"];
    if (opened?.id !== undefined) headers.push("mcp-session-id", opened.id);
    this.#delivery.whole(routed.era === "modern" ? modernStatus(status, ending) : status, headers, text);
  }

  #answerUnusable(status: number, isFine: boolean): void {
    const { session } = this.call.call;
    this.#recording.record("upstream_error", isFine ? OTHER : { kind: "http", status }, status);
    if (status === 404 && session?.id !== undefined) return this.#forgetSession(session);
    if (!isFine) return this.#delivery.reject(status);
    this.#delivery.refuseProblem({ kind: "invalid", reason: "it is not a plain JSON object" });
  }

  #onResponseEvent(event: SseEvent, value: JsonObject, text: string): void {
    const routed = this.call.call;
    if (isResponseTo(this.call, value)) return this.#onOwnResponse(event, value);
    // A resumed stream may carry answers to earlier requests of the session, each once (threat 41).
    const id = own(value, "id");
    const isId = typeof id === "string" || typeof id === "number";
    const other = isId && routed.arrival.verb === "GET" ? routed.session?.inFlight.get(id) : undefined;
    const data = other?.takeResponse(value, text);
    if (data !== undefined) return this.#send({ ...event, data });
    this.#tools.ports.observer.warn("foreign_response_dropped", {
      server: routed.arrival.access.server.name,
    });
  }

  #onOwnResponse(event: SseEvent, value: JsonObject): void {
    if (this.#delivery.isDelivered) return;
    const checked = checkAnswer(this.call, value, this.#tools);
    if (!checked.ok) return this.#onProblem(checked.error);
    this.#recording.record(checked.value.status, checked.value.ending, 200);
    if (this.#opened !== undefined) noteVersion(this.#opened, value);
    const { replaced } = checked.value;
    this.#delivery.lastEvent(replaced === undefined ? event : { ...event, data: JSON.stringify(replaced) });
  }

  #onProblem(problem: ResponseProblem): void {
    this.#delivery.refuseProblem(problem);
    this.#stop("upstream_error");
  }

  /** No other stream of the session will bring the response. */
  #lose(): void {
    if (this.#delivery.isDelivered) return;
    this.onFail({ kind: "cut", sent: true });
    forgetInFlight(this.call.call, this);
  }

  #onClientGone(): void {
    const { era, arrival } = this.call.call;
    // Modern: closing the stream is the cancel. Legacy: it is not, so the outcome is awaited without the client.
    const isLegacyCall = era === "legacy" && arrival.verb === "POST" && arrival.stdioSession === undefined;
    if (isLegacyCall) this.#exchange?.resume();
    else this.#stop(arrival.verb === "GET" ? "ok" : "cancelled");
  }

  /** The server lost the session: so does the client, which initialises again. */
  #forgetSession(session: Session): void {
    this.#delivery.refuse({ kind: "session-unknown" });
    this.#tools.sessions.forget(session);
  }

  #send(event: SseEvent): void {
    if (!this.#delivery.event(event)) this.#exchange?.pause();
  }

  #stop(status: "ok" | "cancelled" | "unknown" | "upstream_error"): void {
    // policy-spec L6: what was never handed to the upstream provably did not run.
    this.#recording.record(status, this.#exchange === undefined ? NOT_SENT : OTHER, undefined);
    if (this.#isDone) return;
    this.#exchange?.cancel();
    this.#delivery.endUnanswered();
    this.#finish();
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const { session } = this.call.call;
    if (this.#isStream && session !== undefined) session.openStreams -= 1;
    if (!this.#delivery.isResumable) forgetInFlight(this.call.call, this);
    this.#tools.open.delete(this);
  }
}
