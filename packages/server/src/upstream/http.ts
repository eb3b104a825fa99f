import type { Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../call/ports.ts";
import type { Server, ServerId, Target } from "../call/records.ts";
import { type Resolver, resolveWithSystem } from "../outbound/guard.ts";
import { judgeUrl, type OutboundRules } from "../outbound/judge.ts";
import { type ExchangeHost, HttpExchange } from "./http-exchange.ts";
import { HttpLane, type LaneSettings } from "./http-lane.ts";
import { isSameTarget } from "./same-target.ts";
import type { TransportRequest } from "./upstreams.ts";
import { Watchdog } from "./watchdog.ts";

export interface HttpUpstreamsOptions {
  /** Name, value, name, value: the server's own credential. Called for every request, so it should be cached. May throw. */
  readonly credentialHeaders: (server: Server) => readonly string[];
  /** The whole URL of a server, with what is secret in it. Default: the one on its record. May throw. */
  readonly urlOf?: (server: Server) => string;
  /** What this server's URL may reach besides public `https`. */
  readonly outboundRules: (server: Server) => OutboundRules;
  /** A request failed in a way that a server shows which was replaced or restarted. Called at most once per request. */
  readonly onFailure?: (server: Server, failure: UpstreamFailure) => void;
  /** A sink, `urlOf` or `credentialHeaders` threw: a fault, which costs its own request and not the process. */
  readonly onFault?: (error: unknown) => void;
  readonly resolve?: Resolver;
  readonly ca?: string;
  /** Requests to one server at a time; further ones wait. Default 128. */
  readonly maxInFlight?: number;
  /** Requests that wait for one server; further ones are `busy`. Default 256. */
  readonly maxWaiting?: number;
  /** Streams without a deadline to one server, which have places of their own. Default 10,000. */
  readonly maxStreams?: number;
  /** Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Default 30 s. */
  readonly stallMs?: number;
  /** One body or event. Default 8 MiB (threat 44). */
  readonly maxBodyBytes?: number;
  /** One stream with a deadline. Default 64 MiB. */
  readonly maxStreamBytes?: number;
}

interface Lanes {
  readonly target: Target;
  readonly calls: HttpLane;
  readonly streams: HttpLane;
}

const MIB = 1024 * 1024;

/**
 * Streamable HTTP towards servers, both eras (2025-11-25 basic/transports, 2026-07-28 streamable-http).
 *
 * `deadlineMs` bounds the whole exchange; 0 or infinite means none, for GET streams and subscriptions, which then
 * do not take the places of calls. Nothing is retried, no redirect is followed, no compression is accepted.
 */
export class HttpUpstreams {
  readonly #options: HttpUpstreamsOptions;
  readonly #watchdog = new Watchdog();
  readonly #lanes = new Map<ServerId, Lanes>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: HttpUpstreamsOptions) {
    this.#options = options;
  }

  open(request: TransportRequest, sink: UpstreamSink): Exchange {
    let lanes: Lanes | undefined;
    let headers: string[];
    try {
      lanes = this.#lanesOf(request.server);
      if (lanes === undefined) return refuse(sink, { kind: "refused-address", sent: false });
      headers = this.#headersOf(request);
    } catch (error) {
      // The place or the credential cannot be had: nothing is sent without it.
      this.#options.onFault?.(error);
      return refuse(sink, { kind: "unreachable", sent: false });
    }
    const isOpenEnded = request.deadlineMs <= 0 || !Number.isFinite(request.deadlineMs);
    const lane = isOpenEnded ? lanes.streams : lanes.calls;
    const exchange = new HttpExchange(sink, request.deadlineMs, lane);
    lane.start(request, headers, exchange);
    exchange.markOpened();
    return exchange;
  }

  /** How much of a server's places is taken; undefined before its first request. */
  load(id: ServerId): ReturnType<() => HttpLane["load"]> | undefined {
    return this.#lanes.get(id)?.calls.load;
  }

  /** Lets the requests of a removed server end and closes its connections. */
  forget(id: ServerId): void {
    const lanes = this.#lanes.get(id);
    if (lanes === undefined) return;
    this.#lanes.delete(id);
    for (const lane of [lanes.calls, lanes.streams]) this.#track(lane.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const lanes = [...this.#lanes.values()].flatMap(({ calls, streams }) => [calls, streams]);
    this.#lanes.clear();
    await Promise.all(lanes.map((lane) => lane.destroy()));
    await Promise.allSettled(this.#closing);
  }

  #headersOf(request: UpstreamRequest): string[] {
    const credential = this.#options.credentialHeaders(request.server);
    return credential.length === 0
      ? [...request.headers, "accept-encoding", "identity"]
      : [...request.headers, "accept-encoding", "identity", ...credential];
  }

  #lanesOf(server: Server): Lanes | undefined {
    if (server.target.kind !== "http") return undefined;
    const known = this.#lanes.get(server.id);
    if (known !== undefined && isSameTarget(known.target, server.target)) return known;
    // The server moved: connections to the old place must not serve the new one.
    if (known !== undefined) this.forget(server.id);
    const rules = this.#options.outboundRules(server);
    const judged = judgeUrl(this.#options.urlOf?.(server) ?? server.target.url, rules);
    if (!judged.ok) return undefined;
    const settings = this.#settings();
    const events: Pick<ExchangeHost, "failed" | "fault"> = {
      failed: (failure) => this.#options.onFailure?.(server, failure),
      fault: (error) => this.#options.onFault?.(error),
    };
    const lanes = {
      target: server.target,
      calls: new HttpLane(judged.value, settings, this.#watchdog, events),
      streams: new HttpLane(
        judged.value,
        { ...settings, maxInFlight: this.#options.maxStreams ?? 10_000, maxWaiting: 0 },
        this.#watchdog,
        events,
      ),
    };
    this.#lanes.set(server.id, lanes);
    return lanes;
  }

  #settings(): LaneSettings {
    const options = this.#options;
    return {
      limits: {
        maxBodyBytes: options.maxBodyBytes ?? 8 * MIB,
        maxStreamBytes: options.maxStreamBytes ?? 64 * MIB,
        stallMs: options.stallMs ?? 30_000,
      },
      maxInFlight: options.maxInFlight ?? 128,
      maxWaiting: options.maxWaiting ?? 256,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      resolve: options.resolve ?? resolveWithSystem,
      ca: options.ca,
    };
  }

  #track(closing: Promise<void>): void {
    const settled = closing.then(
      () => {},
      () => {},
    );
    this.#closing.add(settled);
    void settled.then(() => this.#closing.delete(settled));
  }
}

/** An exchange that never began. */
function refuse(sink: UpstreamSink, failure: UpstreamFailure): Exchange {
  let isWanted = true;
  queueMicrotask(() => {
    if (isWanted) sink.onFail(failure);
  });
  return {
    cancel: () => {
      isWanted = false;
    },
    pause: () => {},
    resume: () => {},
  };
}
