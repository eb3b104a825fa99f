import { afterEach, describe, expect, test } from "vitest";
import { ownChannel } from "../../../src/upstream/ask.ts";
import { Cleanup, serveHttp, type Told } from "../harness.ts";
import { answerAll, Client, endpoint, openSse, type SseScript, serveSse } from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const initialize = async (client: Client): Promise<readonly Told[]> => client.ask("init", "initialize").done;

describe("an `endpoint` that is not to be trusted (threats 62, 63): nothing is posted anywhere", () => {
  test.each<{ name: string; first: (evil: string) => string }>([
    { name: "another origin", first: (evil) => endpoint(`${evil}/message`) },
    { name: "another origin without a scheme", first: (evil) => endpoint(evil.replace("http:", "")) },
    { name: "a message before it", first: () => 'data: {"jsonrpc":"2.0","method":"x"}\n\n' },
    { name: "another event before it", first: () => "event: hello\ndata: /message\n\n" },
    { name: "two lines", first: () => "event: endpoint\ndata: /a\ndata: /b\n\n" },
  ])("$name", async ({ first }) => {
    let reached = 0;
    const evil = await serveHttp(cleanup, (_, response) => {
      reached += 1;
      response.end();
    });
    const server = await serveSse(cleanup, { first: () => first(evil.replace("/mcp", "")) });
    const client = new Client(openSse(cleanup), server.url);
    expect(await initialize(client)).toEqual([{ fail: { kind: "garbage", sent: false } }]);
    await server.streams[0]?.closed;
    expect([server.posted, reached]).toEqual([[], 0]);
  });

  test("no `endpoint` in time", async () => {
    const server = await serveSse(cleanup, { first: () => ": hello\n\n" });
    const client = new Client(openSse(cleanup, { endpointWithinMs: 50 }), server.url);
    expect(await initialize(client)).toEqual([{ fail: { kind: "deadline", sent: false } }]);
    await server.streams[0]?.closed;
  });
});

describe("a stream that is refused", () => {
  test.each<{ name: string; script: SseScript["onGet"]; told: Told }>([
    ...[400, 401, 403, 404, 405, 429, 500, 503].map((status) => ({
      name: `${status}`,
      script: refuseWith(status),
      told: { answer: status, body: "" },
    })),
    {
      name: "a redirect",
      script: (response) => response.writeHead(302, { location: "/elsewhere" }).end() !== undefined,
      told: { fail: { kind: "redirect", sent: false, httpStatus: 302 } },
    },
    {
      name: "JSON instead",
      script: (response) =>
        response.writeHead(200, { "content-type": "application/json" }).end("{}") !== undefined,
      told: { fail: { kind: "garbage", sent: false, httpStatus: 200 } },
    },
    {
      name: "nothing, and the connection cut",
      script: (response) => response.destroy() !== undefined,
      told: { fail: { kind: "cut", sent: false } },
    },
  ])("$name", async ({ script, told }) => {
    const server = await serveSse(cleanup, script === undefined ? {} : { onGet: script });
    const client = new Client(openSse(cleanup), server.url);
    expect(await initialize(client)).toEqual([told]);
    expect(server.posted).toEqual([]);
  });
});

function refuseWith(status: number): NonNullable<SseScript["onGet"]> {
  return (response) => response.writeHead(status).end("no") !== undefined;
}

describe("a message that is refused", () => {
  test.each<{ name: string; status: number; type?: string; body?: string; told: readonly Told[] }>([
    { name: "400", status: 400, told: [{ answer: 400, body: "" }] },
    { name: "401", status: 401, told: [{ answer: 401, body: "" }] },
    { name: "500", status: 500, told: [{ answer: 500, body: "" }] },
    { name: "a redirect", status: 307, told: [{ fail: { kind: "redirect", sent: true, httpStatus: 307 } }] },
    { name: "200 and text", status: 200, type: "text/plain", body: "ok", told: [answered(1)] },
    {
      name: "200 and a forged answer",
      status: 200,
      type: "application/json",
      body: '{"id":2}',
      told: [answered(1)],
    },
    { name: "204", status: 204, told: [answered(1)] },
  ])("$name", async ({ status, type, body, told }) => {
    const server = await serveSse(cleanup, {
      onPost: ({ message }, response) => {
        if (message["method"] !== "tools/call") return false;
        response.writeHead(status, type === undefined ? { location: "/x" } : { "content-type": type });
        response.end(body);
        const [stream] = server.streams;
        if (status < 300 && stream !== undefined) answerAll(message, stream);
        return true;
      },
    });
    const client = new Client(openSse(cleanup), server.url);
    await client.initialize();
    expect(await client.ask(1, "tools/call").done).toEqual(told);
    expect(await client.ask(2, "tools/list").done).toHaveLength(1);
    expect(server.streams[0]?.isClosed).toBe(false);
  });

  test("404: the server has forgotten the session, so the stream ends and the next message is 404 too", async () => {
    const server = await serveSse(cleanup, {
      onPost: ({ message }, response) =>
        message["method"] === "tools/call" && response.writeHead(404).end() !== undefined,
    });
    const client = new Client(openSse(cleanup), server.url);
    await client.initialize();
    expect(await client.ask(1, "tools/call").done).toEqual([{ answer: 404, body: "" }]);
    await server.streams[0]?.closed;
    expect(await client.ask(2, "tools/list").done).toEqual([{ answer: 404, body: "" }]);
    expect(server.posted).toHaveLength(2);
  });
});

