import { connect as connectTcp, isIP, type LookupFunction, type NetConnectOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** How connections to one server are made. */
export interface ConnectOptions {
  /** Hands out only judged addresses. */
  readonly lookup: LookupFunction;
  /** For the name, the connection and TLS together. */
  readonly timeoutMs: number;
  /** Certificate authorities (PEM); undefined are those that Node trusts. */
  readonly ca: readonly string[] | undefined;
}

/** A connection that is made. */
export interface Wire {
  readonly socket: Socket;
  /** Whoever reads it. The bytes are there until it returns, and no longer: the next read is written over them. */
  onBytes: (bytes: Buffer) => void;
}

/** Makes one connection. Exactly one of the two is told, once; an address as host needs no look-up. */
export type Connect = (done: (error: Error | undefined, wire: Wire | undefined) => void) => void;

/**
 * Where all connections without TLS read into, one after the other: nobody else runs between a read and the end of
 * `onBytes`. Node makes 64 KiB for each read otherwise, which costs more than reading a short answer.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Connections to the host of `url`, over TLS for `https:`. A certificate is always verified, whatever the environment
 * says, and with each connection anew: no session is resumed.
 */
export function connectTo(url: URL, { lookup, timeoutMs, ca }: ConnectOptions): Connect {
  // A URL writes an IPv6 address in brackets.
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isTls = url.protocol === "https:";
  const port = url.port === "" ? (isTls ? 443 : 80) : Number(url.port);
  const tcp = { host, port, lookup, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
  const tls = {
    ...tcp,
    // RFC 6066 section 3: a server name is never an address.
    servername: isIP(host) === 0 ? host : "",
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
    ...(ca === undefined ? {} : { ca: [...ca] }),
  };
  return (done) => {
    const wire = isTls ? readEvents(connectTls(tls)) : readInPlace(tcp);
    whenReady(wire, isTls ? "secureConnect" : "connect", timeoutMs, done);
  };
}

function readEvents(socket: Socket): Wire {
  const wire: Wire = { socket, onBytes: () => socket.destroy() };
  socket.on("data", (bytes: Buffer) => wire.onBytes(bytes));
  return wire;
}

function readInPlace(options: NetConnectOpts): Wire {
  const callback = (size: number): boolean => {
    wire.onBytes(shared.subarray(0, size));
    return true;
  };
  const socket = connectTcp({ ...options, onread: { buffer: shared, callback } });
  // What comes before anybody asked would be read as an answer.
  const wire: Wire = { socket, onBytes: () => socket.destroy() };
  return wire;
}

function whenReady(
  wire: Wire,
  ready: "connect" | "secureConnect",
  timeoutMs: number,
  done: Parameters<Connect>[0],
): void {
  const { socket } = wire;
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error("connecting took too long"), { code: "ETIMEDOUT" }));
  }, timeoutMs);
  let isOver = false;
  const finish = (error: Error | undefined): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    done(error, error === undefined ? wire : undefined);
  };
  socket.once(ready, () => finish(undefined));
  socket.on("error", finish);
  socket.once("close", () => finish(new Error("the connection was closed before it was made")));
}
