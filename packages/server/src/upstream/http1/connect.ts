import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
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

/** Makes one connection. Exactly one of the two is told, once; an address as host needs no look-up. */
export type Connect = (done: (error: Error | undefined, socket: Socket | undefined) => void) => void;

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
    const socket = isTls ? connectTls(tls) : connectTcp(tcp);
    whenReady(socket, isTls ? "secureConnect" : "connect", timeoutMs, done);
  };
}

function whenReady(
  socket: Socket,
  ready: "connect" | "secureConnect",
  timeoutMs: number,
  done: Parameters<Connect>[0],
): void {
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error("connecting took too long"), { code: "ETIMEDOUT" }));
  }, timeoutMs);
  let isOver = false;
  const finish = (error: Error | undefined): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    done(error, error === undefined ? socket : undefined);
  };
  socket.once(ready, () => finish(undefined));
  socket.on("error", finish);
  socket.once("close", () => finish(new Error("the connection was closed before it was made")));
}