function answered(id: number): Told {
  return {
    answer: 200,
    body: JSON.stringify({ jsonrpc: "2.0", id, result: { method: "tools/call", params: {} } }),
  };
}

describe("a stream that breaks (F6, F7)", () => {
  /** A server that takes `tools/call` and then does `act`. */
  async function breaking(act: NonNullable<SseScript["onMessage"]>, stallMs = 30_000) {
    const server = await serveSse(cleanup, {
      onMessage: (message, stream) =>
        message["method"] === "tools/call" ? act(message, stream) : answerAll(message, stream),
    });
    const client = new Client(openSse(cleanup, {}, { stallMs, maxBodyBytes: 1_000 }), server.url);
    await client.initialize();
    return { server, client };
  }

  test.each<{ name: string; act: NonNullable<SseScript["onMessage"]>; kind: string; stallMs?: number }>([
    { name: "cut", act: (_, stream) => stream.cut(), kind: "cut" },
    { name: "ended", act: (_, stream) => stream.end(), kind: "cut" },
    {
      name: "cut inside an event",
      act: (_, stream) => {
        stream.raw('data: {"jso');
        stream.cut();
      },
      kind: "cut",
    },
    { name: "an event above the cap", act: (_, s) => s.raw(`data: ${"x".repeat(1_001)}`), kind: "too-large" },
    { name: "bytes that are no text", act: (_, s) => s.send({ a: 1 }), kind: "garbage" },
    { name: "silence inside an event", act: (_, s) => s.raw("data: {"), kind: "stalled", stallMs: 100 },
  ])("$name: the call fails as $kind, and may have run", async ({ name, act, kind, stallMs }) => {
    const raw: typeof act = (_, stream) => {
      for (let line = 0; line < 101; line += 1) stream.raw("data: not json\n\n");
    };
    const { server, client } = await breaking(name === "bytes that are no text" ? raw : act, stallMs);
    const told = await client.ask(1, "tools/call").done;
    const status = kind === "too-large" || kind === "stalled" ? { httpStatus: 200 } : {};
    expect(told.map((one) => ("fail" in one ? one.fail : one))).toEqual([
      expect.objectContaining({ kind, sent: true, ...status }),
    ]);
    await server.streams[0]?.closed;
    expect(await client.ask(2, "tools/list").done).toEqual([{ answer: 404, body: "" }]);
  });

  test("a new initialize opens a new stream", async () => {
    const { server, client } = await breaking((_, stream) => stream.cut());
    await client.ask(1, "tools/call").done;
    await client.initialize({ channel: "second" });
    expect(await client.ask(1, "tools/list", {}, { channel: "second" }).done).toHaveLength(1);
    expect(server.streams).toHaveLength(2);
  });

  test("a notification that is on its way fails with the stream, and is not left waiting", async () => {
    const server = await serveSse(cleanup, {
      onPost: ({ message }) => message["method"] === "notifications/initialized",
    });
    const client = new Client(openSse(cleanup), server.url);
    await client.initialize();
    const told = client.notify("notifications/initialized");
    await expect.poll(() => server.posted.length).toBe(2);
    server.streams[0]?.cut();
    expect(await told.done).toEqual([{ fail: expect.objectContaining({ kind: "cut", sent: true }) }]);
  });

  test("a call beyond its deadline is cancelled at the server", async () => {
    const { server, client } = await breaking(() => {});
    const told = await client.ask("slow", "tools/call", {}, { deadlineMs: 50 }).done;
    expect(told).toEqual([{ fail: { kind: "deadline", sent: true } }]);
    await expect
      .poll(() => server.posted.at(-1)?.message)
      .toEqual({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: { requestId: 2 },
      });
    expect(await client.ask(2, "tools/list").done).toHaveLength(1);
  });

  test("a client that does not read holds the stream, not the memory", async () => {
    const { server, client } = await breaking((message, stream) => {
      stream.send({ jsonrpc: "2.0", method: "notifications/message", params: { at: 0 } });
      stream.send({ jsonrpc: "2.0", id: message["id"], result: {} });
    });
    const call = client.ask(1, "tools/call");
    call.pause();
    await expect.poll(() => server.posted.length).toBe(2);
    expect(call.told.filter((one) => "event" in one)).toEqual([]);
    call.resume();
    expect(await call.done).toHaveLength(4);
  });
});

