/** An upstream server on a bare socket: records the bytes that reach it, and answers with whatever bytes it is told. */

import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";

/** One request as it came. */
export interface Seen {
  readonly verb: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** What V8 reads in the body; undefined where it is no JSON object. */
  readonly message: { readonly [name: string]: unknown } | undefined;
}

/** Bytes to send, piece by piece, and then what happens to the connection. */
export interface RawReply {
  readonly pieces: readonly Buffer[];
  /** Nothing is sent before this is over. */
  readonly after?: Promise<unknown>;
  /** Default: kept open for the next request. */
  readonly ends?: "close" | "reset";
  /** The bytes are of a server on stdio: they have no head of HTTP. */
  readonly isLines?: true;
  /** What such a server writes to standard error before. */
  readonly aside?: Buffer;
}

export type Script = (seen: Seen) => RawReply;

export interface RawUpstream extends AsyncDisposable {
  readonly port: number;
  readonly seen: Seen[];
  /** Answers every request until it is set anew. */
  script: Script;
}

export async function startRawUpstream(script: Script): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    serve(socket, upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const upstream: RawUpstream = {
    port: (server.address() as AddressInfo).port,
    seen: [],
    script,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return upstream;
}

function serve(socket: Socket, upstream: RawUpstream): void {
  let pending = Buffer.alloc(0);
  let turn = Promise.resolve();
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let read = readRequest(pending); read !== undefined; read = readRequest(pending)) {
      pending = pending.subarray(read.size);
      const { seen } = read;
      upstream.seen.push(seen);
      const reply = upstream.script(seen);
      turn = turn.then(() => write(socket, reply));
    }
  });
}

/** Each piece in a turn of its own, so that the gateway reads them apart. */
async function write(socket: Socket, { pieces, after, ends }: RawReply): Promise<void> {
  await after;
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    if (pieces.length > 1) await new Promise(setImmediate);
  }
  if (ends === "close") socket.end();
  if (ends === "reset") socket.resetAndDestroy();
}

function readRequest(wire: Buffer): { readonly seen: Seen; readonly size: number } | undefined {
  const end = wire.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [start = "", ...lines] = wire.subarray(0, end).toString("latin1").split("\r\n");
  const [verb = "", path = ""] = start.split(" ");
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const length = Number(headers.find(([name]) => name === "content-length")?.[1] ?? 0);
  const size = end + 4 + length;
  if (wire.length < size) return undefined;
  const body = Buffer.from(wire.subarray(end + 4, size));
  return { seen: { verb, path, headers, body, message: readObject(body) }, size };
}

/** What V8 reads; undefined where it is no JSON object. */
export function readObject(body: Buffer): Seen["message"] {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Seen["message"]) : undefined;
  } catch {
    return undefined;
  }
}

/** A whole JSON answer. */
export function jsonReply(value: unknown, status = 200, headers: readonly string[] = []): RawReply {
  return bodyReply(Buffer.from(JSON.stringify(value)), "application/json", status, headers);
}

/** A whole answer with this body and type. */
export function bodyReply(
  body: Buffer,
  type: string,
  status = 200,
  headers: readonly string[] = [],
): RawReply {
  const head = [
    `HTTP/1.1 ${status} Said`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return { pieces: [Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body])] };
}

/** An answer without a body. */
export function emptyReply(status: number): RawReply {
  return { pieces: [Buffer.from(`HTTP/1.1 ${status} Said\r\nContent-Length: 0\r\n\r\n`)] };
}
