import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { JsonObject } from "@portcullis/policy";
import type { UpstreamRequest } from "../../../src/call/ports.ts";
import type { Server } from "../../../src/call/records.ts";
import { readMessage } from "../../../src/mcp/json-rpc.ts";
import type { HttpUpstreamsOptions } from "../../../src/upstream/http.ts";
import { SseUpstreams, type SseUpstreamsOptions } from "../../../src/upstream/sse/sse-upstreams.ts";
import type { Transport } from "../../../src/upstream/upstreams.ts";
import { type Cleanup, type Listener, listener, openUpstreams, serveHttp, serverAt } from "../harness.ts";

/** One event stream as the server holds it. */
export interface Stream {
  readonly session: string;
  readonly headers: IncomingHttpHeaders;
  /** Writes one message as an event. */
  send(message: object): void;
  /** Writes bytes as they are. */
  raw(text: string): void;
  end(): void;
  /** Cuts the connection. */
  cut(): void;
  readonly closed: Promise<void>;
  isClosed: boolean;
}

/** One message that was posted. */
export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly message: JsonObject;
}

export interface SseScript {
  /** Answers a GET with something else than a stream: true when it did. */
  readonly onGet?: (response: ServerResponse) => boolean;
  /** The first bytes of a stream. Default: the `endpoint` event. */
  readonly first?: (session: string) => string;
  /** Answers a POST with something else than 202: true when it did. */
  readonly onPost?: (posted: Posted, response: ServerResponse) => boolean;
  /** What comes on the stream for a message that was taken. Default: {@link answerAll}. */
  readonly onMessage?: (message: JsonObject, stream: Stream) => void;
}

export interface SseServer {
  readonly url: string;
  readonly streams: Stream[];
  readonly posted: Posted[];
}

/** Answers every request with its method and parameters. */
export function answerAll(message: JsonObject, stream: Stream): void {
  const { id, method, params } = message;
  if (id === undefined || method === undefined) return;
  stream.send({ jsonrpc: "2.0", id, result: { method, params: params ?? null } });
}

/** A server of the 2024-11-05 transport that does what the test says. */
export async function serveSse(cleanup: Cleanup, script: SseScript = {}): Promise<SseServer> {
  const streams: Stream[] = [];
  const posted: Posted[] = [];
  const base = await serveHttp(cleanup, (request, response) => {
    if (request.method === "GET") {
      if (script.onGet?.(response) === true) return;
      streams.push(openStream(`session-${streams.length + 1}`, request.headers, response, script));
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const message = JSON.parse(Buffer.concat(chunks).toString()) as JsonObject;
      const one = { path: request.url ?? "", headers: request.headers, message };
      posted.push(one);
      if (script.onPost?.(one, response) === true) return;
      response.writeHead(202).end("Accepted");
      const session = new URL(one.path, "http://x").searchParams.get("session");
      const stream = streams.find((other) => other.session === session);
      if (stream !== undefined) (script.onMessage ?? answerAll)(message, stream);
    });
  });
  return { url: base.replace("/mcp", "/sse"), streams, posted };
}

function openStream(
  session: string,
  headers: IncomingHttpHeaders,
  response: ServerResponse,
  { first }: SseScript,
): Stream {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stream: Stream = {
    session,
    headers,
    send: (message) => response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`),
    raw: (text) => response.write(text),
    end: () => response.end(),
    cut: () => response.destroy(),
    closed: promise,
    isClosed: false,
  };
  response.on("close", () => {
    stream.isClosed = true;
    resolve();
  });
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  response.write(first?.(session) ?? endpoint(`/message?session=${session}`));
  return stream;
}

export function endpoint(text: string): string {
  return `event: endpoint\ndata: ${text}\n\n`;
}

export function openSse(
  cleanup: Cleanup,
  options: Partial<SseUpstreamsOptions> = {},
  http: Partial<HttpUpstreamsOptions> = {},
): SseUpstreams {
  const below = openUpstreams(cleanup, http);
  const upstreams = new SseUpstreams({ http: below, ...options });
  cleanup.add(() => upstreams[Symbol.asyncDispose]());
  return upstreams;
}

export type Heard = Listener & { cancel(): void; pause(): void; resume(): void };

/** Speaks to one server through `transport`, as the line does. */
export class Client {
  readonly #transport: Transport;
  readonly #defaults: Partial<UpstreamRequest>;
  readonly server: Server;

  constructor(transport: Transport, url: string, defaults: Partial<UpstreamRequest> = {}) {
    this.#transport = transport;
    this.server = serverAt(url);
    this.#defaults = defaults;
  }

  send(value: JsonObject, more: Partial<UpstreamRequest> = {}): Heard {
    const read = readMessage(value);
    if (!read.ok) throw new TypeError(`a test must send messages: ${read.error.reason}`);
    return this.verb("POST", { body: Buffer.from(JSON.stringify(value)), message: read.value, ...more });
  }

  verb(verb: UpstreamRequest["verb"], more: Partial<UpstreamRequest> = {}): Heard {
    const heard = listener();
    const request: UpstreamRequest = {
      server: this.server,
      verb,
      body: undefined,
      message: undefined,
      era: "legacy",
      headers: ["accept", "application/json", "content-type", "application/json"],
      channel: "channel",
      grant: undefined,
      upstreamSession: undefined,
      deadlineMs: 5_000,
      ...this.#defaults,
      ...more,
    };
    const exchange = this.#transport.open(request, heard.sink);
    return {
      ...heard,
      cancel: () => exchange.cancel(),
      pause: () => exchange.pause(),
      resume: () => exchange.resume(),
    };
  }

  ask(
    id: string | number,
    method: string,
    params: JsonObject = {},
    more: Partial<UpstreamRequest> = {},
  ): Heard {
    return this.send({ jsonrpc: "2.0", id, method, params }, more);
  }

  notify(method: string, params: JsonObject = {}, more: Partial<UpstreamRequest> = {}): Heard {
    return this.send({ jsonrpc: "2.0", method, params }, more);
  }

  async initialize(more: Partial<UpstreamRequest> = {}): Promise<void> {
    const [told] = await this.ask("init", "initialize", {}, more).done;
    if (told === undefined || !("answer" in told) || told.answer !== 200) {
      throw new Error(`not initialized: ${JSON.stringify(told)}`);
    }
  }
}
