import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { Cleanup, exchange, open, openUpstreams, postTo, serveHttp, serverAt } from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const BUSY = [{ fail: { kind: "busy", sent: false } }];

/** A server that answers when it is told to. */
async function serveHeld(): Promise<{
  url: string;
  held: ServerResponse[];
  arrived(count: number): Promise<void>;
}> {
  const held: ServerResponse[] = [];
  let onArrival = (): void => {};
  const url = await serveHttp(cleanup, (request, response) => {
    request.resume();
    held.push(response);
    onArrival();
  });
  const arrived = (count: number): Promise<void> =>
    new Promise((resolve) => {
      onArrival = () => {
        if (held.length >= count) resolve();
      };
      onArrival();
    });
  return { url, held, arrived };
}

function answer(response: ServerResponse | undefined): void {
  response?.writeHead(200, { "content-type": "application/json" }).end("{}");
}

describe("bulkhead (F8)", () => {
  test("a slow server holds its places and its queue; the next request is busy", async () => {
    const { url, held, arrived } = await serveHeld();
    const upstreams = openUpstreams(cleanup, { maxInFlight: 2, maxWaiting: 1 });
    const server = serverAt(url);
    const [first, second, third] = [1, 2, 3].map(() => open(upstreams, postTo(server)));
    await arrived(2);
    expect(await exchange(upstreams, postTo(server))).toEqual(BUSY);
    expect(upstreams.load(server.id)).toEqual({ inFlight: 2, waiting: 1 });
    answer(held[0]);
    await arrived(3);
    for (const response of held.slice(1)) answer(response);
    const told = await Promise.all([first?.done, second?.done, third?.done]);
    expect(told).toEqual([1, 2, 3].map(() => [{ answer: 200, body: "{}" }]));
    expect(upstreams.load(server.id)).toEqual({ inFlight: 0, waiting: 0 });
  });

  test("a request that waits in vain was never sent, and one that is cancelled leaves the queue", async () => {
    const { url, held, arrived } = await serveHeld();
    const upstreams = openUpstreams(cleanup, { maxInFlight: 1, maxWaiting: 1 });
    const server = serverAt(url);
    const first = open(upstreams, postTo(server));
    await arrived(1);
    open(upstreams, postTo(server)).exchange.cancel();
    expect(await exchange(upstreams, postTo(server, { deadlineMs: 150 }))).toEqual(BUSY);
    answer(held[0]);
    expect(await first.done).toEqual([{ answer: 200, body: "{}" }]);
    expect({ load: upstreams.load(server.id), requests: held.length }).toEqual({
      load: { inFlight: 0, waiting: 0 },
      requests: 1,
    });
  });

  test("streams do not take the places of calls, nor another server's", async () => {
    const { url, held, arrived } = await serveHeld();
    const upstreams = openUpstreams(cleanup, { maxInFlight: 1, maxWaiting: 0, maxStreams: 2 });
    const server = serverAt(url);
    const get = { verb: "GET", body: undefined, message: undefined, deadlineMs: 0 } as const;
    open(upstreams, postTo(server, get));
    open(upstreams, postTo(server, { ...get, deadlineMs: Number.POSITIVE_INFINITY }));
    await arrived(2);
    expect(await exchange(upstreams, postTo(server, get))).toEqual(BUSY);
    const call = open(upstreams, postTo(server));
    await arrived(3);
    const other = open(upstreams, postTo(serverAt(url, { id: "srv_1111111111111111" as typeof server.id })));
    await arrived(4);
    answer(held[2]);
    answer(held[3]);
    expect(await Promise.all([call.done, other.done])).toEqual(
      [1, 2].map(() => [{ answer: 200, body: "{}" }]),
    );
  });
});

describe("a server that moves", () => {
  test("is asked at its new place, while the old request ends", async () => {
    const old = await serveHeld();
    const upstreams = openUpstreams(cleanup);
    const first = open(upstreams, postTo(serverAt(old.url)));
    await old.arrived(1);
    const url = await serveHttp(cleanup, (_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end('{"new":1}');
    });
    const second = await exchange(upstreams, postTo(serverAt(url)));
    answer(old.held[0]);
    expect({ first: await first.done, second }).toEqual({
      first: [{ answer: 200, body: "{}" }],
      second: [{ answer: 200, body: '{"new":1}' }],
    });
  });
});

describe("a sink that throws", () => {
  test("loses its exchange, and the next call is served", async () => {
    const url = await serveHttp(cleanup, (_, response) => answer(response));
    const faults: unknown[] = [];
    const told = Promise.withResolvers<void>();
    const upstreams = openUpstreams(cleanup, {
      onFault: (error) => {
        faults.push(error);
        told.resolve();
      },
    });
    const bug = new Error("a bug in the line");
    upstreams.open(postTo(serverAt(url)), {
      onAnswer: () => {
        throw bug;
      },
      onStream: () => {},
      onEvent: () => {},
      onEnd: () => {},
      onFail: () => {},
    });
    await told.promise;
    expect(await exchange(upstreams, postTo(serverAt(url)))).toEqual([{ answer: 200, body: "{}" }]);
    expect(faults).toEqual([bug]);
  });
});

describe("dispose", () => {
  test("ends what is under way and what waits", async () => {
    const { url, arrived } = await serveHeld();
    const upstreams = openUpstreams(cleanup, { maxInFlight: 1 });
    const running = open(upstreams, postTo(serverAt(url)));
    const waiting = open(upstreams, postTo(serverAt(url)));
    await arrived(1);
    await upstreams[Symbol.asyncDispose]();
    expect([await running.done, await waiting.done]).toEqual([
      [{ fail: { kind: "cut", sent: true } }],
      [{ fail: { kind: "unreachable", sent: false } }],
    ]);
  });
});
