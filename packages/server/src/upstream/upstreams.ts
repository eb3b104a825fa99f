import type { Result } from "@portcullis/policy";
import type { Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink, Upstreams } from "../call/ports.ts";
import type { Era, Server } from "../call/records.ts";
import { EraBook } from "./era.ts";

/** One way to speak to servers: HTTP, or processes. */
export interface Transport {
  open(request: TransportRequest, sink: UpstreamSink): Exchange;
}

export interface TransportRequest extends UpstreamRequest {
  /** Path and query at the origin of the server's URL; undefined for the URL's own. */
  readonly path?: string | undefined;
}

/** Processes besides: each belongs to a channel and ends with it. */
export interface ProcessTransport extends Transport {
  closeChannel(server: Server, channel: string): void;
}

/** A session is closed in passing: nobody waits for the answer. */
const CLOSE_DEADLINE_MS = 5_000;
const IGNORE: UpstreamSink = {
  onAnswer: () => {},
  onStream: () => {},
  onEvent: () => {},
  onEnd: () => {},
  onFail: () => {},
};

/** Every registered server behind one port: picks the transport by target and remembers which era each speaks. */
export class UpstreamDirectory implements Upstreams {
  readonly #http: Transport;
  readonly #stdio: ProcessTransport;
  readonly #eras: EraBook;

  constructor(http: Transport, stdio: ProcessTransport, monotonicMs: () => number = () => performance.now()) {
    this.#http = http;
    this.#stdio = stdio;
    this.#eras = new EraBook(this, monotonicMs);
  }

  knownEra(server: Server): Era | undefined {
    return this.#eras.known(server);
  }

  detectEra(server: Server): Promise<Result<Era, UpstreamFailure>> {
    return this.#eras.detect(server);
  }

  /** What `HttpUpstreams` reports as `onFailure`: the server may be another one now, so its era is asked again. */
  noteFailure(server: Server, failure: UpstreamFailure): void {
    this.#eras.noteFailure(server, failure);
  }

  open(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    return this.#transportOf(request.server).open(request, sink);
  }

  closeSession(server: Server, channel: string, upstreamSession: string | undefined): void {
    if (server.target.kind === "stdio") this.#stdio.closeChannel(server, channel);
    else if (upstreamSession !== undefined) this.#deleteSession(server, channel, upstreamSession);
  }

  #deleteSession(server: Server, channel: string, upstreamSession: string): void {
    this.#http.open(
      {
        server,
        verb: "DELETE",
        body: undefined,
        message: undefined,
        era: "legacy",
        headers: ["accept", "application/json, text/event-stream", "mcp-session-id", upstreamSession],
        channel,
        grant: undefined,
        upstreamSession,
        deadlineMs: CLOSE_DEADLINE_MS,
      },
      IGNORE,
    );
  }

  #transportOf(server: Server): Transport {
    return server.target.kind === "http" ? this.#http : this.#stdio;
  }
}
