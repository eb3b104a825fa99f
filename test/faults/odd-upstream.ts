import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { TOOLS, VERSION } from "./protocol.ts";

/** What an upstream does with the bytes of its socket once a call has come whole. */
export interface Oddity {
  readonly name: string;
  readonly answer: (socket: Socket, id: number) => void;
  /** How the log must call it. */
  readonly status: "unknown" | "upstream_error";
}

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const EVENTS = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const result = (id: number) =>
  JSON.stringify({ jsonrpc: "2.0", id, result: { resultType: "complete", content: [] } });
const whole = (body: string) => `${HEAD}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** F6: every way in which an upstream can break. */
export const ODDITIES: readonly Oddity[] = [
  { name: "RST after the request", answer: (socket) => socket.resetAndDestroy(), status: "unknown" },
  { name: "FIN without an answer", answer: (socket) => socket.end(), status: "unknown" },
  {
    name: "FIN inside the head",
    answer: (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-ty"),
    status: "unknown",
  },
  {
    name: "FIN inside JSON",
    answer: (socket) => socket.end(`${HEAD}content-length: 100\r\n\r\n{"jsonrpc":`),
    status: "unknown",
  },
  {
    name: "FIN inside a chunk",
    answer: (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n64\r\n{"a`),
    status: "unknown",
  },
  {
    name: "a length too small",
    answer: (socket, id) => socket.end(`${HEAD}content-length: 5\r\n\r\n${result(id)}`),
    status: "upstream_error",
  },
  {
    name: "two lengths",
    answer: (socket) => socket.end(`${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{} `),
    status: "unknown",
  },
  {
    name: "garbage bytes",
    answer: (socket) => socket.end(Buffer.from([0, 255, 1, 254, 13, 10, 13, 10])),
    status: "unknown",
  },
  { name: "HTTP/0.9", answer: (socket) => socket.end("<html>hello</html>"), status: "unknown" },
  {
    name: "a flood of 1xx",
    answer: (socket) => socket.write("HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n".repeat(1_000)),
    status: "unknown",
  },
  {
    name: "a switch of protocols",
    answer: (socket) =>
      socket.write("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
    status: "unknown",
  },
  {
    name: "headers without end",
    answer: (socket) => socket.write(`${HEAD}x: ${"y".repeat(300_000)}`),
    status: "unknown",
  },
  {
    name: "a redirect",
    answer: (socket) =>
      socket.end("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
    status: "unknown",
  },
  { name: "JSON that is none", answer: (socket) => socket.end(whole("{nope")), status: "upstream_error" },
  {
    name: "the answer to another call",
    answer: (socket, id) => socket.end(whole(result(id + 1))),
    status: "upstream_error",
  },
  {
    name: "an event stream that is cut",
    answer: (socket) => socket.end(`${EVENTS}${chunk(": hello\n\n")}`),
    status: "unknown",
  },
  {
    name: "an event stream of garbage",
    answer: (socket) => socket.end(`${EVENTS}${chunk("data: {nope\n\n")}0\r\n\r\n`),
    status: "upstream_error",
  },
  {
    name: "a bomb of gzip that nobody asked for",
    answer: (socket) => {
      const body = gzipSync(Buffer.alloc(64 * 1024 * 1024));
      socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.end(body);
    },
    status: "unknown",
  },
  {
    name: "a length of 1 GB",
    answer: (socket) => socket.write(`${HEAD}content-length: 1000000000\r\n\r\n{`),
    status: "unknown",
  },
];

/** The answer of a server that is well. */
export function answerOk(socket: Socket, id: number): void {
  socket.write(whole(result(id)));
}

const MESSAGE = {
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", data: "y".repeat(60_000) },
};
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));

/** Bodies that never end, each in its way (F7): the head once, then the piece for as long as it is taken. */
export const ENDLESS: readonly {
  readonly name: string;
  readonly head: string;
  readonly piece: string | Buffer;
}[] = [
  {
    name: "a body of chunks without end",
    head: `${HEAD}transfer-encoding: chunked\r\n\r\n`,
    piece: chunk("[".repeat(65_536)),
  },
  { name: "one event without end", head: EVENTS, piece: chunk(`data: ${"x".repeat(65_536)}\n`) },
  { name: "comments without end", head: EVENTS, piece: chunk(`: ${"x".repeat(65_536)}\n\n`) },
  { name: "events without end", head: EVENTS, piece: chunk(`data: ${JSON.stringify(MESSAGE)}\n\n`) },
  {
    name: "a body of 1 GB",
    head: `${HEAD}content-length: 1000000000\r\n\r\n`,
    piece: "[".repeat(65_536),
  },
  {
    name: "bombs of gzip",
    head: `${HEAD}content-encoding: gzip\r\ncontent-length: ${1_000 * BOMB.length}\r\n\r\n`,
    piece: BOMB,
  },
];

export interface OddUpstream extends AsyncDisposable {
  readonly url: string;
  /** Calls that it had at a time, at most. */
  readonly most: () => number;
}

/** Lists its tools as it should, or these, and answers each call as `answer` says. */
export async function startOdd(
  answer: (socket: Socket, id: number, tool: string) => void,
  tools: readonly object[] = TOOLS,
): Promise<OddUpstream> {
  const calling = new Set<Socket>();
  let most = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      calling.delete(socket);
    });
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      const at = text.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (at === -1 || text.length < at + 4 + length) return;
      const message = JSON.parse(text.slice(at + 4)) as {
        id: number;
        method: string;
        params: { name: string };
      };
      text = "";
      if (message.method === "tools/call") {
        calling.add(socket);
        most = Math.max(most, calling.size);
        answer(socket, message.id, message.params.name);
      } else socket.write(whole(setUpAnswer(message, tools)));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    most: () => most,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function setUpAnswer(
  { id, method }: { readonly id: number; readonly method: string },
  tools: readonly object[],
): string {
  const result =
    method === "tools/list"
      ? { resultType: "complete", tools, ttlMs: 600_000 }
      : { resultType: "complete", supportedVersions: [VERSION], capabilities: {} };
  return JSON.stringify({ jsonrpc: "2.0", id, result });
}
