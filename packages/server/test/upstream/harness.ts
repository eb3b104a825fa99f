import { createServer as createHttpServer, type RequestListener } from "node:http";
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from "node:net";
import type { Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../../src/call/ports.ts";
import type { Server, ServerId } from "../../src/call/records.ts";
import { endpointOf } from "../../src/outbound/judge.ts";
import { HttpUpstreams, type HttpUpstreamsOptions } from "../../src/upstream/http.ts";

/** Everything that must be closed after a test, newest first. */
export class Cleanup {
  readonly #tasks: (() => Promise<unknown>)[] = [];

  add(task: () => Promise<unknown>): void {
    this.#tasks.unshift(task);
  }

  async run(): Promise<void> {
    for (const task of this.#tasks.splice(0)) await task();
  }
}

/** A `node:http` server on a free port; returns its URL. */
export function serveHttp(cleanup: Cleanup, listener: RequestListener): Promise<string> {
  return listen(cleanup, createHttpServer(listener));
}

/** A TCP server whose connections do what the test says. */
export function serveTcp(cleanup: Cleanup, onSocket: (socket: Socket) => void): Promise<string> {
  return listen(cleanup, createNetServer({ allowHalfOpen: true }, onSocket));
}

async function listen(cleanup: Cleanup, server: NetServer): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

/** Upstreams that may reach the server under test, as if an operator had typed its URL. */
export function openUpstreams(cleanup: Cleanup, options: Partial<HttpUpstreamsOptions> = {}): HttpUpstreams {
  const upstreams = new HttpUpstreams({
    credentialHeaders: () => [],
    outboundRules: ({ target }) => ({
      allow: target.kind === "http" ? endpointOf(new URL(target.url)) : undefined,
    }),
    ...options,
  });
  cleanup.add(() => upstreams[Symbol.asyncDispose]());
  return upstreams;
}

export function serverAt(url: string, more: Partial<Server> = {}): Server {
  return {
    id: "srv_0000000000000000" as ServerId,
    organisation: "org_default" as Server["organisation"],
    name: "notes",
    target: { kind: "http", url, credential: undefined },
    era: "auto",
    deadlineMs: 5_000,
    onChange: "block",
    tools: new Map(),
    hasAcceptedList: false,
    acceptedInstructionsHash: undefined,
    ...more,
  };
}

export function postTo(server: Server, more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    server,
    verb: "POST",
    body: Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call"}'),
    message: { kind: "request", id: 1, method: "tools/call", params: undefined },
    era: "legacy",
    headers: ["accept", "application/json, text/event-stream", "content-type", "application/json"],
    channel: "channel",
    grant: undefined,
    upstreamSession: undefined,
    deadlineMs: 5_000,
    ...more,
  };
}

/** What a sink was told, in order. */
export type Told =
  | { readonly answer: number; readonly body: string; readonly session?: string }
  | { readonly stream: true; readonly session?: string }
  | { readonly event: string; readonly id?: string }
  | { readonly end: true }
  | { readonly fail: UpstreamFailure };

export interface Listener {
  readonly sink: UpstreamSink;
  readonly told: Told[];
  /** Everything told, once the exchange is over. */
  readonly done: Promise<readonly Told[]>;
  /** Resolves when something is told that `matches`. */
  until(matches: (told: Told) => boolean): Promise<Told>;
}

export function listener(): Listener {
  const told: Told[] = [];
  const waiters = new Set<() => void>();
  const { promise: done, resolve } = Promise.withResolvers<readonly Told[]>();
  const add = (one: Told, isLast: boolean): void => {
    told.push(one);
    for (const waiter of waiters) waiter();
    if (isLast) resolve(told);
  };
  const until = (matches: (one: Told) => boolean): Promise<Told> =>
    new Promise((found) => {
      const look = (): void => {
        const one = told.find(matches);
        if (one === undefined) return;
        waiters.delete(look);
        found(one);
      };
      waiters.add(look);
      look();
    });
  const sink: UpstreamSink = {
    onAnswer: (answer, body, session) =>
      add({ answer, body: body.toString("utf8"), ...(session === undefined ? {} : { session }) }, true),
    onStream: (session) => add({ stream: true, ...(session === undefined ? {} : { session }) }, false),
    onEvent: (event) =>
      add({ event: event.data ?? "", ...(event.id === undefined ? {} : { id: event.id }) }, false),
    onEnd: () => add({ end: true }, true),
    onFail: (fail) => add({ fail }, true),
  };
  return { sink, told, done, until };
}

/** Sends one request and waits for its end. */
export function exchange(upstreams: HttpUpstreams, request: UpstreamRequest): Promise<readonly Told[]> {
  const heard = listener();
  upstreams.open(request, heard.sink);
  return heard.done;
}

/** Sends one request whose exchange the test wants to hold. */
export function open(upstreams: HttpUpstreams, request: UpstreamRequest): Listener & { exchange: Exchange } {
  const heard = listener();
  return { ...heard, exchange: upstreams.open(request, heard.sink) };
}
