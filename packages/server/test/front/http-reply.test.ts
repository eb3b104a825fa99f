import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { HttpReply } from "../../src/front/http-reply.ts";

const MIB = 1024 * 1024;
const STALL_MS = 400;

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const end of cleanup.splice(0)) end();
});

/** A server that answers every request in this way. Resolves with its port. */
async function serve(answer: (reply: HttpReply) => void): Promise<number> {
  const server = createServer((_, response) => answer(new HttpReply(response, () => {}, STALL_MS)));
  server.listen(0, "127.0.0.1");
  cleanup.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A client that has asked and reads nothing. */
function askOnly(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  socket.pause();
  cleanup.push(() => socket.destroy());
  return socket;
}

test("an answer whose client left before it was written is over, once", async () => {
  const over = Promise.withResolvers<void>();
  let times = 0;
  const server = createServer((_, response) => {
    const reply = new HttpReply(response, () => {
      times += 1;
      over.resolve();
    });
    reply.whole(200, [], "{}");
    response.destroy();
  });
  server.listen(0, "127.0.0.1");
  cleanup.push(() => server.close());
  await once(server, "listening");
  askOnly((server.address() as AddressInfo).port);
  await over.promise;
  expect(times).toBe(1);
});

describe("large answers", () => {
  test.each([1, 2, 4, 7])("an event of %d MiB reaches a client that reads", async (size) => {
    const data = "x".repeat(size * MIB);
    const port = await serve((reply) => {
      reply.startStream([]);
      reply.event({ data });
      reply.event({ data: "y" });
      reply.end();
    });
    const text = await fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
    expect(text === `data: ${data}\n\ndata: y\n\n`).toBe(true);
  });
});

describe("a client that reads nothing (F9)", () => {
  test("is cut off from a stream once more waits than an event and 1 MiB", async () => {
    const closed = Promise.withResolvers<void>();
    const port = await serve((reply) => {
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
    const server = createServer((request, response) => {
      request.socket.on("close", () => closed.resolve());
      answer(new HttpReply(response, () => {}, STALL_MS), "x".repeat(8 * MIB));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanup.push(() => server.close());
    const askedMs = performance.now();
    askOnly((server.address() as AddressInfo).port);
    await closed.promise;
    // Less than twice the time, which is what Node takes when it is asked for it.
    expect(performance.now() - askedMs).toBeLessThan(1.9 * STALL_MS);
  });

  test("is left alone when it takes its time and the answer is gone", async () => {
    const port = await serve((reply) => reply.whole(200, [], "x".repeat(20 * 1024)));
    const socket = askOnly(port);
    let hasEnded = false;
    socket.on("close", () => {
      hasEnded = true;
    });
    const later = Promise.withResolvers<void>();
    setTimeout(later.resolve, 3 * STALL_MS);
    await later.promise;
    socket.resume();
    await once(socket, "data");
    expect(hasEnded).toBe(false);
  });
});
