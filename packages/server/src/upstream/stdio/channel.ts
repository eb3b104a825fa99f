import type { Era, Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../../call/ports.ts";
import { toCancelLine, toClientResponse, toOneWayLine, toRequestLine } from "./client-message.ts";
import { Delivery } from "./delivery.ts";
import type { InFlightCall } from "./in-flight-calls.ts";
import { routeNotification } from "./notification-route.ts";
import { MAX_TIMER_MS, OpenExchanges } from "./open-exchanges.ts";
import type { ProcessExit, ServerProcess } from "./server-process.ts";
import { ServerQuestions } from "./server-questions.ts";
import {
  paramOf,
  progressTokenOf,
  readWireMessage,
  toLine,
  toText,
  type WireMessage,
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
export const MAX_STRAY_LINES = 100;
/** Requests in flight on one process, subscriptions included. */
export const MAX_IN_FLIGHT = 1_024;
/** Given back for `initialize`, so that the line opens a session; the process itself has none. */
const SESSION = "stdio";
const EMPTY = Buffer.alloc(0);
/** A body that is no message, or too deep to be written again: the line sends no such thing. */
const UNUSABLE: UpstreamFailure = { kind: "unreachable", sent: false };
const BUSY: UpstreamFailure = { kind: "busy", sent: false };
const LATE: UpstreamFailure = { kind: "deadline", sent: true };

/** One process, spoken to as if it were an HTTP server with one session. */
export class StdioChannel {
  readonly #process: ServerProcess;
  readonly #host: ChannelHost;
  readonly #exchanges: OpenExchanges;
  readonly #questions = new ServerQuestions();
  #lastWireId = 0;
  #strayLines = 0;
  #hasStrayed = false;
  #hasAnswered = false;
  #isInitialized = false;
  #isClosed = false;

  constructor(process: ServerProcess, host: ChannelHost) {
    this.#process = process;
    this.#host = host;
    this.#exchanges = new OpenExchanges({
      idleMs: host.idleMs,
      onIdle: () => this.close(),
      setReading: (isReading) => process.setReading(isReading),
    });
    process.listen({
      onLine: (line) => this.#onLine(line),
      onOversizedLine: () => this.#onOversizedLine(),
      onEndlessLine: () => this.#giveUp(),
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
    this.#process.stop();
    this.#exchanges.close({ kind: "exited", sent: true });
  }

  /** Ends the process without any delay. */
  kill(): void {
    this.#process.kill();
  }

  #post(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    const message = request.body === undefined ? undefined : readWireMessage(request.body);
    if (message?.kind === "request") return this.#postRequest(message, request, sink);
    const delivery = new Delivery(sink, undefined, () => {});
    const line =
      message === undefined ? undefined : toOneWayLine(message, this.#exchanges.calls, this.#questions);
    const failure = message === undefined ? UNUSABLE : line === undefined ? undefined : this.#write(line);
    queueMicrotask(() => (failure === undefined ? delivery.answer(202, EMPTY) : delivery.fail(failure)));
    return this.#exchangeOf(delivery, () => {});
  }

  #postRequest(message: Of<"request">, request: UpstreamRequest, sink: UpstreamSink): Exchange {
    const call = this.#makeCall(message, request, sink);
    const { delivery } = call;
    const line = toRequestLine(message, call);
    const onRead = () => {
      call.isRead = true;
    };
    this.#exchanges.calls.add(call);
    const isFull = this.#exchanges.calls.size > MAX_IN_FLIGHT;
    const failure = isFull ? BUSY : line === undefined ? UNUSABLE : this.#write(line, onRead);
    if (failure !== undefined) {
      this.#exchanges.calls.remove(call);
      queueMicrotask(() => delivery.fail(failure));
    }
    if (!this.#exchanges.hasStream) this.#deliverWaiting(delivery);
    return this.#exchangeOf(delivery, () => this.#abandon(call));
  }

  #makeCall(message: Of<"request">, { deadlineMs }: UpstreamRequest, sink: UpstreamSink): InFlightCall {
    this.#lastWireId += 1;
    const session = this.#host.era === "legacy" && message.method === "initialize" ? SESSION : undefined;
    // Zero is no deadline: a subscription ends with its client or its grant.
    const isBounded = deadlineMs > 0 && deadlineMs <= MAX_TIMER_MS;
    const call: InFlightCall = {
      wireId: this.#lastWireId,
      id: message.id,
      progressToken: progressTokenOf(message.value),
      method: message.method,
      makesTask: paramOf(message.value, "task") !== undefined,
      delivery: new Delivery(sink, session, () => this.#abandon(call)),
      deadline: isBounded ? setTimeout(() => this.#abandon(call, LATE), deadlineMs) : undefined,
      isRead: false,
      isCancelled: false,
    };
    return call;
  }

  #openStream(sink: UpstreamSink): Exchange {
    const stream = new Delivery(sink, undefined, () => this.#release(stream));
    this.#exchanges.hold(stream);
    queueMicrotask(() => stream.stream());
    this.#deliverWaiting(stream);
    return this.#exchangeOf(stream, () => this.#release(stream));
  }

  #release(stream: Delivery): void {
    this.#exchanges.release(stream);
    this.#onExchangesChanged();
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
        this.#onExchangesChanged();
      },
      resume: () => {
        delivery.resume();
        this.#onExchangesChanged();
      },
    };
  }

  /** Undefined when it was written, or why not a byte of it was. */
  #write(line: string, onRead: () => void = () => {}): UpstreamFailure | undefined {
    if (!this.#process.hasRoom) return BUSY;
    return this.#process.write(line, onRead) ? undefined : { kind: "unreachable", sent: false };
  }

  #deliverWaiting(delivery: Delivery): void {
    queueMicrotask(() => {
      if (delivery.isDone) return;
      for (const text of this.#questions.takeWaiting()) delivery.event(text);
    });
  }

  #onLine(line: Buffer): void {
    if (this.#isClosed) return;
    const message = readWireMessage(line);
    if (message === undefined) {
      this.#onStrayLine();
      return;
    }
    this.#strayLines = 0;
    if (message.kind === "response") this.#onResponse(message);
    else if (message.kind === "request") this.#onQuestion(message);
    else this.#onNotification(message);
  }

  #onResponse(message: Of<"response">): void {
    const { calls } = this.#exchanges;
    const call = calls.take(message.id);
    // Late, foreign or never asked for: nobody may see it.
    if (call === undefined) return;
    calls.keepTaskToken(call);
    if (!this.#hasAnswered) this.#host.onHealthy();
    this.#hasAnswered = true;
    if (call.method === "initialize" && Object.hasOwn(message.value, "result")) this.#isInitialized = true;
    const text = toClientResponse(message, call);
    if (text === undefined) call.delivery.fail({ kind: "garbage", sent: true });
    else call.delivery.response(text);
    this.#onExchangesChanged();
  }

  /** A request of the server to its client. */
  #onQuestion(message: Of<"request">): void {
    // 2026-07-28 stdio: servers write no requests, and clients no responses.
    if (this.#host.era === "modern") return;
    const answer = this.#questions.ask(message, this.#exchanges.voice);
    const line = answer === undefined ? undefined : toLine(answer);
    if (line !== undefined) this.#write(line);
  }

  #onNotification(message: Of<"notification">): void {
    const { calls, voice } = this.#exchanges;
    const route = routeNotification(message, this.#host.era, calls, this.#questions);
    if (route === undefined) return;
    const isUntouched = route.value === message.value && !message.text.includes("\r");
    const text = isUntouched ? message.text : toText(route.value);
    const delivery = route.call?.delivery ?? voice;
    if (text !== undefined) delivery?.event(text);
    if (route.ends !== true || route.call === undefined || !calls.remove(route.call)) return;
    route.call.delivery.end();
    this.#onExchangesChanged();
  }

  #onStrayLine(): void {
    if (!this.#hasStrayed) this.#host.onStray();
    this.#hasStrayed = true;
    this.#strayLines += 1;
    if (this.#strayLines > MAX_STRAY_LINES) this.#giveUp();
  }

  /** It belongs to some request in flight, but to which cannot be read. */
  #onOversizedLine(): void {
    for (const call of this.#exchanges.calls.all()) this.#abandon(call, { kind: "too-large", sent: true });
  }

  #onStalled(): void {
    for (const call of this.#exchanges.calls.removeAll()) {
      call.delivery.fail({ kind: call.isRead ? "exited" : "stalled", sent: true });
    }
  }

  /** What it writes is not the protocol. */
  #giveUp(): void {
    this.#exchanges.fail({ kind: "garbage", sent: true });
    this.#process.kill();
  }

  /** Nobody waits for it any more; `failure` is what its sink is told, if it is still there. */
  #abandon(call: InFlightCall, failure?: UpstreamFailure): void {
    if (!this.#exchanges.calls.abandon(call)) return;
    const line = toCancelLine(call);
    if (line !== undefined) this.#write(line);
    if (failure !== undefined) call.delivery.fail(failure);
    this.#onExchangesChanged();
  }

  #onExchangesChanged(): void {
    if (this.#isClosed) return;
    const isLost = this.#host.era === "legacy" && !this.#isInitialized && this.#exchanges.calls.size === 0;
    // Without a session no client can come back to this process: it must not hold one of the few places.
    if (isLost) this.close();
    else this.#exchanges.update();
  }

  #onExit(exit: ProcessExit): void {
    const isCrash = !this.#isClosed && (this.#exchanges.calls.size > 0 || exit.code !== 0);
    this.#isClosed = true;
    this.#host.onGone({ ...exit, isCrash });
    this.#exchanges.fail({ kind: "exited", sent: true });
  }
}
