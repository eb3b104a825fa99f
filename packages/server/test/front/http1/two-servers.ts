import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { AgentRequest } from "../../../src/call/agent-request.ts";
import { readBody } from "../../../src/call/body.ts";
import type { Reply } from "../../../src/call/call.ts";
import { HttpReply } from "../../../src/front/http-reply.ts";
import { createHttpServer, drain, listen, type Serve } from "../../../src/front/http-server.ts";
import { NodeRequest } from "../../../src/front/node-request.ts";

/** The same service twice: behind the gateway's reader of plain requests, and behind Node's HTTP alone. */
export interface TwoServers extends AsyncDisposable {
  readonly plainPort: number;
  readonly nodePort: number;
}

const KEEP_ALIVE_MS = 65_000;

export async function startBoth(serve: Serve): Promise<TwoServers> {
  const plain = createHttpServer(serve);
  const node = nodeServer(serve);
  return {
    plainPort: await listen(plain, "127.0.0.1", 0),
    nodePort: await listen(node, "127.0.0.1", 0),
    [Symbol.asyncDispose]: async () => {
      node.closeAllConnections();
      node.close();
      await drain(plain, 0);
    },
  };
}

function nodeServer(serve: Serve): Server {
  return createServer(
    { IncomingMessage: NodeRequest, keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true },
    (request, response) => serve(request, new HttpReply(response, () => {})),
  );
}

/** Answers with what it read: two readers that differ in anything answer differently. */
export function mirror(request: AgentRequest, reply: Reply): void {
  void readBody(request, { maxBodyBytes: 1_000 }).then((body) => {
    const { method, url, rawHeaders, headers, httpVersionMajor } = request;
    const read = body.ok ? body.value.toString("latin1") : body.error.kind;
    const text = JSON.stringify({ method, url, rawHeaders, headers, httpVersionMajor, read });
    reply.whole(200, ["content-type", "application/json"], text);
  });
}

/** The last request of a conversation: its answer ends the connection. */
export const LAST = "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/** Sends these pieces one after the other; everything that comes back until the connection ends, without its times. */
export async function converse(port: number, pieces: readonly string[]): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const said = listenTo(socket);
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece, "latin1");
    // Most pieces then arrive alone; none has to.
    await new Promise(setImmediate);
  }
  return said;
}

/** Everything that a connection says until it ends, without its times. */
export async function listenTo(socket: Socket): Promise<string> {
  let said = "";
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    said += bytes.toString("latin1");
  });
  await once(socket, "close");
  return said.replaceAll(/Date: [^\r]*/g, "Date: …");
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
