import type { Exchange, UpstreamFailure, UpstreamSink } from "../call/ports.ts";
import { NOWHERE } from "../call/roster.ts";
import { turn } from "../call/turn.ts";
import { SseReader } from "../mcp/sse.ts";
import { BodyCollector } from "./body-collector.ts";
import { failureOf } from "./http-failure.ts";
import { isFailure, type ResponseHead, readResponseHead } from "./http-response.ts";
import type { ResponseHandler } from "./http1/connection.ts";
import type { Watchdog, Watched } from "./watchdog.ts";

/** Bounds of one exchange. */
export interface ExchangeLimits {
  /** A JSON body, and the data of one event. */
  readonly maxBodyBytes: number;
  /** All bytes of a stream that has a deadline; streams without one live as long as somebody listens. */
  readonly maxStreamBytes: number;
  /** Silence inside a started body or event. */
  readonly stallMs: number;
}

/** What the exchange needs of the place it runs in. */
export interface ExchangeHost {
  readonly limits: ExchangeLimits;
  readonly watchdog: Watchdog;
  /** The HTTP client is done with the request; its slot is free. Called exactly once, whatever happened. */
  release(exchange: HttpExchange): void;
  /** The exchange failed; says whether the server may have become another one. */
  failed(failure: UpstreamFailure): void;
  /** A sink threw. */
  fault(error: unknown): void;
}

/** Error pages are read to their end up to this, so that the connection can be used again. */
const MAX_DROPPED_BYTES = 64 * 1024;
/** Informational responses are rare; a flood of them keeps a connection busy without ever answering (F6). */
const MAX_INFORMATIONAL = 16;
const EMPTY = Buffer.alloc(0);

/**
 * One request on its way over HTTP: what takes the response on one side, an `Exchange` on the other.
 *
 * `sent` is false until a connection takes the request (`onSend`), which is then written in the same turn. From then
 * on nobody can tell whether it arrived.
 */
export class HttpExchange implements Exchange, ResponseHandler, Watched {
  place = NOWHERE;
  readonly #host: ExchangeHost;
  readonly #deadlineAtMs: number;
  #sink: UpstreamSink | undefined;
  #opened = false;
  #dispatched = false;
  #stopSending: (() => void) | undefined;
  #resume: (() => void) | undefined;
  #paused = false;
  #released = false;
  #sent = false;
  #informational = 0;
  #status: number | undefined;
  #head: ResponseHead | undefined;
  #collector: BodyCollector | undefined;
  #events: SseReader | undefined;
  #droppedBytes = 0;
  #streamBytes = 0;
  /** When silence becomes a stall; infinite between events and before a body starts. */
  #stallAtMs = Number.POSITIVE_INFINITY;

  /** `deadlineMs` 0 or infinite means none. */
  constructor(sink: UpstreamSink, deadlineMs: number, host: ExchangeHost) {
    this.#sink = sink;
    this.#host = host;
    const hasDeadline = deadlineMs > 0 && Number.isFinite(deadlineMs);
    this.#deadlineAtMs = hasDeadline ? performance.now() + deadlineMs : Number.POSITIVE_INFINITY;
    if (hasDeadline) host.watchdog.watch(this);
  }

  /** The HTTP client has the request now: from here on it reports the end of it. */
  markDispatched(): void {
    this.#dispatched = true;
  }

  /** `open` has returned; from now on failures are told at once. */
  markOpened(): void {
    this.#opened = true;
  }

