import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { HttpReply } from "../../src/front/http-reply.ts";
import { servePlain } from "../../src/front/http1/plain-connections.ts";
import type { Outgoing } from "../../src/front/outgoing.ts";

const MIB = 1024 * 1024;
const STALL_MS = 400;

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const end of cleanup.splice(0)) end();
});

/** Both kinds of answers: to a request that Node read, and to a plain one. */
const FRONTS = ["node:http", "http1/"] as const;
type Front = (typeof FRONTS)[number];
type Answer = (response: Outgoing, socket: Socket) => void;

/** A server that answers every request in this way. Resolves with its port. */
async function start(front: Front, answer: Answer): Promise<number> {
  const server = createServer((request, response) => answer(response, request.socket));
  if (front === "http1/") {
    const times = { requestMs: 60_000, firstMs: 60_000, keepAliveMs: 60_000, lookMs: 1_000 };
    const plain = servePlain(server, {
      ...times,
      serve: (request, response) => answer(response, request.socket),
    });
    cleanup.push(() => plain.closeAll());
  }
  server.listen(0, "127.0.0.1");
  cleanup.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function serve(front: Front, answer: (reply: HttpReply) => void): Promise<number> {
  return start(front, (response) => answer(new HttpReply(response, () => {}, STALL_MS)));
}

const ASKED = "POST /mcp/srv_0 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";

/** A client that has asked and reads nothing. */
function askOnly(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(ASKED);
  socket.pause();
  cleanup.push(() => socket.destroy());
  return socket;
}

test.each(FRONTS)("an answer whose client left before it was written is over, once (%s)", async (front) => {
  const over = Promise.withResolvers<void>();
  let times = 0;
  const port = await start(front, (response) => {
    const reply = new HttpReply(response, () => {
      times += 1;
      over.resolve();
    });
    reply.whole(200, [], "{}");
    response.destroy();
  });
  askOnly(port);
  await over.promise;
  expect(times).toBe(1);
});

describe.each(FRONTS)("large answers (%s)", (front) => {
  test.each([1, 2, 4, 7])("an event of %d MiB reaches a client that reads", async (size) => {
    const data = "x".repeat(size * MIB);
    const port = await serve(front, (reply) => {
      reply.startStream([]);
      reply.event({ data });
      reply.event({ data: "y" });
      reply.end();
    });
    const url = `http://127.0.0.1:${port}/mcp/srv_0`;
    const text = await fetch(url, { method: "POST", body: "{}" }).then((response) => response.text());
    expect(text === `data: ${data}\n\ndata: y\n\n`).toBe(true);
  });
});

describe.each(FRONTS)("a client that reads nothing (F9, %s)", (front) => {
  test("is cut off from a stream once more waits than an event and 1 MiB", async () => {
    const closed = Promise.withResolvers<void>();
    const port = await serve(front, (reply) => {
      reply.onClose(closed.resolve);
      reply.startStream([]);
      reply.event({ data: "x".repeat(4 * MIB) });
      for (let times = 0; times < 100; times += 1) reply.event({ data: "x".repeat(20_000) });
    });
    askOnly(port);
    await closed.promise;
  });

  test.each([
    ["a whole answer", (reply: HttpReply, body: string) => reply.whole(200, [], body)],
    [
      "a stream",
      (reply: HttpReply, data: string) => {
        reply.startStream([]);
        reply.event({ data });
        reply.end();
      },
    ],
  ] as const)("is cut off from %s that it leaves unread", async (_, answer) => {
    const closed = Promise.withResolvers<void>();
    const port = await start(front, (response, socket) => {
      socket.on("close", () => closed.resolve());
      answer(new HttpReply(response, () => {}, STALL_MS), "x".repeat(8 * MIB));
    });
    const askedMs = performance.now();
    askOnly(port);
    await closed.promise;
    // Less than twice the time, which is what Node takes when it is asked for it.
    expect(performance.now() - askedMs).toBeLessThan(1.9 * STALL_MS);
  });

  test("is left alone when it takes its time and the answer is gone, and may ask again", async () => {
    const port = await serve(front, (reply) => reply.whole(200, [], "x".repeat(20 * 1024)));
    const socket = askOnly(port);
    const later = Promise.withResolvers<void>();
    setTimeout(later.resolve, 3 * STALL_MS);
    await later.promise;
    let received = 0;
    const whole = Promise.withResolvers<void>();
    socket.on("close", whole.resolve);
    socket.on("data", (bytes: Buffer) => {
      received += bytes.length;
      if (received > 40 * 1024) whole.resolve();
    });
    socket.resume();
    socket.write(ASKED);
    await whole.promise;
    expect(received).toBeGreaterThan(40 * 1024);
  });
});