describe("places and back-off", () => {
  test("beyond the streams of a server an idle one makes room, and a call on its way never does", async () => {
    const server = await serveSse(cleanup, {
      onMessage: (message, stream) => message["method"] !== "tools/call" && answerAll(message, stream),
    });
    const upstreams = openSse(cleanup, { maxStreamsPerServer: 2 });
    const clientOf = (channel: string) => new Client(upstreams, server.url, { channel });
    const [first, second, third, fourth] = [clientOf("a"), clientOf("b"), clientOf("c"), clientOf("d")];
    await first.initialize();
    await second.initialize();
    const calls = [first.ask(1, "tools/call")];
    await third.initialize();
    await server.streams[1]?.closed;
    expect(await second.ask(1, "ping").done).toEqual([{ answer: 404, body: "" }]);
    calls.push(third.ask(1, "tools/call"));
    expect(await initialize(fourth)).toEqual([{ fail: { kind: "busy", sent: false } }]);
    await new Client(upstreams, server.url, { channel: ownChannel("inspect") }).initialize();
    expect(calls.map(({ told }) => told)).toEqual([[], []]);
    await first.verb("DELETE").done;
    await fourth.initialize();
  });

  test("a server without an endpoint is left alone for a while: 1, 2, 4 … 30 s", async () => {
    let nowMs = 0;
    let asked = 0;
    const server = await serveSse(cleanup, {
      onGet: (response) => {
        asked += 1;
        return response.destroy() !== undefined;
      },
    });
    const upstreams = openSse(cleanup, { now: () => nowMs });
    const attempt = async (channel: string) =>
      await initialize(new Client(upstreams, server.url, { channel }));
    const blocked = [{ fail: { kind: "unreachable", sent: false } }];
    const cut = [{ fail: { kind: "cut", sent: false } }];
    for (const delayMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      expect(await attempt(`first-${delayMs}-${nowMs}`)).toEqual(cut);
      nowMs += delayMs - 1;
      expect(await attempt(`blocked-${delayMs}-${nowMs}`)).toEqual(blocked);
      nowMs += 1;
    }
    expect(asked).toBe(7);
  });

  test.each<{ name: string; script: SseScript }>([
    { name: "the server refuses him", script: { onGet: refuseWith(401) } },
    { name: "he makes the server cut his stream", script: { onMessage: (_, stream) => stream.cut() } },
  ])("one client does not lock others out when $name", async ({ script }) => {
    let isFirst = true;
    const server = await serveSse(cleanup, {
      onGet: (response) => isFirst && script.onGet?.(response) === true,
      onMessage: (message, stream) =>
        (isFirst && script.onMessage !== undefined ? script.onMessage : answerAll)(message, stream),
    });
    const upstreams = openSse(cleanup);
    await initialize(new Client(upstreams, server.url, { channel: "first" }));
    isFirst = false;
    await new Client(upstreams, server.url, { channel: "second" }).initialize();
  });

  test.each<{ name: string; end: (client: Client, upstreams: ReturnType<typeof openSse>) => unknown }>([
    { name: "DELETE", end: (client) => client.verb("DELETE").done },
    { name: "closeChannel", end: (client, upstreams) => upstreams.closeChannel(client.server, "channel") },
    { name: "closeServer", end: (client, upstreams) => upstreams.closeServer(client.server.id) },
    { name: "dispose", end: (_, upstreams) => upstreams[Symbol.asyncDispose]() },
    { name: "idleness", end: () => {} },
  ])("$name ends the stream", async ({ name, end }) => {
    const server = await serveSse(cleanup);
    const upstreams = openSse(cleanup, name === "idleness" ? { idleMs: 30 } : {});
    const client = new Client(upstreams, server.url);
    await client.initialize();
    await end(client, upstreams);
    await server.streams[0]?.closed;
    expect(await client.ask(1, "tools/list").done).toEqual([{ answer: 404, body: "" }]);
  });

  test("a client that listens is not idle", async () => {
    const server = await serveSse(cleanup);
    const client = new Client(openSse(cleanup, { idleMs: 30 }), server.url);
    await client.initialize();
    const stream = client.verb("GET", { deadlineMs: 0 });
    await stream.until((one) => "stream" in one);
    const slow = await client.ask(1, "tools/list").done;
    expect(slow).toHaveLength(1);
    const other = new Client(openSse(cleanup, { idleMs: 30 }), server.url, { channel: "other" });
    await other.initialize();
    await server.streams[1]?.closed;
    expect(server.streams[0]?.isClosed).toBe(false);
  });
});
