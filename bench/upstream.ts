/**
 * The server behind every contestant: as cheap as Node can be, so that the proxy before it is what is measured. It
 * reads HTTP/1.1 with a content length off the socket, echoes the JSON-RPC id and writes an answer made beforehand.
 *
 * The path says what it is: `/<era>/<bytes of text in an answer>/<number of tools>`. `GET` and
 * `subscriptions/listen` open a stream that stays silent. Prints its URL as JSON when it is ready.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { answerResult, type Era, MODERN_VERSION, toolList, toolNames } from "./wire.ts";

interface Site {
  readonly era: Era;
  /** What follows the id in the answer to `tools/call`. */
  readonly callTail: string;
  readonly listTail: string;
}

const sites = new Map<string, Site>();

function siteOf(path: string): Site {
  const known = sites.get(path);
  if (known !== undefined) return known;
  const [, era, bytes, tools] = path.split("/");
  if (era !== "legacy" && era !== "modern") throw new Error(`no such path: ${path}`);
  const site = {
    era,
    callTail: `,"result":${JSON.stringify(answerResult(era, Number(bytes)))}}`,
    listTail: `,"result":${JSON.stringify(toolList(era, toolNames(Number(tools))))}}`,
  } as const;
  sites.set(path, site);
  return site;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const STREAM_HEAD =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\ntransfer-encoding: chunked\r\n\r\n";

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  let rest: Buffer = Buffer.alloc(0);
  let waiting: Buffer[] = [];
  let missing = 0;
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    if (chunk.length < missing) {
      // A long body is put together once, not at every piece.
      waiting.push(chunk);
      missing -= chunk.length;
      return;
    }
    rest = waiting.length === 0 ? chunk : Buffer.concat([...waiting, chunk]);
    waiting = [];
    missing = 0;
    while (rest.length > 0) {
      const taken = takeRequest(socket, rest);
      if (taken <= 0) {
        waiting = [rest];
        missing = -taken;
        return;
      }
      rest = rest.subarray(taken);
    }
  });
}

/** The bytes of the first request, which is answered; or how many are missing, as a negative number (0: unknown). */
function takeRequest(socket: Socket, bytes: Buffer): number {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return 0;
  const head = bytes.toString("latin1", 0, end);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const total = end + 4 + length;
  if (bytes.length < total) return bytes.length - total;
  const path = head.slice(head.indexOf("/"), head.indexOf(" HTTP"));
  if (head.startsWith("POST")) answer(socket, siteOf(path), bytes.subarray(end + 4, total));
  else if (head.startsWith("GET")) socket.write(STREAM_HEAD);
  else socket.write("HTTP/1.1 204 No Content\r\n\r\n");
  return total;
}

/** Long enough for everything before or behind the arguments. */
const EDGE_BYTES = 1_024;

function answer(socket: Socket, site: Site, body: Buffer): void {
  const start = body.toString("latin1", 0, Math.min(EDGE_BYTES, body.length));
  const id = idIn(start) ?? idIn(body.toString("latin1", Math.max(0, body.length - EDGE_BYTES)));
  if (start.includes('"tools/call"')) return send(socket, id, site.callTail);
  return answerOther(socket, site, id, JSON.parse(body.toString()) as { method: string });
}

/** As it is written there. Nothing else in these messages is called `id`. */
function idIn(text: string): string | undefined {
  return /"id":("[^"]*"|\d+)/.exec(text)?.[1];
}

function answerOther(
  socket: Socket,
  site: Site,
  id: string | undefined,
  { method }: { method: string },
): void {
  if (id === undefined) {
    socket.write("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n");
  } else if (method === "tools/list") {
    send(socket, id, site.listTail);
  } else if (method === "initialize") {
    const result = { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: SERVER_INFO };
    send(
      socket,
      id,
      `,"result":${JSON.stringify(result)}}`,
      `mcp-session-id: up-${process.hrtime.bigint()}\r\n`,
    );
  } else if (method === "server/discover") {
    const result = {
      resultType: "complete",
      supportedVersions: [MODERN_VERSION],
      capabilities: { tools: {} },
    };
    send(socket, id, `,"result":${JSON.stringify({ ...result, serverInfo: SERVER_INFO })}}`);
  } else if (method === "subscriptions/listen") {
    const params = { notifications: {}, _meta: { "io.modelcontextprotocol/subscriptionId": JSON.parse(id) } };
    const acknowledged = { jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params };
    const event = `data: ${JSON.stringify(acknowledged)}\n\n`;
    socket.write(`${STREAM_HEAD}${event.length.toString(16)}\r\n${event}\r\n`);
  } else {
    send(socket, id, ',"error":{"code":-32601,"message":"not here"}}');
  }
}

const SERVER_INFO = { name: "bench", version: "1" };
const OPENING = '{"jsonrpc":"2.0","id":';

/** Head and body in one write; every text is ASCII. */
function send(socket: Socket, id: string | undefined, tail: string, headers = ""): void {
  const shown = id ?? "null";
  const length = OPENING.length + shown.length + tail.length;
  socket.write(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}content-length: ${length}\r\n\r\n${OPENING}${shown}${tail}`,
    "latin1",
  );
}

const server = createServer(serve);
server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ event: "ready", url: `http://127.0.0.1:${port}` }));
});
