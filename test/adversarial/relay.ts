/** Servers that are child processes, played by the script of the recording upstream: what they write is decided here. */
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type RawReply, type RawUpstream, readObject } from "./raw-upstream.ts";

export interface Relay extends AsyncDisposable {
  /** The command of a server whose messages the script sees under this path. A deaf one has no ear for SIGTERM. */
  command(path: string, isDeaf?: boolean): readonly string[];
  /** Process ids of the living children with this path. */
  living(path: string): readonly number[];
  /** Ends the children with this path. */
  end(path: string): void;
}

interface Child {
  readonly path: string;
  readonly pid: number;
  readonly out: Socket;
}

/** Children speak to a port of this process; their lines are heard by `upstream`. */
export async function startRelay(upstream: RawUpstream): Promise<Relay> {
  const sockets = new Set<Socket>();
  const children = new Set<Child>();
  const errors = new Map<number, Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    let child: Child | undefined;
    onLines(socket, (line) => {
      if (child !== undefined) return hear(child, line, upstream, errors.get(child.pid));
      const { path, pid, stream } = JSON.parse(line.toString("utf8")) as Hello;
      child = { path, pid, out: socket };
      if (stream === "stderr") errors.set(pid, socket);
      else children.add(child);
      const known = child;
      socket.on("close", () => (stream === "stderr" ? errors.delete(pid) : children.delete(known)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const of = (path: string): readonly Child[] => [...children].filter((child) => child.path === path);
  return {
    command: (path, isDeaf = false) => [process.execPath, SCRIPT, String(port), path, isDeaf ? "deaf" : ""],
    living: (path) => of(path).map(({ pid }) => pid),
    end: (path) => {
      for (const { out } of of(path)) out.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const SCRIPT = join(import.meta.dirname, "relay-child.mjs");

interface Hello {
  readonly path: string;
  readonly pid: number;
  readonly stream: "stdout" | "stderr";
}

function onLines(socket: Socket, take: (line: Buffer) => void): void {
  let parts: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => {
    let rest = chunk;
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      take(Buffer.concat([...parts, rest.subarray(0, end)]));
      parts = [];
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) parts.push(Buffer.from(rest));
  });
}

function hear({ path, out }: Child, line: Buffer, upstream: RawUpstream, errors: Socket | undefined): void {
  const seen = { verb: "LINE", path: `/${path}`, headers: [], body: line, message: readObject(line) };
  upstream.seen.push(seen);
  const reply = upstream.script(seen);
  if (reply.aside !== undefined) errors?.write(reply.aside);
  const bytes = toLines(reply);
  if (bytes.length > 0) out.write(bytes);
  if (reply.ends !== undefined) out.end();
}

/** What an answer over HTTP says, as the line that says it on stdio. */
function toLines({ pieces, isLines }: RawReply): Buffer {
  const whole = Buffer.concat(pieces);
  if (isLines === true) return whole;
  const body = whole.subarray(whole.indexOf("\r\n\r\n") + 4);
  return body.length === 0 ? body : Buffer.concat([body, Buffer.from("\n")]);
}