  cancel(): void {
    if (this.#sink === undefined) return;
    this.#settle();
    this.#stop();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#stallAtMs !== Number.POSITIVE_INFINITY) this.#restartStall();
    if (this.#sink !== undefined) this.#resume?.();
  }

  /** Ends the exchange with a failure unless it ended before. */
  fail(failure: UpstreamFailure): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    this.#settle();
    this.#stop();
    this.#host.failed(failure);
    if (this.#opened) this.#tell(() => sink.onFail(failure));
    else queueMicrotask(() => this.#tell(() => sink.onFail(failure)));
  }

  check(nowMs: number): void {
    if (nowMs >= this.#deadlineAtMs) {
      // A request that waited for its turn until the end found the server busy.
      const kind = this.#dispatched ? "deadline" : "busy";
      this.fail({ kind, sent: this.#sent, ...this.#statusMember() });
    } else if (nowMs >= this.#stallAtMs && !this.#paused) {
      this.fail({ kind: "stalled", sent: true, ...this.#statusMember() });
    }
  }

  onSend(stop: () => void): boolean {
    // INVARIANT: a request that may have been sent is never sent again.
    if (this.#sent || this.#sink === undefined) {
      this.#release();
      return false;
    }
    this.#stopSending = stop;
    this.#sent = true;
    return true;
  }

  onHead(status: number, raw: readonly string[], resume: () => void): boolean {
    if (status < 200) {
      this.#informational += 1;
      if (this.#informational > MAX_INFORMATIONAL) this.fail({ kind: "garbage", sent: true });
      return true;
    }
    this.#status = status;
    this.#resume = resume;
    const head = readResponseHead(status, raw, this.#host.limits.maxBodyBytes);
    if (isFailure(head)) {
      this.fail(head);
      return true;
    }
    this.#head = head;
    if (head.body === "json") this.#collector = new BodyCollector(this.#host.limits.maxBodyBytes);
    if (head.body === "events") this.#startStream(head);
    return !this.#paused;
  }

  onBody(chunk: Buffer): boolean {
    switch (this.#head?.body) {
      case "json":
        this.#collect(chunk);
        break;
      case "events":
        this.#readEvents(chunk);
        break;
      case "drop":
        this.#drop(chunk);
        break;
      default:
        this.fail({ kind: "garbage", sent: true, ...this.#statusMember() });
    }
    return !this.#paused;
  }

  onEnd(): void {
    const sink = this.#sink;
    if (sink !== undefined && this.#head?.body === "events") {
      this.#settle();
      this.#tell(() => sink.onEnd());
    } else if (sink !== undefined && this.#head !== undefined) {
      turn.answers.add(() => this.#answer(this.#collector?.take() ?? EMPTY));
    }
    this.#release();
  }

  onError(error: Error): void {
    this.#release();
    if (this.#sink !== undefined) this.fail(failureOf(error, this.#sent, this.#status));
  }

  #startStream(head: ResponseHead): void {
    this.#events = new SseReader(this.#host.limits.maxBodyBytes);
    const sink = this.#sink;
    if (sink !== undefined) this.#tell(() => sink.onStream(head.session));
  }

  #collect(chunk: Buffer): void {
    const collector = this.#collector;
    if (collector === undefined) return;
    this.#restartStall();
    if (!collector.push(chunk)) this.fail({ kind: "too-large", sent: true, ...this.#statusMember() });
  }

  #readEvents(chunk: Buffer): void {
    const events = this.#events;
    if (events === undefined) return;
    this.#streamBytes += chunk.length;
    const hasDeadline = this.#deadlineAtMs !== Number.POSITIVE_INFINITY;
    const isTooLong = hasDeadline && this.#streamBytes > this.#host.limits.maxStreamBytes;
    const read = events.push(chunk);
    if (isTooLong || !read.ok) {
      const kind = read.ok || read.error === "event-too-large" ? "too-large" : "garbage";
      this.fail({ kind, sent: true, ...this.#statusMember() });
      return;
    }
    for (const event of read.value) {
      const sink = this.#sink;
      if (sink !== undefined) this.#tell(() => sink.onEvent(event));
    }
    if (this.#sink === undefined) return;
    if (events.isInsideEvent) {
      this.#restartStall();
    } else if (this.#stallAtMs !== Number.POSITIVE_INFINITY) {
      this.#stallAtMs = Number.POSITIVE_INFINITY;
      if (!hasDeadline) this.#host.watchdog.unwatch(this);
    }
  }

  #drop(chunk: Buffer): void {
    this.#droppedBytes += chunk.length;
    if (this.#droppedBytes <= MAX_DROPPED_BYTES) return;
    this.#answer(EMPTY);
    this.#stop();
  }

  #answer(body: Buffer): void {
    const sink = this.#sink;
    // Cancelled since it was complete.
    if (sink === undefined) return;
    const status = this.#status ?? 0;
    this.#settle();
    this.#tell(() => sink.onAnswer(status, body, this.#head?.session));
  }

  #restartStall(): void {
    this.#stallAtMs = performance.now() + this.#host.limits.stallMs;
    this.#host.watchdog.watch(this);
  }

  #settle(): void {
    this.#sink = undefined;
    this.#host.watchdog.unwatch(this);
  }

  /** Closes the connection: HTTP/1.1 knows no other way to stop a response. */
  #stop(): void {
    const stop = this.#stopSending;
    this.#stopSending = undefined;
    if (!this.#dispatched) this.#release();
    else if (!this.#released) stop?.();
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#host.release(this);
  }

  #tell(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      // A bug in the line must not tear down the connections of others.
      this.cancel();
      this.#host.fault(error);
    }
  }

  #statusMember(): { httpStatus?: number } {
    return this.#status === undefined ? {} : { httpStatus: this.#status };
  }
}
