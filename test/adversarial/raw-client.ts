/** HTTP by hand: libraries repair half of what an attacker sends, so bytes go onto a socket as they are. */
import { connect, type Socket } from "node:net";

/** What came back on one connection for one request. */
export interface RawAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number;
  /** Lower-case names, in order; a name may come twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Every byte that came. */
  readonly wire: Buffer;
  /** Bytes after the end of the first answer: of a second one, where two requests were pipelined. */
  readonly rest: Buffer;
}

export interface SendOptions {
  /** How long an answer may take. */
  readonly timeoutMs?: number;
  /** Wait for the connection's end instead of the first answer's. */
  readonly untilClosed?: boolean;
  /** Stops before this byte until something has happened. */
  readonly pause?: { readonly at: number; readonly until: () => Promise<void> };
}

const TIMEOUT_MS = 10_000;

/** Sends the bytes on a connection of their own and reads one answer. Rejects when none comes in time. */
export function sendRaw(origin: string, bytes: Buffer, options: SendOptions = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin);
  const isHead = bytes.subarray(0, 5).toString("latin1") === "HEAD ";
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: hostname, noDelay: true, ...nextAddress() });
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`no answer in time; so far: ${Buffer.concat(chunks).toString("latin1").slice(0, 200)}`),
      );
    }, options.timeoutMs ?? TIMEOUT_MS);
    const finish = (answer: RawAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => write(socket, bytes, options.pause).catch(reject));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const answer =
        options.untilClosed === true ? undefined : readAnswer(Buffer.concat(chunks), false, isHead);
      if (answer !== undefined) finish(answer);
    });
    // The gateway closes a connection that it gave up while bytes are still on their way.
    socket.on("error", () => {});
    socket.on("close", () =>
      finish(readAnswer(Buffer.concat(chunks), true, isHead) ?? unanswered(Buffer.concat(chunks))),
    );
  });
}

async function write(socket: Socket, bytes: Buffer, pause: SendOptions["pause"]): Promise<void> {
  if (pause === undefined) return void socket.write(bytes);
  await new Promise<unknown>((resolve) => socket.write(bytes.subarray(0, pause.at), resolve));
  await pause.until();
  socket.write(bytes.subarray(pause.at));
}

let connections = 0;

/** Strangers are throttled by their address, so each comes from one of its own, where loopback has more than one. */
function nextAddress(): { readonly localAddress?: string } {
  if (process.platform !== "linux") return {};
  connections = (connections + 1) % (250 * 250);
  return { localAddress: `127.7.${Math.floor(connections / 250)}.${(connections % 250) + 1}` };
}

function unanswered(wire: Buffer): RawAnswer {
  return { status: 0, headers: [], body: Buffer.alloc(0), wire, rest: Buffer.alloc(0) };
}

/** The first final answer in `wire`; undefined while it is not whole. Throws on what is no HTTP/1.1. */
export function readAnswer(wire: Buffer, isClosed: boolean, isHead = false): RawAnswer | undefined {
  const end = wire.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [start = "", ...lines] = wire.subarray(0, end).toString("latin1").split("\r\n");
  const match = /^HTTP\/1\.1 (\d{3})(?: [\x20-\x7e]*)?$/.exec(start);
  if (match === null) throw new Error(`not a status line: ${JSON.stringify(start)}`);
  const status = Number(match[1]);
  const after = wire.subarray(end + 4);
  if (status === 100) return readAnswer(after, isClosed, isHead);
  const headers = lines.map(readHeaderLine);
  const framed = isHead ? { body: Buffer.alloc(0), rest: after } : readBody(headers, after, isClosed);
  return framed === undefined ? undefined : { status, headers, wire, ...framed };
}

function readHeaderLine(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  if (colon < 1 || /[^\t\x20-\x7e]/.test(line)) throw new Error(`not a header line: ${JSON.stringify(line)}`);
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function readBody(
  headers: RawAnswer["headers"],
  after: Buffer,
  isClosed: boolean,
): { readonly body: Buffer; readonly rest: Buffer } | undefined {
  const length = headerOf(headers, "content-length");
  if (length !== undefined) {
    const size = Number(length);
    return after.length < size ? undefined : { body: after.subarray(0, size), rest: after.subarray(size) };
  }
  if (headerOf(headers, "transfer-encoding") === "chunked") return readChunks(after);
  return isClosed || after.length === 0 ? { body: after, rest: Buffer.alloc(0) } : undefined;
}

function readChunks(wire: Buffer): { readonly body: Buffer; readonly rest: Buffer } | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = wire.indexOf("\r\n", at);
    if (end === -1) return undefined;
    const size = Number.parseInt(wire.subarray(at, end).toString("latin1"), 16);
    const from = end + 2;
    if (wire.length < from + size + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), rest: wire.subarray(from + 2) };
    parts.push(wire.subarray(from, from + size));
    at = from + size + 2;
  }
}

/** The first value of a header; `name` is lower case. */
export function headerOf(headers: RawAnswer["headers"], name: string): string | undefined {
  return headers.find(([found]) => found === name)?.[1];
}
