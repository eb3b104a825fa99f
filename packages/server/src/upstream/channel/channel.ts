import type { Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../../call/ports.ts";
import type { Era } from "../../call/records.ts";
import { isBeyondBounds } from "../../mcp/server-message.ts";
import { toCancelLine, toClientResponse, toOneWayLine, toRequestLine } from "./client-message.ts";
import { Delivery } from "./delivery.ts";
import { type InFlightCall, MAX_IN_FLIGHT } from "./in-flight-calls.ts";
import { routeNotification } from "./notification-route.ts";
import { OpenExchanges, startDeadline } from "./open-exchanges.ts";
import { BUSY, CLOSED, LATE, oneWayReceipt, requestReceipt, UNUSABLE, UNWATCHED } from "./receipts.ts";
import { ServerQuestions } from "./server-questions.ts";
import { CHANNEL_SESSION, MAX_STRAY_LINES, type Wire, type WireEnd } from "./wire.ts";
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
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** The server gave its first answer: its target works. */
  onHealthy(): void;
  /** Something that is no message, for the first time. */
  onStray(): void;
  /** The wire is gone; once. `isCrash` unless it was stopped, or went by itself with nothing left to do. */
  onGone(end: WireEnd & { readonly isCrash: boolean }): void;
}

type Of<K extends WireMessage["kind"]> = Extract<WireMessage, { kind: K }>;

/** One wire, spoken to as if it were an HTTP server with one session. */
export class Channel {
  readonly #wire: Wire;
  readonly #host: ChannelHost;
  readonly #exchanges: OpenExchanges;
  readonly #questions = new ServerQuestions();
  #lastWireId = 0;
  #strayLines = 0;
  #hasStrayed = false;
  #hasAnswered = false;
  #isInitialized = false;
  #isClosed = false;

  constructor(wire: Wire, host: ChannelHost) {
    this.#wire = wire;
    this.#host = host;
    this.#exchanges = new OpenExchanges({
      idleMs: host.idleMs,
      now: host.now,
      onIdle: () => this.close(),
      setReading: (isReading) => wire.setReading(isReading),
    });
    wire.listen({
      onLine: (line) => this.#onLine(line),
      onOversizedLine: () => this.#onOversizedLine(),
      onEndlessLine: () => this.#giveUp(),
      onStalled: () => this.#onStalled(),
      onEnd: (end) => this.#onEnd(end),
    });
  }

  /** False once it was closed or its wire takes nothing any more. */
  get isOpen(): boolean {
    return !this.#isClosed && this.#wire.isOpen;
  }

  /** True once the server answered anything. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** When it was last used, monotonic milliseconds; undefined while it may be at work. */
  get idleSinceMs(): number | undefined {
    return this.#exchanges.idleSinceMs;
  }

  /** Resolves when nothing of the wire is left. */
  get closed(): Promise<void> {
    return this.#wire.closed;
  }

  /** One POST or GET. */
  open(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    const exchange = request.verb === "GET" ? this.#openStream(sink) : this.#post(request, sink);
    this.#onExchangesChanged();
    return exchange;
  }

  /** Ends everything on it and stops the wire. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wire.stop();
    this.#exchanges.close(this.#wire.stopFailure);
  }

  /** Ends the wire without any delay. */
  kill(): void {
    this.#wire.kill();
  }

  #post(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    const message = request.body === undefined ? undefined : readWireMessage(request.body);
    if (message?.kind === "request") return this.#postRequest(message, request, sink);
    const delivery = new Delivery(sink, undefined, () => {});
    const receipt = oneWayReceipt(delivery);
    if (message === undefined) {
      receipt.onFailed(UNUSABLE);
    } else {
      const line = toOneWayLine(message, this.#exchanges.calls, this.#questions);
      if (line === undefined) receipt.onTaken();
      else this.#write(line, receipt, request.headers);
    }
    return this.#exchangeOf(delivery, () => {});
  }

  #postRequest(message: Of<"request">, request: UpstreamRequest, sink: UpstreamSink): Exchange {
    const call = this.#makeCall(message, request, sink);
    const { delivery } = call;
    const line = toRequestLine(message, call);
    const receipt = requestReceipt(call, (one) => this.#end(one));
    this.#exchanges.calls.add(call);
    if (this.#exchanges.calls.size > MAX_IN_FLIGHT) receipt.onFailed(BUSY);
    else if (line === undefined) receipt.onFailed(UNUSABLE);
    else this.#write(line, receipt, request.headers);
    if (!this.#exchanges.hasStream) this.#deliverWaiting(delivery);
    return this.#exchangeOf(delivery, () => this.#abandon(call));
  }

  #makeCall(message: Of<"request">, { deadlineMs }: UpstreamRequest, sink: UpstreamSink): InFlightCall {
    this.#lastWireId += 1;
    const isOpening = this.#host.era === "legacy" && message.method === "initialize";
    const session = isOpening ? CHANNEL_SESSION : undefined;
    const call: InFlightCall = {
      wireId: this.#lastWireId,
      id: message.id,
      progressToken: progressTokenOf(message.value),
      method: message.method,
      makesTask: paramOf(message.value, "task") !== undefined,
      delivery: new Delivery(sink, session, () => this.#abandon(call)),
      deadline: startDeadline(deadlineMs, () => this.#abandon(call, LATE)),
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

  #write(line: string, receipt = UNWATCHED, headers: readonly string[] = []): void {
    if (!this.#wire.hasRoom) receipt.onFailed(BUSY);
    else if (!this.#wire.write(line, receipt, headers)) receipt.onFailed(CLOSED);
  }

  /** The request did not reach the server. */
  #end(call: InFlightCall): boolean {
    const wasInFlight = this.#exchanges.calls.remove(call);
    queueMicrotask(() => this.#onExchangesChanged());
    return wasInFlight;
  }

  #deliverWaiting(delivery: Delivery): void {
    queueMicrotask(() => {
      if (delivery.isDone) return;
      for (const text of this.#questions.takeWaiting()) delivery.event(text);
    });
  }

  #onLine(line: Buffer | string): void {
    if (this.#isClosed) return;
    const message = readWireMessage(line);
    // Too much to be read may be the answer that somebody waits for, as a line that is too long may be.
    if (message === undefined)
      return isBeyondBounds(line.toString()) ? this.#onOversizedLine() : this.#onStrayLine();
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
    calls.noteTask(call, message.value);
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
    this.#wire.kill();
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
    // Without a session no client can come back to this wire: it must not hold one of the few places.
    if (isLost) this.close();
    else this.#exchanges.update();
  }

  #onEnd(end: WireEnd): void {
    const isCrash = !this.#isClosed && (this.#exchanges.calls.size > 0 || !end.isClean);
    this.#isClosed = true;
    this.#host.onGone({ ...end, isCrash });
    this.#exchanges.fail(end.failure);
  }
}
