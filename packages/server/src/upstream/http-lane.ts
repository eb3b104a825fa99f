import type { Socket } from "node:net";
import { rootCertificates } from "node:tls";
import type { UpstreamFailure } from "../call/ports.ts";
import { NOWHERE } from "../call/roster.ts";
import { guardedLookup, type Resolver } from "../outbound/guard.ts";
import type { JudgedUrl } from "../outbound/judge.ts";
import type { ExchangeHost, ExchangeLimits, HttpExchange } from "./http-exchange.ts";
import { UNREAD_WRITE } from "./http-failure.ts";
import { type Connect, connectTo } from "./http1/connect.ts";
import { ConnectionPool } from "./http1/connection-pool.ts";
import type { TransportRequest } from "./upstreams.ts";
import type { Watchdog, Watched } from "./watchdog.ts";

/** How much one server may occupy (its bulkhead), and how connections to it are made. */
export interface LaneSettings {
  readonly limits: ExchangeLimits;
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  readonly connectTimeoutMs: number;
  readonly resolve: Resolver;
  /** Certificate authorities (PEM) besides those Node trusts; never a way to trust everything. */
  readonly ca: string | undefined;
}

/** What a lane tells its owner. */
export interface LaneEvents {
  failed(failure: UpstreamFailure): void;
  fault(error: unknown): void;
}

interface Waiting {
  readonly request: TransportRequest;
  readonly headers: string[];
}

/**
 * The way to one server: a pool of kept-alive connections and a bulkhead before it, so that a slow server holds
 * at most `maxInFlight` requests and `maxWaiting` more. Requests share nothing with another lane.
 */
export class HttpLane implements ExchangeHost {
  readonly limits: ExchangeLimits;
  readonly watchdog: Watchdog;
  readonly #events: LaneEvents;
  readonly #path: string;
  readonly #maxInFlight: number;
  readonly #maxWaiting: number;
  readonly #pool: ConnectionPool;
  readonly #waiting = new Map<HttpExchange, Waiting>();
  #inFlight = 0;
  #wakeScheduled = false;

  constructor(judged: JudgedUrl, settings: LaneSettings, watchdog: Watchdog, events: LaneEvents) {
    this.limits = settings.limits;
    this.watchdog = watchdog;
    this.#events = events;
    this.#path = `${judged.url.pathname}${judged.url.search}`;
    this.#maxInFlight = settings.maxInFlight;
    this.#maxWaiting = settings.maxWaiting;
    this.#pool = openPool(judged, settings, watchdog);
  }

  /** Requests that the HTTP client has, and those that wait for their turn. */
  get load(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.#inFlight, waiting: this.#waiting.size };
  }

  /** Sends now, or later when the server's places are taken, or fails the exchange as busy. */
  start(request: TransportRequest, headers: string[], exchange: HttpExchange): void {
    if (this.#inFlight < this.#maxInFlight && this.#waiting.size === 0) {
      this.#dispatch(request, headers, exchange);
    } else if (this.#waiting.size < this.#maxWaiting) {
      this.#waiting.set(exchange, { request, headers });
    } else {
      // Counted as waiting for the moment in which it fails, so that its release takes no place of another.
      this.#waiting.set(exchange, { request, headers });
      exchange.fail({ kind: "busy", sent: false });
    }
  }

  release(exchange: HttpExchange): void {
    if (this.#waiting.delete(exchange)) return;
    this.#inFlight -= 1;
    if (this.#waiting.size === 0 || this.#wakeScheduled) return;
    this.#wakeScheduled = true;
    // Not from inside the callback of an exchange that is still ending.
    queueMicrotask(() => this.#wake());
  }

  failed(failure: UpstreamFailure): void {
    this.#events.failed(failure);
  }

  fault(error: unknown): void {
    this.#events.fault(error);
  }

  /** Lets what is under way end, then closes the connections. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Ends everything now; exchanges fail as cut. */
  async destroy(): Promise<void> {
    for (const exchange of [...this.#waiting.keys()]) exchange.fail({ kind: "unreachable", sent: false });
    await this.#pool.destroy();
  }

  #wake(): void {
    this.#wakeScheduled = false;
    for (const [exchange, { request, headers }] of this.#waiting) {
      if (this.#inFlight >= this.#maxInFlight) return;
      this.#waiting.delete(exchange);
      this.#dispatch(request, headers, exchange);
    }
  }

  #dispatch(request: TransportRequest, headers: string[], exchange: HttpExchange): void {
    this.#inFlight += 1;
    exchange.markDispatched();
    const path = request.path ?? this.#path;
    this.#pool.dispatch({ method: request.verb, path, headers, body: request.body }, exchange);
  }
}

/** HTTP/1.1 only, no proxy from the environment; deadlines are the exchange's. */
function openPool(judged: JudgedUrl, settings: LaneSettings, watchdog: Watchdog): ConnectionPool {
  const make = connectTo(judged.url, {
    lookup: guardedLookup(judged, settings.resolve),
    timeoutMs: settings.connectTimeoutMs,
    ca: settings.ca === undefined ? undefined : [...rootCertificates, settings.ca],
  });
  const connect: Connect = (done) => {
    make((error, wire) => {
      if (wire !== undefined) watchWrites(wire.socket, settings.limits.stallMs, watchdog);
      done(error, wire);
    });
  };
  return new ConnectionPool(judged.url, connect, watchdog);
}

/** Ends a connection whose other side has read nothing of what was written for `stallMs`. */
function watchWrites(socket: Socket, stallMs: number, watchdog: Watchdog): void {
  let unreadSinceMs: number | undefined;
  const watched: Watched = {
    place: NOWHERE,
    check(nowMs: number): void {
      if (socket.writableLength === 0) unreadSinceMs = undefined;
      else if (unreadSinceMs === undefined) unreadSinceMs = nowMs;
      else if (nowMs - unreadSinceMs >= stallMs) {
        socket.destroy(Object.assign(new Error("the request stayed unread"), { code: UNREAD_WRITE }));
      }
    },
  };
  watchdog.watch(watched);
  socket.once("close", () => watchdog.unwatch(watched));
}
