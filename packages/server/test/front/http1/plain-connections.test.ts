import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AgentRequest } from "../../../src/call/agent-request.ts";
import { readBody } from "../../../src/call/body.ts";
import type { Reply } from "../../../src/call/call.ts";
import { HttpReply } from "../../../src/front/http-reply.ts";
import { createHttpServer, drain, listen } from "../../../src/front/http-server.ts";
import { PlainConnection } from "../../../src/front/http1/connection.ts";
import { type PlainOptions, servePlain } from "../../../src/front/http1/plain-connections.ts";
import { converse, LAST, listenTo, mirror, portOf, startBoth, type TwoServers } from "./two-servers.ts";

const HEAD = "POST /mcp/srv_0123456789ABCDef HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

function post(body: string): string {
  return `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`;
}

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0)) await end();
});

describe("what a client hears is what Node would say", () => {
  let both: TwoServers;
  beforeAll(async () => {
    both = await startBoth(mirror);
  });
  afterAll(() => both[Symbol.asyncDispose]());

  async function expectSame(pieces: readonly string[]): Promise<string> {
    const [plain, node] = await Promise.all([
      converse(both.plainPort, pieces),
      converse(both.nodePort, pieces),
    ]);
    expect(plain).toBe(node);
    return plain;
  }

  test.each<[string, readonly string[]]>([
    ["one request", [post("{}"), LAST]],
    ["no body", [post(""), LAST]],
    ["what holds anyway", [post("1").replace("Host", "Connection: Keep-Alive\r\nHost"), LAST]],
    ["a length with zeros before it", [post("12").replace("Length: ", "Length: 000"), LAST]],
    ["requests one after the other", [post("1"), post("22"), post("333"), LAST]],
    ["requests that do not wait for answers", [post("1") + post("22") + post("333") + LAST]],
    ["a body that comes later", [post("12345678").slice(0, -6), "345", "678", LAST]],
    ["a body that is too large", [post("x".repeat(1_001)), post("1"), LAST]],
    ["a head in two pieces", [post("12").slice(0, 30), post("12").slice(30), post("3"), LAST]],
    ["a head in two pieces behind a body", [post("1") + post("12").slice(0, 30), post("12").slice(30), LAST]],
    [
      "what is not plain behind what is",
      [post("1"), `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\n\r\n`, LAST],
    ],
    ["a length and a coding", [`${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1`]],
    ["two lengths", [`${HEAD}Content-Length: 1\r\nContent-Length: 1\r\n\r\n1`]],
    ["a request inside of another one's body", [post(post("1")), LAST]],
    ["an expectation", [`${HEAD}Expect: 100-continue\r\nContent-Length: 1\r\n\r\n1`, LAST]],
  ])("%s", async (_, pieces) => {
    expect(await expectSame(pieces)).toMatch(/^HTTP\/1\.1 [1-4]/);
  });

  test("what is no request behind what is one is refused when that is answered", async () => {
    const said = await converse(both.plainPort, [`${post("1")}nonsense\r\n\r\n`]);
    expect(said).toMatch(/^HTTP\/1\.1 200 OK.*HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n\r\n$/s);
  });

  const request = fc.oneof(
    { weight: 4, arbitrary: fc.stringMatching(/^[ -~]{0,40}$/).map(post) },
    fc.constant("GET /mcp/srv_0123456789ABCDef HTTP/1.1\r\nHost: x\r\n\r\n"),
    fc.constant(`${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
    fc.constant(`${HEAD}X_A: 1\r\nContent-Length: 1\r\n\r\n1`),
  );

  test("however many requests come, and however their bytes are cut", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { maxLength: 6 }),
        fc.array(fc.nat(400)),
        async (requests, sizes) => {
          await expectSame(cut(requests.join("") + LAST, sizes));
        },
      ),
      { numRuns: 300 },
    );
  });
});

function cut(text: string, sizes: readonly number[]): readonly string[] {
  const pieces: string[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(text.slice(at, at + size + 1));
    at += size + 1;
  }
  return [...pieces, text.slice(at)].filter((piece) => piece !== "");
}

describe("answers have the bytes of Node's", () => {
  test.each<[string, (reply: Reply) => void]>([
    ["no body", (reply) => reply.whole(202, [], undefined)],
    ["a text with characters of two bytes", (reply) => reply.whole(200, ["content-type", "x"], "é")],
    ["bytes", (reply) => reply.whole(200, [], Buffer.from([0xff, 0, 0xc3]))],
    ["a large text", (reply) => reply.whole(200, [], "é".repeat(1_000_000))],
    ["large bytes", (reply) => reply.whole(200, [], Buffer.alloc(5_000_000, "x"))],
    ["a status without a name", (reply) => reply.whole(299, [], "x")],
    ["the last of its connection", (reply) => reply.whole(400, ["connection", "close"], "x")],
    [
      "a stream",
      (reply) => {
        reply.startStream(["mcp-session-id", "s"]);
        reply.event({ data: "é", id: "1" });
        reply.event({ data: "x".repeat(100_000) });
        reply.end();
      },
    ],
    [
      "a stream without an event",
      (reply) => {
        reply.startStream([]);
        reply.end();
      },
    ],
  ])("%s", async (_, answer) => {
    await using both = await startBoth((request, reply) =>
      request.url === "/last" ? reply.whole(200, [], "last") : answer(reply),
    );
    const pieces = [post("{}"), LAST];
    const node = await converse(both.nodePort, pieces);
    expect((await converse(both.plainPort, pieces)) === node).toBe(true);
    expect(node.startsWith("HTTP/1.1 ")).toBe(true);
  });

  test.each([
    ["a line feed in a value", ["x", "a\nb"]],
    ["a carriage return in a value", ["x", "a\rSet-Cookie: a"]],
    ["a line feed in a name", ["x: a\nb", "a"]],
    ["a character of two bytes", ["x", "\u2028"]],
  ])("%s cannot be sent", async (_, headers) => {
    const thrown: unknown[] = [];
    const server = createHttpServer((__, reply) => {
      try {
        reply.whole(200, headers, "x");
      } catch (cause) {
        thrown.push(cause);
      }
      setImmediate(() => void drain(server, 0));
    });
    const port = await listen(server, "127.0.0.1", 0);
    expect(await converse(port, [post("{}")])).toBe("");
    expect(thrown).toEqual([expect.any(TypeError)]);
  });
});

interface Started {
  readonly port: number;
  readonly over: () => number;
}

/** Connections that are looked at often and may take little time. */
async function startHurried(
  serve: (request: AgentRequest, reply: Reply) => void,
  times: Partial<PlainOptions> = {},
): Promise<Started> {
  let over = 0;
  const server = createServer();
  const connections = servePlain(server, {
    requestMs: 60_000,
    firstMs: 60_000,
    keepAliveMs: 60_000,
    lookMs: 20,
    serve: (request, response) =>
      serve(
        request,
        new HttpReply(response, () => {
          over += 1;
        }),
      ),
    ...times,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.push(() => {
    connections.closeAll();
    server.close();
  });
  return { port: portOf(server), over: () => over };
}

function open(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1" });
  cleanup.push(() => socket.destroy());
  return socket;
}

describe("time (threat 11)", () => {
  const TOO_SLOW = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

  test("a connection that never asks is told so", async () => {
    const { port } = await startHurried(mirror, { firstMs: 100 });
    expect(await listenTo(open(port))).toBe(TOO_SLOW);
  });

  test("what was read behind that is not served", async () => {
    const accepted = Promise.withResolvers<Socket>();
    const server = createTcpServer(accepted.resolve);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanup.push(() => server.close());
    const said = listenTo(open((server.address() as AddressInfo).port));
    const socket = await accepted.promise;
    const times = { requestMs: 1, firstMs: 1, keepAliveMs: 1, keepAlive: "" };
    let served = 0;
    const connection = new PlainConnection(socket, {
      ...times,
      serve: () => {
        served += 1;
      },
      handOver: () => {},
      forget: () => {},
    });
    connection.look(Number.POSITIVE_INFINITY);
    socket.emit("data", Buffer.from(post("1")));
    expect(await said).toBe(TOO_SLOW);
    expect(served).toBe(0);
  });

  test("a body has its time from its head on, however long the connection waited before", async () => {
    const { port } = await startHurried(mirror, { requestMs: 400 });
    const socket = open(port);
    socket.write(post("1"));
    await once(socket, "data");
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await pause(600);
    const said = listenTo(socket);
    socket.write(post("12345").slice(0, -2));
    await pause(100);
    socket.write("45");
    await once(socket, "data");
    socket.end();
    expect(await said).toMatch(/^HTTP\/1\.1 200 OK.*12345/s);
  });

  test("a body that does not come is told so, and its request ends", async () => {
    const ends: unknown[] = [];
    const { port, over } = await startHurried(
      (request, reply) =>
        void readBody(request, { maxBodyBytes: 10 }).then((body) => {
          ends.push(body);
          reply.whole(400, [], "too late to be said");
        }),
      { requestMs: 100 },
    );
    const socket = open(port);
    socket.write(post("12345").slice(0, -2));
    expect(await listenTo(socket)).toBe(TOO_SLOW);
    expect(ends).toEqual([{ ok: false, error: { kind: "body-aborted" } }]);
    expect(over()).toBe(1);
  });

  test("a body that does not come behind its answer ends the connection", async () => {
    const { port, over } = await startHurried((_, reply) => reply.whole(401, [], "no"), { requestMs: 100 });
    const socket = open(port);
    socket.write(post("12345").slice(0, -2));
    expect(await listenTo(socket)).toMatch(/^HTTP\/1\.1 401 .*\r\n\r\nno$/s);
    expect(over()).toBe(1);
  });

  test("a connection is kept for as long as its client may ask again", async () => {
    const { port } = await startHurried(mirror, { keepAliveMs: 1_000, firstMs: 1 });
    const socket = open(port);
    socket.write(post("1"));
    const sinceMs = performance.now();
    expect(await listenTo(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Keep-Alive: timeout=1\r\n/s);
    expect(performance.now() - sinceMs).toBeGreaterThan(900);
  });

  test("an answer may take longer than anything else", async () => {
    const { port } = await startHurried(
      (_, reply) => {
        setTimeout(() => reply.whole(200, ["connection", "close"], "at last"), 300);
      },
      { firstMs: 50, keepAliveMs: 50, requestMs: 50 },
    );
    const socket = open(port);
    socket.write(post("1"));
    expect(await listenTo(socket)).toMatch(/at last$/);
  });
});

describe("a client that leaves", () => {
  test.each<[string, (socket: Socket) => unknown]>([
    ["cuts the connection", (socket) => socket.resetAndDestroy()],
    ["ends the connection", (socket) => socket.end()],
  ])("and %s during its answer is known to have left", async (_, leave) => {
    const closed = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { port, over } = await startHurried((__, reply) => {
      reply.onClose(closed.resolve);
      reply.startStream([]);
      begun.resolve();
    });
    const socket = open(port);
    socket.on("error", () => {});
    socket.resume();
    socket.write(post("1"));
    await begun.promise;
    leave(socket);
    await closed.promise;
    expect(over()).toBe(1);
  });

  test("within its body is known to have left", async () => {
    const body = Promise.withResolvers<unknown>();
    const begun = Promise.withResolvers<void>();
    const { port } = await startHurried((request) => {
      void readBody(request, { maxBodyBytes: 10 }).then(body.resolve);
      begun.resolve();
    });
    const socket = open(port);
    socket.write(post("12345").slice(0, -2));
    await begun.promise;
    socket.end();
    expect(await body.promise).toEqual({ ok: false, error: { kind: "body-aborted" } });
  });
});

describe("a client that does not wait for answers", () => {
  test("has one request at a time, in its order", async () => {
    let atOnce = 0;
    let most = 0;
    const { port } = await startHurried((request, reply) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      void readBody(request, { maxBodyBytes: 10 }).then(async (body) => {
        await new Promise(setImmediate);
        atOnce -= 1;
        const text = body.ok ? body.value.toString() : "";
        reply.whole(200, text === "9" ? ["connection", "close"] : [], `<${text}>`);
      });
    });
    const socket = open(port);
    socket.write(Array.from({ length: 9 }, (_, at) => post(String(at + 1))).join(""));
    const said = await listenTo(socket);
    expect(said.match(/<\d>/g)).toEqual(Array.from({ length: 9 }, (_, at) => `<${at + 1}>`));
    expect(most).toBe(1);
  });

  test("is held back, and loses nothing", async () => {
    const SIZE = 16 * 1024 * 1024;
    const first = Promise.withResolvers<Reply>();
    let size = 0;
    const { port } = await startHurried((request, reply) => {
      void readBody(request, { maxBodyBytes: SIZE }).then((body) => {
        if (!body.ok) return;
        size += body.value.length;
        if (size === 1) first.resolve(reply);
        else reply.whole(200, ["connection", "close"], "all");
      });
    });
    const socket = open(port);
    socket.write(post("1"));
    const held = await first.promise;
    socket.write(post("x".repeat(SIZE)));
    // The system's own buffers are smaller than that; what they do not take waits here.
    for (let turns = 0; turns < 100; turns += 1) await new Promise(setImmediate);
    expect(socket.writableLength).toBeGreaterThan(0);
    held.whole(200, [], "one");
    expect(await listenTo(socket)).toMatch(/one.*all$/s);
    expect(size).toBe(1 + SIZE);
  });
});

test("an ending server closes what is idle at once, and the rest when it is answered", async () => {
  const asked = Promise.withResolvers<Reply>();
  const server = createHttpServer((request, reply) => {
    if (request.headers["x-wait"] === undefined) reply.whole(200, [], "at once");
    else asked.resolve(reply);
  });
  const port = await listen(server, "127.0.0.1", 0);
  const idle = open(port);
  const idleSaid = listenTo(idle);
  idle.write(post("1"));
  await once(idle, "data");
  const busy = open(port);
  const busySaid = listenTo(busy);
  busy.write(post("1").replace("Host", "X-Wait: 1\r\nHost"));
  const reply = await asked.promise;
  const drained = drain(server, 60_000);
  expect(await idleSaid).toMatch(/at once$/);
  reply.whole(200, [], "in the end");
  expect(await busySaid).toMatch(/in the end$/);
  await drained;
});
