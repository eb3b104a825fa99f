import { isJsonObject } from "@portcullis/policy";
import type { Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../call/ports.ts";
import type { HttpTransport, Server } from "../call/records.ts";
import { HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION } from "../mcp/revisions.ts";
import { readBoundedObject } from "../mcp/server-message.ts";
import type { SseEvent } from "../mcp/sse.ts";
import { CHANNEL_SESSION } from "./channel/wire.ts";
import { Findings } from "./findings.ts";
import type { Transport, TransportRequest } from "./upstreams.ts";

/**
 * Servers over HTTP, whichever of its two transports they speak: as the operator set it, or as their answer to the
 * first `initialize` shows (2025-11-25 transports "Backwards Compatibility"), kept for a while.
 */
export class HttpTransports implements Transport {
  readonly #http: Transport;
  readonly #sse: Transport;
  readonly #found: Findings<HttpTransport>;

  constructor(http: Transport, sse: Transport, monotonicMs: () => number = () => performance.now()) {
    this.#http = http;
    this.#sse = sse;
    this.#found = new Findings(monotonicMs);
  }

  open(request: TransportRequest, sink: UpstreamSink): Exchange {
    const transport = this.#choose(request);
    if (transport !== undefined) return this.#of(transport).open(request, sink);
    return new FirstInitialize(request, sink, {
      open: (kind, asked, told) => this.#of(kind).open(asked, told),
      found: (kind) => this.#found.note(request.server, kind),
    });
  }

  /** A failure makes what was found doubtful: another server may be there now. */
  noteFailure(server: Server, failure: UpstreamFailure): void {
    this.#found.doubt(server, failure);
  }

  /** Undefined has to be found out by this request. */
  #choose(request: UpstreamRequest): HttpTransport | undefined {
    const { server, era, upstreamSession } = request;
    if (era === "modern") return "http";
    // A session stays on the stream that it began on, whatever was found since.
    if (upstreamSession === CHANNEL_SESSION) return "sse";
    const set = server.target.kind === "http" ? server.target.transport : undefined;
    return set ?? this.#found.get(server) ?? (isInitialize(request) ? undefined : "http");
  }

  #of(transport: HttpTransport): Transport {
    return transport === "http" ? this.#http : this.#sse;
  }
}

interface Finder {
  open(transport: HttpTransport, request: UpstreamRequest, sink: UpstreamSink): Exchange;
  found(transport: HttpTransport): void;
}

/** 2025-11-25 transports "Backwards Compatibility": answers after which the server may be of 2024-11-05. */
const MAYBE_SSE: ReadonlySet<number> = new Set([400, 404, 405]);
/** 2026-07-28 streamable-http: with these a modern server says so. */
const MODERN_ERRORS: ReadonlySet<unknown> = new Set([
  HEADER_MISMATCH,
  MISSING_CAPABILITY,
  UNSUPPORTED_VERSION,
]);

/**
 * An `initialize` to a server whose transport is not known: posted first, and where that is refused, sent again
 * over the event stream of 2024-11-05. Where there is none either, the first answer stands.
 */
class FirstInitialize implements Exchange, UpstreamSink {
  readonly #request: UpstreamRequest;
  readonly #sink: UpstreamSink;
  readonly #finder: Finder;
  readonly #startedMs = performance.now();
  #exchange: Exchange;
  /** The answer to the POST, once the other transport is tried. */
  #refused: (() => void) | undefined;
  #isPaused = false;
  #isCancelled = false;

  constructor(request: UpstreamRequest, sink: UpstreamSink, finder: Finder) {
    this.#request = request;
    this.#sink = sink;
    this.#finder = finder;
    this.#exchange = finder.open("http", request, this);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#exchange.cancel();
  }

  pause(): void {
    this.#isPaused = true;
    this.#exchange.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#exchange.resume();
  }

  onAnswer(status: number, body: Buffer, session: string | undefined): void {
    const tell = () => this.#sink.onAnswer(status, body, session);
    if (status >= 200 && status < 300) {
      this.#note();
      tell();
    } else if (this.#refused !== undefined) {
      this.#refused();
    } else if (MAYBE_SSE.has(status) && !isModernError(body)) {
      this.#refused = tell;
      // Not from inside the client's callback, whose exchange is still ending.
      queueMicrotask(() => this.#trySse());
    } else {
      tell();
    }
  }

  onStream(session: string | undefined): void {
    this.#note();
    this.#sink.onStream(session);
  }

  onEvent(event: SseEvent): void {
    this.#sink.onEvent(event);
  }

  onEnd(): void {
    this.#sink.onEnd();
  }

  onFail(failure: UpstreamFailure): void {
    if (this.#refused === undefined || this.#isNoted) this.#sink.onFail(failure);
    else this.#refused();
  }

  #isNoted = false;

  #note(): void {
    this.#isNoted = true;
    this.#finder.found(this.#refused === undefined ? "http" : "sse");
  }

  #trySse(): void {
    if (this.#isCancelled) return;
    const { deadlineMs } = this.#request;
    const leftMs = Math.max(1, deadlineMs - (performance.now() - this.#startedMs));
    this.#exchange = this.#finder.open("sse", { ...this.#request, deadlineMs: leftMs }, this);
    if (this.#isPaused) this.#exchange.pause();
  }
}

function isInitialize({ message }: UpstreamRequest): boolean {
  return message?.kind === "request" && message.method === "initialize";
}

function isModernError(body: Buffer): boolean {
  const error = readBoundedObject(body.toString("utf8"))?.["error"];
  return isJsonObject(error) && MODERN_ERRORS.has(error["code"]);
}
