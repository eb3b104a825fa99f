import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { PlainConnection, type PlainServer } from "./connection.ts";
import { keepAliveLines } from "./response.ts";

export interface PlainOptions extends Pick<PlainServer, "requestMs" | "firstMs" | "keepAliveMs" | "serve"> {
  /** How often connections are looked at that take too long. */
  readonly lookMs: number;
}

/** Connections of a server that have sent nothing but plain requests so far. */
export interface PlainConnections {
  closeIdle(): void;
  closeAll(): void;
}

/**
 * From now on new connections of `server` are read here first: plain requests are served by `serve`, and with the
 * first bytes that are anything else a connection goes to Node's parser, as if nothing had been here (ADR 21).
 */
export function servePlain(server: HttpServer, options: PlainOptions): PlainConnections {
  const connections = new Set<PlainConnection>();
  // `node:http` documents that connections may be given to it by emitting this event; its own listener takes them.
  const toNode = server.listeners("connection");
  const parts: PlainServer = {
    ...options,
    keepAlive: keepAliveLines(options.keepAliveMs),
    handOver: (socket) => {
      for (const listener of toNode) Reflect.apply(listener, server, [socket]);
    },
    forget: (connection) => connections.delete(connection),
  };
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => connections.add(new PlainConnection(socket, parts)));
  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (const connection of connections) connection.look(nowMs);
  }, options.lookMs).unref();
  server.on("close", () => clearInterval(timer));
  return {
    closeIdle: () => {
      for (const connection of connections) if (connection.isIdle) connection.destroy();
    },
    closeAll: () => {
      for (const connection of connections) connection.destroy();
    },
  };
}
