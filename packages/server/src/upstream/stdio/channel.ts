import type { JsonObject } from "@portcullis/policy";
import type { Era, Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../../call/ports.ts";
import { INTERNAL_ERROR } from "../../mcp/revisions.ts";
import { Delivery } from "./delivery.ts";
import { type InFlightCall, InFlightCalls } from "./in-flight-calls.ts";
import { routeNotification } from "./notification-route.ts";
import type { ProcessExit, ServerProcess } from "./server-process.ts";
import { ServerQuestions } from "./server-questions.ts";
import {
  paramOf,
  progressTokenOf,
  readWireMessage,
  subscriptionIdOf,
  toLine,
  toText,
  type WireMessage,
  withMetaToken,
  withParam,
  withResponseId,
  withSubscriptionId,
} from "./wire-message.ts";

/** Whom a channel tells what became of it. */
export interface ChannelHost {
  readonly era: Era;
  readonly idleMs: number;
  /** The process gave its first answer: the command works. */
  onHealthy(): void;
  /** Output that is no message, for the first time. */
  onStray(): void;
  /** The process is gone; once. `isCrash` unless it was stopped, or went by itself with nothing left to do. */
  onGone(exit: ProcessExit & { readonly isCrash: boolean }): void;
}

type Of<K extends WireMessage["kind"]> = Extract<WireMessage, { kind: K }>;

/** Servers print banners to standard output; so many lines in a row without any message are not a banner. */
const MAX_STRAY_LINES = 100;
/** Given back for `initialize`, so that the line opens a session; the process itself has none. */
const SESSION = "stdio";
const EMPTY = Buffer.alloc(0);
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One process, spoken to as if it were an HTTP server with one session. */
export class StdioChannel {
  readonly #process: ServerProcess;
  readonly #host: ChannelHost;
  readonly #calls = new InFlightCalls();
  readonly #questions = new ServerQuestions();
  /** The held GET stream. */
  #stream: Delivery | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #lastWireId = 0;
  #strayLines = 0;
  #hasStrayed = false;
  #hasAnswered = false;
  #isInitialized = false;
  #isClosed = false;

  constructor(process: ServerProcess, host: ChannelHost) {
    this.#process = process;
    this.#host = host;
    process.listen({
      onLine: (line) => this.#onLine(line),
      onOversizedLine: () => this.#onOversizedLine(),
      onEndlessLine: () => this.#giveUp("garbage"),
      onStalled: () => this.#onStalled(),
      onExit: (exit) => this.#onExit(exit),
    });
  }

  /** False once it was closed or its process takes nothing any more. */
  get isOpen(): boolean {
    return !this.#isClosed && this.#process.isOpen;
  }

  /** True once the process answered anything. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Resolves when nothing of the process is left. */
  get closed(): Promise<void> {
    return this.#process.closed;
  }

  /** One POST or GET. */
  open(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    const exchange = request.verb === "GET" ? this.#openStream(sink) : this.#post(request, sink);
    this.#onExchangesChanged();
    return exchange;
  }

  /** Ends everything on it and stops the process. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#stream?.end();
    this.#failAll({ kind: "exited", sent: true });
    this.#process.stop();
  }

  /** As close, without any delay. */
  kill(): void {
    this.#process.kill();
  }

  #post(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    const message = request.body === undefined ? undefined : readWireMessage(request.body);
    if (message?.kind === "request") return this.#postRequest(message, request, sink);
    const line = message === undefined ? undefined : this.#oneWayLine(message);
    const delivery = new Delivery(sink, undefined, () => {});
    const failure = message === undefined ? UNUSABLE : line === undefined ? undefined : this.#write(line);
    queueMicrotask(() => (failure === undefined ? delivery.answer(202, EMPTY) : delivery.fail(failure)));
    return this.#exchangeOf(delivery, () => {});
  }

  /** A notification or an answer of the client as the process must see it; undefined for what is dropped. */
  #oneWayLine(message: Of<"notification" | "response">): string | undefined {
    if (message.kind === "response") {
      const serverId = this.#questions.take(message.id);
      return serverId === undefined ? undefined : toLine({ ...message.value, id: serverId });
    }
    if (message.method !== "notifications/cancelled") return toLine(message.value);
    const call = this.#calls.named(paramOf(message.value, "requestId"));
    // 2025-11-25 cancellation: `initialize` must not be cancelled.
    if (call === undefined || call.method === "initialize") return undefined;
    call.isCancelled = true;
    return toLine(withParam(message.value, "requestId", call.wireId));
  }

  #postRequest(message: Of<"request">, request: UpstreamRequest, sink: UpstreamSink): Exchange {
    const call = this.#makeCall(message, request, sink);
    const { delivery } = call;
    const line = toLine(wired(message.value, call));
    this.#calls.add(call);
    const failure = line === undefined ? UNUSABLE : this.#write(line, () => this.#onRead(call));
    if (failure !== undefined) {
      this.#calls.remove(call);
      queueMicrotask(() => delivery.fail(failure));
    }
    if (this.#stream === undefined) this.#deliverWaiting(delivery);
    return this.#exchangeOf(delivery, () => this.#abandon(call));
  }

  #makeCall(message: Of<"request">, request: UpstreamRequest, sink: UpstreamSink): InFlightCall {
    this.#lastWireId += 1;
    const session = this.#host.era === "legacy" && message.method === "initialize" ? SESSION : undefined;
    const { deadlineMs } = request;
    // Zero is no deadline: a subscription ends with its client or its grant.
    const isBounded = deadlineMs > 0 && deadlineMs <= MAX_TIMER_MS;
    const call: InFlightCall = {
      wireId: this.#lastWireId,
      id: message.id,
      progressToken: progressTokenOf(message.value),
      method: message.method,
      makesTask: paramOf(message.value, "task") !== undefined,
      delivery: new Delivery(sink, session, () => this.#abandon(call)),
      deadline: isBounded ? setTimeout(() => this.#onDeadline(call), deadlineMs) : undefined,
      isRead: false,
      isCancelled: false,
    };
    return call;
  }

  #openStream(sink: UpstreamSink): Exchange {
    const stream = new Delivery(sink, undefined, () => this.#closeStream(stream));
    this.#stream?.end();
    this.#stream = stream;
    queueMicrotask(() => stream.stream());
    this.#deliverWaiting(stream);
    return this.#exchangeOf(stream, () => this.#closeStream(stream));
  }

  #exchangeOf(delivery: Delivery, onCancel: () => void): Exchange {
    return {
      cancel: () => {
        if (delivery.isDone) return;
        delivery.drop();
        onCancel();
      },
      pause: () => {
        delivery.pause();
        this.#updateReading();
      },
      resume: () => {
        delivery.resume();
        this.#updateReading();
      },
    };
  }

  /** Undefined when it was written, or why not a byte of it was. */
  #write(line: string, onRead: () => void = () => {}): UpstreamFailure | undefined {
    if (!this.#process.hasRoom) return { kind: "busy", sent: false };
    return this.#process.write(line, onRead) ? undefined : { kind: "unreachable", sent: false };
  }

  #deliverWaiting(delivery: Delivery): void {
    queueMicrotask(() => {
      if (delivery.isDone) return;
      for (const text of this.#questions.takeWaiting()) delivery.event(text);
    });
  }

  #onRead(call: InFlightCall): void {
    call.isRead = true;
  }

  #onLine(line: Buffer): void {
    if (this.#isClosed) return;
    const message = readWireMessage(line);
    if (message === undefined) return this.#onStrayLine();
    this.#strayLines = 0;
    if (message.kind === "response") this.#onResponse(message);
    else if (message.kind === "request") this.#onQuestion(message);
    else this.#onNotification(message);
  }

  #onResponse(message: Of<"response">): void {
    const call = this.#calls.get(message.id);
    // Late, foreign or never asked for: nobody may see it.
    if (call === undefined) return;
    this.#calls.remove(call);
    this.#calls.keepTaskToken(call);
    if (!this.#hasAnswered) this.#host.onHealthy();
    this.#hasAnswered = true;
    if (call.method === "initialize" && Object.hasOwn(message.value, "result")) this.#isInitialized = true;
    const text = restored(message, call);
    if (text === undefined) call.delivery.fail({ kind: "garbage", sent: true });
    else call.delivery.response(text);
    this.#onCallGone(call);
  }

  /** A request of the server to its client. */
  #onQuestion(message: Of<"request">): void {
    // 2026-07-28 stdio: servers write no requests, and clients no responses.
    if (this.#host.era === "modern") return;
    const delivery = this.#openDelivery();
    if (delivery === undefined && message.method === "ping")
      return this.#answerServer(message, { result: {} });
    const clientId = this.#questions.note(message.id);
    const text = clientId === undefined ? undefined : toText({ ...message.value, id: clientId });
    if (text !== undefined && delivery !== undefined) return delivery.event(text);
    if (text !== undefined && this.#questions.wait(text)) return;
    if (clientId !== undefined) this.#questions.take(clientId);
    const error = { code: INTERNAL_ERROR, message: "too many requests are waiting for the client" };
    this.#answerServer(message, { error });
  }

  #answerServer(message: Of<"request">, answer: JsonObject): void {
    const line = toLine({ jsonrpc: "2.0", id: message.id, ...answer });
    if (line !== undefined) this.#write(line);
  }

  /** Where a legacy server's own messages go: the GET stream, else the stream of the newest request. */
  #openDelivery(): Delivery | undefined {
    return this.#stream ?? this.#calls.newest()?.delivery;
  }

  #onNotification(message: Of<"notification">): void {
    const route = routeNotification(message, this.#host.era, this.#calls, this.#questions);
    if (route === undefined) return;
    const delivery = route.call?.delivery ?? this.#openDelivery();
    const text =
      route.value === message.value && !message.text.includes("\r") ? message.text : toText(route.value);
    if (text !== undefined) delivery?.event(text);
    if (route.ends !== true || route.call === undefined || !this.#calls.remove(route.call)) return;
    route.call.delivery.end();
    this.#onCallGone(route.call);
  }

  #onStrayLine(): void {
    if (!this.#hasStrayed) this.#host.onStray();
    this.#hasStrayed = true;
    this.#strayLines += 1;
    if (this.#strayLines > MAX_STRAY_LINES) this.#giveUp("garbage");
  }

  /** It belongs to some request in flight, but to which cannot be read. */
  #onOversizedLine(): void {
    for (const call of this.#calls.removeAll()) {
      this.#cancelOnWire(call);
      call.delivery.fail({ kind: "too-large", sent: true });
    }
    this.#onExchangesChanged();
  }

  #onStalled(): void {
    for (const call of this.#calls.removeAll()) {
      call.delivery.fail({ kind: call.isRead ? "exited" : "stalled", sent: true });
    }
  }

  #giveUp(kind: "garbage"): void {
    this.#failAll({ kind, sent: true });
    this.#process.kill();
  }

  #onDeadline(call: InFlightCall): void {
    call.delivery.fail({ kind: "deadline", sent: true });
    this.#abandon(call);
  }

  /** Nobody waits for it any more. */
  #abandon(call: InFlightCall): void {
    if (!this.#calls.remove(call)) return;
    this.#cancelOnWire(call);
    this.#onCallGone(call);
  }

  #cancelOnWire(call: InFlightCall): void {
    if (call.isCancelled || call.method === "initialize") return;
    const params = { requestId: call.wireId };
    const line = toLine({ jsonrpc: "2.0", method: "notifications/cancelled", params });
    if (line !== undefined) this.#write(line);
  }

  #onCallGone(call: InFlightCall): void {
    // Without its session no client can come back to this process: it must not hold one of the few places.
    if (this.#host.era === "legacy" && call.method === "initialize" && !this.#isInitialized) this.close();
    else this.#onExchangesChanged();
  }

  #closeStream(stream: Delivery): void {
    if (this.#stream === stream) this.#stream = undefined;
    this.#onExchangesChanged();
  }

  #onExchangesChanged(): void {
    clearTimeout(this.#idleTimer);
    this.#updateReading();
    if (this.#isClosed || this.#calls.size > 0 || this.#stream !== undefined) return;
    this.#idleTimer = setTimeout(() => this.close(), Math.min(this.#host.idleMs, MAX_TIMER_MS)).unref();
  }

  /** A paused reader stops the process only where nobody else is served by it. */
  #updateReading(): void {
    const only = this.#calls.size === 0 ? this.#stream : this.#onlyCall()?.delivery;
    this.#process.setReading(only?.isPaused !== true);
  }

  #onlyCall(): InFlightCall | undefined {
    return this.#stream === undefined ? this.#calls.only(() => true) : undefined;
  }

  #onExit(exit: ProcessExit): void {
    clearTimeout(this.#idleTimer);
    const wasBusy = this.#calls.size > 0;
    const isCrash = !this.#isClosed && (wasBusy || exit.code !== 0);
    this.#isClosed = true;
    this.#host.onGone({ ...exit, isCrash });
    this.#failAll({ kind: "exited", sent: true });
  }

  #failAll(failure: UpstreamFailure): void {
    const stream = this.#stream;
    this.#stream = undefined;
    for (const call of this.#calls.removeAll()) call.delivery.fail(failure);
    stream?.fail(failure);
  }
}

/** Not reached with a judged message: it would be a body that is no message, or one too deep to write again. */
const UNUSABLE: UpstreamFailure = { kind: "unreachable", sent: false };

/** The client's request under our id and token. */
function wired(value: JsonObject, call: InFlightCall): JsonObject {
  const renamed = { ...value, id: call.wireId };
  return call.progressToken === undefined ? renamed : withMetaToken(renamed, call.wireId);
}

/** The server's response under the client's id, which a subscription's result names once more. */
function restored(message: Of<"response">, call: InFlightCall): string | undefined {
  if (subscriptionIdOf(message.value, "result") !== call.wireId) return withResponseId(message, call.id);
  return toText(withSubscriptionId({ ...message.value, id: call.id }, "result", call.id));
}
