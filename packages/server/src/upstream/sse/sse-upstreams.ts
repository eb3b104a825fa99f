import type { Exchange, UpstreamRequest, UpstreamSink } from "../../call/ports.ts";
import type { Server, ServerId } from "../../call/records.ts";
import { ChannelPool, type Warn } from "../channel/channel-pool.ts";
import type { Transport } from "../upstreams.ts";
import { SseWire } from "./sse-wire.ts";

export interface SseUpstreamsOptions {
  /** HTTP towards servers, with its guard, caps, credentials and places. */
  readonly http: Transport;
  /** The whole URL of a server, with what is secret in it. Default: the one on its record. */
  readonly urlOf?: (server: Server) => string;
  /** A stream that served nothing for so long is closed. Default 10 min. */
  readonly idleMs?: number;
  /** Streams of clients to one server; beyond it the longest idle one of who has most makes room. Default 1,000. */
  readonly maxStreamsPerServer?: number;
  /** How long a server may take to say where messages go. Default 10 s, never beyond the server's deadline. */
  readonly endpointWithinMs?: number;
  /** Monotonic clock, milliseconds; decides back-off, and who is idle for longest. */
  readonly now?: () => number;
  readonly warn?: Warn;
}

/** Upstream servers of the 2024-11-05 transport HTTP+SSE: one event stream per client session. */
export class SseUpstreams implements Transport {
  readonly #pool: ChannelPool;

  constructor(options: SseUpstreamsOptions) {
    const { http, endpointWithinMs = 10_000 } = options;
    this.#pool = new ChannelPool({
      openWire: (request) => {
        const { target, deadlineMs } = request.server;
        if (target.kind !== "http") return undefined;
        const url = options.urlOf?.(request.server) ?? target.url;
        return new SseWire(http, request, url, Math.min(endpointWithinMs, deadlineMs));
      },
      idleMs: options.idleMs ?? 10 * 60_000,
      maxPerServer: options.maxStreamsPerServer ?? 1_000,
      now: options.now ?? (() => performance.now()),
      warn: options.warn ?? (() => {}),
      events: { stray: "sse_stray_event", crashed: "sse_stream_lost" },
    });
  }

  /** One verb to one server; never throws. Failures arrive at the sink, after this has returned. */
  open(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    return this.#pool.open(request, sink);
  }

  /** Ends the stream of a channel, if it has one. */
  closeChannel(server: Server, channel: string): void {
    this.#pool.closeChannel(server, channel);
  }

  /** Ends every stream of a server that was removed. */
  closeServer(server: ServerId): void {
    this.#pool.closeServer(server);
  }

  /** Ends every stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
  }
}
