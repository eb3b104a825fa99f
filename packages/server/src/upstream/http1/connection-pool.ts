import { NOWHERE } from "../../call/roster.ts";
import { isFieldValue, isToken, onePiece } from "../../mcp/headers.ts";
import type { Watchdog, Watched } from "../watchdog.ts";
import type { Connect } from "./connect.ts";
import { Connection, type ConnectionOwner, type ResponseHandler } from "./connection.ts";

/** One request, ready to be written. */
export interface WireRequest {
  readonly method: "POST" | "GET" | "DELETE";
  /** Path and query, as a URL spells them. */
  readonly path: string;
  /** Name, value, name, value: all but `host`, `connection` and `content-length`. */
  readonly headers: readonly string[];
  readonly body: Buffer | undefined;
}

/** An idle connection is closed after this, unless the server says how long it waits; most wait five seconds. */
const IDLE_MS = 4_000;
/** A server's word is taken for at most so long. */
const MAX_IDLE_MS = 600_000;
/** The server counts from when it sent; without a margin a request could meet its end of the connection. */
const IDLE_MARGIN_MS = 1_000;

/**
 * Kept-alive connections to one server. Makes one for each request that finds none idle: how many there may be is
 * the caller's to bound. Nothing is retried: a request that met a closing connection may have arrived.
 */
export class ConnectionPool implements ConnectionOwner, Watched {
  place = NOWHERE;
  readonly #connect: Connect;
  readonly #watchdog: Watchdog;
  /** The last one is used first, so that those that are not needed grow old. */
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #opening: string;
  /** A session asks with the same lines again and again. */
  #last: { readonly request: WireRequest; readonly lines: string } | undefined;
  #state: "open" | "closing" | "destroyed" = "open";
  readonly #emptied = Promise.withResolvers<void>();

  constructor(url: URL, connect: Connect, watchdog: Watchdog) {
    this.#connect = connect;
    this.#watchdog = watchdog;
    this.#opening = `HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n`;
  }

  /** Sends now, or once a connection is made; the handler hears of every end. */
  dispatch(request: WireRequest, handler: ResponseHandler): void {
    const head = this.#headOf(request);
    if (head === undefined) return handler.onError(new TypeError("a header that HTTP cannot carry"));
    const connection = this.#takeIdle();
    if (connection !== undefined) connection.send(head, request.body, handler);
    else this.#connectFor(head, request.body, handler);
  }

  idle(connection: Connection, keepAliveS: number | undefined): void {
    const ms =
      keepAliveS === undefined ? IDLE_MS : Math.min(keepAliveS * 1_000 - IDLE_MARGIN_MS, MAX_IDLE_MS);
    if (this.#state !== "open" || ms <= 0) return connection.destroy();
    connection.idleUntilMs = performance.now() + ms;
    this.#idle.push(connection);
    if (this.#idle.length === 1) this.#watchdog.watch(this);
  }

  gone(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    if (this.#idle.length === 0) this.#watchdog.unwatch(this);
    if (this.#state !== "open" && this.#all.size === 0) this.#emptied.resolve();
  }

  /** Closes what was idle for too long. */
  check(nowMs: number): void {
    for (const connection of [...this.#idle]) if (nowMs >= connection.idleUntilMs) connection.destroy();
  }

  /** Idle connections end now, others with their answer. */
  close(): Promise<void> {
    this.#state = "closing";
    for (const connection of [...this.#idle]) connection.destroy();
    return this.#whenEmpty();
  }

  /** Everything ends now; requests that are under way fail. */
  destroy(): Promise<void> {
    this.#state = "destroyed";
    for (const connection of [...this.#all]) connection.destroy();
    return this.#whenEmpty();
  }

  #whenEmpty(): Promise<void> {
    return this.#all.size === 0 ? Promise.resolve() : this.#emptied.promise;
  }

  #takeIdle(): Connection | undefined {
    let connection = this.#idle.pop();
    while (connection !== undefined && !connection.isUsable) connection = this.#idle.pop();
    if (this.#idle.length === 0) this.#watchdog.unwatch(this);
    return connection;
  }

  #connectFor(head: string, body: Buffer | undefined, handler: ResponseHandler): void {
    this.#connect((error, wire) => {
      if (wire === undefined) {
        handler.onError(error ?? new Error("no connection"));
      } else if (this.#state === "destroyed") {
        wire.socket.destroy();
        handler.onError(new Error("the pool ended"));
      } else {
        const connection = new Connection(wire, this);
        this.#all.add(connection);
        connection.send(head, body, handler);
      }
    });
  }

  /** Undefined when a path, name or value would break out of its place. */
  #headOf(request: WireRequest): string | undefined {
    const lines = this.#linesOf(request);
    if (lines === undefined) return undefined;
    if (request.body === undefined) return `${lines}\r\n`;
    return `${lines}content-length: ${request.body.length}\r\n\r\n`;
  }

  /** The lines that say nothing of the body; undefined where HTTP cannot carry them. */
  #linesOf(request: WireRequest): string | undefined {
    const { method, path, headers } = request;
    if (this.#last !== undefined && isAlike(this.#last.request, request)) return this.#last.lines;
    if (!/^\/[\x21-\x7e]*$/.test(path)) return undefined;
    let lines = `${method} ${path} ${this.#opening}`;
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const name = headers[at] ?? "";
      const value = headers[at + 1] ?? "";
      if (!isToken(name) || !isFieldValue(value)) return undefined;
      lines += `${name}: ${value}\r\n`;
    }
    this.#last = { request: { method, path, headers, body: undefined }, lines: onePiece(lines) };
    return lines;
  }
}

/** True where two requests differ in nothing but their bodies. */
function isAlike(one: WireRequest, other: WireRequest): boolean {
  if (one.method !== other.method || one.path !== other.path) return false;
  if (one.headers.length !== other.headers.length) return false;
  for (let at = 0; at < one.headers.length; at += 1) if (one.headers[at] !== other.headers[at]) return false;
  return true;
}
