import { createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { UpstreamFailure } from "../../src/call/ports.ts";
import { Cleanup, exchange, open, openUpstreams, postTo, serverAt, serveTcp } from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const EVENTS = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/** Once the request has arrived whole. */
function onRequest(socket: Socket, answer: () => void): void {
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    if (text.includes("\r\n\r\n") && text.endsWith("}")) answer();
  });
}

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

describe("a server that breaks is one failure and no crash (F6)", () => {
  const rows: readonly {
    readonly name: string;
    readonly serve: (socket: Socket) => void;
    readonly failure: Omit<UpstreamFailure, "sent">;
  }[] = [
    {
      name: "RST after the request",
      serve: (socket) => onRequest(socket, () => socket.resetAndDestroy()),
      failure: { kind: "cut" },
    },
    {
      name: "half close without an answer",
      serve: (socket) => onRequest(socket, () => socket.end()),
      failure: { kind: "cut" },
    },
    {
      name: "FIN inside the head",
      serve: (socket) => onRequest(socket, () => socket.end("HTTP/1.1 200 OK\r\ncontent-ty")),
      failure: { kind: "cut" },
    },
    {
      name: "FIN inside a JSON body",
      serve: (socket) => onRequest(socket, () => socket.end(`${HEAD}content-length: 100\r\n\r\n{"jsonrpc":`)),
      failure: { kind: "cut", httpStatus: 200 },
    },
    {
      name: "FIN inside a JSON body of a closing connection",
      serve: (socket) =>
        onRequest(socket, () =>
          socket.end(`${HEAD}connection: close\r\ncontent-length: 100\r\n\r\n{"jsonrpc":`),
        ),
      failure: { kind: "cut", httpStatus: 200 },
    },
    {
      name: "FIN inside a chunked body",
      serve: (socket) =>
        onRequest(socket, () => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n64\r\n{"json`)),
      failure: { kind: "cut", httpStatus: 200 },
    },
    {
      name: "RST inside a body",
      serve: (socket) =>
        onRequest(socket, () =>
          socket.write(`${HEAD}content-length: 100\r\n\r\n{`, () =>
            setTimeout(() => socket.resetAndDestroy(), 20),
          ),
        ),
      failure: { kind: "cut", httpStatus: 200 },
    },
    {
      name: "garbage bytes",
      serve: (socket) => onRequest(socket, () => socket.end(Buffer.from([0, 255, 1, 254, 13, 10, 13, 10]))),
      failure: { kind: "garbage" },
    },
    {
      name: "HTTP/0.9",
      serve: (socket) => onRequest(socket, () => socket.end("<html>hello</html>")),
      failure: { kind: "garbage" },
    },
    {
      name: "two lengths",
      serve: (socket) =>
        onRequest(socket, () => socket.end(`${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{} `)),
      failure: { kind: "garbage" },
    },
    {
      name: "a bad chunk size",
      serve: (socket) =>
        onRequest(socket, () => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`)),
      failure: { kind: "garbage", httpStatus: 200 },
    },
    {
      name: "headers without end",
      serve: (socket) => onRequest(socket, () => socket.write(`${HEAD}x: ${"y".repeat(200_000)}`)),
      failure: { kind: "garbage" },
    },
    {
      name: "a flood of 1xx",
      serve: (socket) =>
        onRequest(socket, () => socket.write("HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n".repeat(100))),
      failure: { kind: "garbage" },
    },
    {
      name: "100 Continue that nobody asked for",
      serve: (socket) => onRequest(socket, () => socket.write("HTTP/1.1 100 Continue\r\n\r\n")),
      failure: { kind: "garbage" },
    },
    {
      name: "a switch of protocols",
      serve: (socket) =>
        onRequest(socket, () =>
          socket.write("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
        ),
      failure: { kind: "garbage" },
    },
    {
      name: "an event stream that is cut",
      serve: (socket) => onRequest(socket, () => socket.end(`${EVENTS}${chunk("data: 1\n\n")}`)),
      failure: { kind: "cut", httpStatus: 200 },
    },
    {
      name: "an event stream that is not UTF-8",
      serve: (socket) => onRequest(socket, () => socket.write(`${EVENTS}3\r\n\xff\xfe\n\r\n`, "latin1")),
      failure: { kind: "garbage", httpStatus: 200 },
    },
    {
      name: "a body that trickles and then stops (F7)",
      serve: (socket) => onRequest(socket, () => socket.write(`${HEAD}content-length: 100\r\n\r\n{"js`)),
      failure: { kind: "stalled", httpStatus: 200 },
    },
    {
      name: "an event that is begun and not ended (F7)",
      serve: (socket) => onRequest(socket, () => socket.write(`${EVENTS}${chunk("data: 1\n\ndata: 2")}`)),
      failure: { kind: "stalled", httpStatus: 200 },
    },
    {
      name: "no answer at all (F5)",
      serve: () => {},
      failure: { kind: "deadline" },
    },
    {
      name: "a head and never a body",
      serve: (socket) => onRequest(socket, () => socket.write(`${HEAD}content-length: 100\r\n\r\n`)),
      failure: { kind: "deadline", httpStatus: 200 },
    },
    {
      name: "a stream that is silent until the deadline",
      serve: (socket) => onRequest(socket, () => socket.write(`${EVENTS}${chunk(": hello\n")}`)),
      failure: { kind: "deadline", httpStatus: 200 },
    },
  ];

  test.each(rows)("$name", async ({ serve, failure }) => {
    const url = await serveTcp(cleanup, serve);
    const upstreams = openUpstreams(cleanup, { stallMs: 200 });
    const startedMs = performance.now();
    const told = await exchange(upstreams, postTo(serverAt(url), { deadlineMs: 600 }));
    expect(told.at(-1)).toEqual({ fail: { sent: true, ...failure } });
    // F5: the deadline and 250 ms, and a little for a busy machine.
    expect(performance.now() - startedMs).toBeLessThan(1_100);
    expect(upstreams.load(serverAt(url).id)).toEqual({ inFlight: 0, waiting: 0 });
  });

  test("RST at accept is sent only if a connection was had first", async () => {
    const url = await serveTcp(cleanup, (socket) => socket.resetAndDestroy());
    const told = await exchange(openUpstreams(cleanup), postTo(serverAt(url)));
    // Which of the two sides is first is the kernel's choice.
    expect([
      [{ fail: { kind: "cut", sent: true } }],
      [{ fail: { kind: "unreachable", sent: false } }],
    ]).toContainEqual(told);
  });

  test("more bytes than announced end with the announced ones and do not reach the next call", async () => {
    let connections = 0;
    const url = await serveTcp(cleanup, (socket) => {
      connections += 1;
      onRequest(socket, () => {
        socket.write(`${HEAD}content-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad`);
      });
    });
    const upstreams = openUpstreams(cleanup);
    const first = await exchange(upstreams, postTo(serverAt(url)));
    const second = await exchange(upstreams, postTo(serverAt(url)));
    expect({ first, second, connections }).toEqual({
      first: [{ answer: 200, body: "{}" }],
      second: [{ answer: 200, body: "{}" }],
      connections: 2,
    });
  });
});

describe("a request that never left is `sent: false` (policy-spec L6)", () => {
  test("nobody listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const told = await exchange(openUpstreams(cleanup), postTo(serverAt(`http://127.0.0.1:${port}/mcp`)));
    expect(told).toEqual([{ fail: { kind: "unreachable", sent: false } }]);
  });

  test("the name cannot be resolved (F33)", async () => {
    const upstreams = openUpstreams(cleanup, { resolve: () => Promise.reject(new Error("ENOTFOUND")) });
    const told = await exchange(upstreams, postTo(serverAt("http://mcp.example:8080/mcp")));
    expect(told).toEqual([{ fail: { kind: "unreachable", sent: false } }]);
  });

  test("the name resolves to an address that must not be reached (threat 61)", async () => {
    const upstreams = openUpstreams(cleanup, { resolve: async () => ["169.254.169.254"] });
    const told = await exchange(upstreams, postTo(serverAt("http://mcp.example:8080/mcp")));
    expect(told).toEqual([{ fail: { kind: "refused-address", sent: false } }]);
  });

  test("the URL itself must not be reached", async () => {
    const upstreams = openUpstreams(cleanup, { outboundRules: () => ({}) });
    const told = await exchange(upstreams, postTo(serverAt("http://127.0.0.1:9/mcp")));
    expect(told).toEqual([{ fail: { kind: "refused-address", sent: false } }]);
  });

  test("the deadline comes while the connection is being made", async () => {
    const upstreams = openUpstreams(cleanup, { resolve: () => new Promise(() => {}), connectTimeoutMs: 800 });
    const told = await exchange(
      upstreams,
      postTo(serverAt("http://mcp.example:8080/mcp"), { deadlineMs: 150 }),
    );
    expect(told).toEqual([{ fail: { kind: "deadline", sent: false } }]);
  });

  test("the credential cannot be opened", async () => {
    const fault = new Error("wrong key");
    const faults: unknown[] = [];
    const credentialHeaders = (): never => {
      throw fault;
    };
    const upstreams = openUpstreams(cleanup, { credentialHeaders, onFault: (error) => faults.push(error) });
    const told = await exchange(upstreams, postTo(serverAt("http://127.0.0.1:1/mcp")));
    expect({ told, faults }).toEqual({
      told: [{ fail: { kind: "unreachable", sent: false } }],
      faults: [fault],
    });
  });

  test("a header that HTTP cannot carry", async () => {
    const url = await serveTcp(cleanup, () => {});
    const upstreams = openUpstreams(cleanup, { credentialHeaders: () => ["x-key", "a\r\nb"] });
    const told = await exchange(upstreams, postTo(serverAt(url)));
    expect(told).toEqual([{ fail: { kind: "unreachable", sent: false } }]);
    expect(upstreams.load(serverAt(url).id)).toEqual({ inFlight: 0, waiting: 0 });
  });
});

describe("a request that the server does not read", () => {
  test("is stalled, not waiting for the deadline", async () => {
    const url = await serveTcp(cleanup, (socket) => socket.pause());
    const upstreams = openUpstreams(cleanup, { stallMs: 200 });
    const body = Buffer.alloc(64 * 1024 * 1024, 0x20);
    const told = await exchange(upstreams, postTo(serverAt(url), { body, deadlineMs: 10_000 }));
    expect(told).toEqual([{ fail: { kind: "stalled", sent: true } }]);
  });
});

describe("a server that leaves while nobody reads on (F6, F9)", () => {
  const CLOSING = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
  const rows: readonly { readonly name: string; readonly leave: (socket: Socket) => void }[] = [
    { name: "by a FIN", leave: (socket) => socket.end() },
    { name: "by a RST", leave: (socket) => socket.resetAndDestroy() },
    { name: "by a FIN after more", leave: (socket) => socket.end(`data: ${"x".repeat(100_000)}\n\n`) },
  ];

  test.each(rows)("$name is one end and no crash", async ({ leave }) => {
    const sockets: Socket[] = [];
    const url = await serveTcp(cleanup, (socket) => {
      sockets.push(socket);
      onRequest(socket, () => socket.write(`${CLOSING}data: {}\n\n`));
    });
    const upstreams = openUpstreams(cleanup);
    const held = open(upstreams, postTo(serverAt(url)));
    await held.until((told) => "event" in told);
    held.exchange.pause();
    // The pause is told with the next piece of the answer.
    sockets[0]?.write("data: {}\n\n");
    await held.until((told) => "event" in told && held.told.length > 2);
    for (const socket of sockets) leave(socket);
    held.exchange.resume();
    const told = await held.done;
    const last = told.at(-1);
    expect(last !== undefined && ("end" in last || "fail" in last)).toBe(true);
  });
});
