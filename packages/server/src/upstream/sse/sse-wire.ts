import type { Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../../call/ports.ts";
import type { SseEvent } from "../../mcp/sse.ts";
import type { Receipt, Wire, WireListener } from "../channel/wire.ts";
import type { Transport } from "../upstreams.ts";
import { endpointPath } from "./endpoint.ts";

/** Bytes that may wait until the server takes them; beyond it no new message is taken. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
const CUT: UpstreamFailure = { kind: "cut", sent: true };
/** Headers that are made anew here, or that this transport does not have. */
const LEFT_BEHIND = /^(?:accept|content-type|last-event-id|mcp-.*)$/;

interface Written {
  readonly body: Buffer;
  readonly headers: readonly string[];
  readonly receipt: Receipt;
}

/**
 * One event stream of the 2024-11-05 transport: its first event names the address that takes messages, everything
 * that the server says comes on it, and the session ends with it. What is written before the address is known waits.
 */
export class SseWire implements Wire {
  readonly stopFailure = CUT;
  readonly #http: Transport;
  readonly #opening: UpstreamRequest;
  readonly #url: string;
  readonly #headers: readonly string[];
  readonly #closed = Promise.withResolvers<void>();
  /** On their way, with what becomes of them. */
  readonly #posts = new Map<Exchange, Receipt>();
  readonly #endpointTimer: NodeJS.Timeout;
  #listener: WireListener | undefined;
  #stream: Exchange | undefined;
  /** Where messages go; undefined until the server said it. */
  #path: string | undefined;
  #waiting: Written[] = [];
  #unreadBytes = 0;
  #isOver = false;

  /** `opening` is the `initialize` for which it is opened: its headers travel with everything that has none. */
  constructor(http: Transport, opening: UpstreamRequest, url: string, endpointWithinMs: number) {
    this.#http = http;
    this.#opening = opening;
    this.#url = url;
    this.#headers = travelling(opening.headers).filter((_, at, all) => all[at - (at % 2)] !== "traceparent");
    this.#endpointTimer = setTimeout(() => this.#fail({ kind: "deadline", sent: true }), endpointWithinMs);
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  get hasRoom(): boolean {
    return this.#unreadBytes < MAX_UNREAD_BYTES;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  listen(listener: WireListener): void {
    this.#listener = listener;
    const headers = ["accept", "text/event-stream", ...this.#headers];
    this.#stream = this.#http.open(this.#requestOf("GET", headers, { deadlineMs: 0 }), {
      onAnswer: (status) => this.#onNoStream(status),
      onStream: () => {},
      onEvent: (event) => this.#onEvent(event),
      onEnd: () => this.#fail(CUT),
      onFail: (failure) => this.#fail(failure),
    });
  }

  write(line: string, receipt: Receipt, headers: readonly string[]): boolean {
    if (this.#isOver) return false;
    const body = Buffer.from(line);
    this.#unreadBytes += body.length;
    const own = headers.length === 0 ? this.#headers : travelling(headers);
    const written: Written = { body, receipt, headers: ["content-type", "application/json", ...own] };
    if (this.#path === undefined) this.#waiting.push(written);
    else this.#post(this.#path, written);
    return true;
  }

  setReading(isReading: boolean): void {
    if (isReading) this.#stream?.resume();
    else this.#stream?.pause();
  }

  stop(): void {
    if (this.#finish(CUT)) queueMicrotask(() => this.#tellEnd(CUT, true));
  }

  kill(): void {
    this.stop();
  }

  #onEvent(event: SseEvent): void {
    // Keep-alives carry no data.
    if (event.data === undefined || event.data === "" || this.#isOver) return;
    if (this.#path === undefined) this.#onFirstEvent(event.event, event.data);
    // Only the first event says where messages go: a stream that moves is a stream that somebody got into.
    else if (event.event === undefined || event.event === "message") this.#listener?.onLine(event.data);
  }

  #onFirstEvent(type: string | undefined, data: string): void {
    const path = type === "endpoint" ? endpointPath(this.#url, data) : undefined;
    if (path === undefined) {
      this.#fail({ kind: "garbage", sent: true });
      return;
    }
    clearTimeout(this.#endpointTimer);
    this.#path = path;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const written of waiting) this.#post(path, written);
  }

  #post(path: string, { body, headers, receipt }: Written): void {
    const all = ["accept", "application/json, text/event-stream", ...headers];
    const { deadlineMs } = this.#opening.server;
    let exchange: Exchange | undefined;
    const done = (tell: () => void): void => {
      if (exchange !== undefined) this.#posts.delete(exchange);
      this.#unreadBytes -= body.length;
      tell();
    };
    const onTaken = (): void => {
      receipt.onRead();
      receipt.onTaken();
    };
    const sink: UpstreamSink = {
      onAnswer: (status) => {
        if (isTaken(status)) return done(onTaken);
        done(() => receipt.onRefused(status));
        // The server has forgotten the session.
        if (status === 404) this.#fail(CUT);
      },
      // Whatever it says there is no part of this transport: answers come on the one stream.
      onStream: () => {
        exchange?.cancel();
        done(onTaken);
      },
      onEvent: () => {},
      onEnd: () => {},
      onFail: (failure) => {
        if (isTaken(failure.httpStatus)) done(onTaken);
        else done(() => receipt.onFailed(failure));
      },
    };
    exchange = this.#http.open(this.#requestOf("POST", all, { body, path, deadlineMs }), sink);
    this.#posts.set(exchange, receipt);
  }

  #requestOf(
    verb: "GET" | "POST",
    headers: readonly string[],
    more: { readonly deadlineMs: number; readonly body?: Buffer; readonly path?: string },
  ): Parameters<Transport["open"]>[0] {
    const { server, channel, grant } = this.#opening;
    const base = { server, channel, grant, verb, headers, era: "legacy", message: undefined } as const;
    return { ...base, body: undefined, upstreamSession: undefined, ...more };
  }

  /** It answered the request for the stream with something else. */
  #onNoStream(status: number): void {
    if (status < 300) {
      this.#fail({ kind: "garbage", sent: true, httpStatus: status });
      return;
    }
    const failure: UpstreamFailure = { kind: "cut", sent: true, httpStatus: status };
    // A refusal may be meant for this client alone, and must not delay others.
    if (this.#finish(failure, status)) this.#tellEnd(failure, status < 500);
  }

  #fail(failure: UpstreamFailure): void {
    const isClean = this.#path !== undefined || failure.kind === "busy";
    if (this.#finish(failure)) this.#tellEnd(failure, isClean);
  }

  /** Closes everything; false when it was over before. `status` is what the server refused the stream with. */
  #finish(failure: UpstreamFailure, status?: number): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#endpointTimer);
    this.#stream?.cancel();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { receipt } of waiting) {
      // What still waits was never sent, whatever became of the stream.
      if (status === undefined) receipt.onFailed({ ...failure, sent: false });
      else receipt.onRefused(status);
    }
    for (const [post, receipt] of this.#posts) {
      post.cancel();
      receipt.onFailed({ ...failure, sent: true });
    }
    this.#posts.clear();
    return true;
  }

  #tellEnd(failure: UpstreamFailure, isClean: boolean): void {
    const { kind, httpStatus } = failure;
    const mayBeOwnFault = this.#path !== undefined;
    this.#listener?.onEnd({ failure, isClean, mayBeOwnFault, details: { kind, httpStatus } });
    this.#closed.resolve();
  }
}

function isTaken(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

/** The headers of a client that this transport passes on. */
function travelling(headers: readonly string[]): readonly string[] {
  return headers.filter((_, at) => !LEFT_BEHIND.test((headers[at - (at % 2)] ?? "").toLowerCase()));
}
