import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { AgentRequest } from "../call/agent-request.ts";
import type { Reply } from "../call/call.ts";
import { handleRequest, type Line } from "../call/handle-call.ts";
import { maxAgentConnections } from "./connection-limit.ts";
import { HttpReply } from "./http-reply.ts";
import { type PlainConnections, servePlain } from "./http1/plain-connections.ts";
import { NodeRequest } from "./node-request.ts";
import type { Outgoing } from "./outgoing.ts";

/** How often Node looks for requests past their time; what it finds is late by as much. */
const TIMEOUT_CHECK_MS = 1_000;
/** Time for the head of a request: 10 s at most (threat 11). */
const HEADERS_TIMEOUT_MS = 10_000 - TIMEOUT_CHECK_MS;
/** Time for a whole request, body included: 15 s at most (threat 11). */
const REQUEST_TIMEOUT_MS = 15_000 - TIMEOUT_CHECK_MS;
/** Longer than the 60 s that common proxies keep a connection, so that they close first. */
const KEEP_ALIVE_MS = 65_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** How often an ending server looks whether anything is still being answered. */
const IDLE_CHECK_MS = 20;

/** What the end of a server waits for, and what it closes. */
interface Open {
  /** Answers that are not over. */
  answers: number;
  readonly plain: PlainConnections;
}
const openOf = new WeakMap<HttpServer, Open>();

/** What is served beside the line: true where it took the request, false where it did nothing. */
export type Beside = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Takes a request and answers it. Must not throw. */
export type Serve = (request: AgentRequest, reply: Reply) => void;

/** The listener of agents: below `/mcp/` nothing is served but the line. */
export function createAgentServer(line: Line, beside?: Beside): HttpServer {
  return createHttpServer((request, reply) => void handleRequest(request, reply, line), beside);
}

/** Plain requests are read by `http1/`, everything else by Node's own parser, strict. */
export function createHttpServer(serve: Serve, beside?: Beside): HttpServer {
  const begin = (request: AgentRequest, response: Outgoing) => {
    open.answers += 1;
    serve(request, new HttpReply(response, isOver));
  };
  const isOver = () => {
    open.answers -= 1;
  };
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
      IncomingMessage: NodeRequest,
    },
    (request, response) => {
      // INVARIANT: what is below /mcp/ is never shown to anybody but the line.
      const isBeside =
        beside !== undefined && request.url?.startsWith("/mcp/") === false && beside(request, response);
      if (!isBeside) return begin(request, response);
      open.answers += 1;
      response.on("close", isOver);
    },
  );
  const plain = servePlain(server, {
    requestMs: REQUEST_TIMEOUT_MS,
    firstMs: HEADERS_TIMEOUT_MS,
    keepAliveMs: KEEP_ALIVE_MS,
    lookMs: TIMEOUT_CHECK_MS,
    serve: begin,
  });
  const open: Open = { answers: 0, plain };
  openOf.set(server, open);
  const most = maxAgentConnections();
  if (most !== undefined) server.maxConnections = most;
  // No protocol is spoken here but HTTP/1.1.
  server.on("upgrade", (_request, socket) => refuseProtocol(socket));
  server.on("connect", (_request, socket) => refuseProtocol(socket));
  return server;
}

/** Node has taken its hands off the connection: its errors are ours now, and so is its end. */
function refuseProtocol(socket: Duplex): void {
  socket.on("error", () => {});
  socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", () =>
    socket.destroy(),
  );
}

/** Resolves with the port, or rejects with the reason (`EADDRINUSE`, `EACCES` …). */
export function listen(server: HttpServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Stops taking connections, lets what runs finish for at most `graceMs`, then cuts. */
export function drain(server: HttpServer, graceMs: number): Promise<void> {
  const open = openOf.get(server);
  const cut = () => {
    open?.plain.closeAll();
    server.closeAllConnections();
  };
  return new Promise((resolve) => {
    const timer = setTimeout(cut, graceMs);
    // Node itself waits for connections that never asked anything, and for those that become idle later.
    const idle = setInterval(() => {
      if (open === undefined || open.answers === 0) cut();
      else open.plain.closeIdle();
    }, IDLE_CHECK_MS);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(idle);
      resolve();
    });
  });
}
