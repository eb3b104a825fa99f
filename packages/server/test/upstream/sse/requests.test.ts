import type { JsonObject } from "@portcullis/policy";
import { afterEach, describe, expect, test } from "vitest";
import { CHANNEL_SESSION } from "../../../src/upstream/channel/wire.ts";
import { Cleanup } from "../harness.ts";
import { answerAll, Client, openSse, serveSse } from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

function answer(id: string | number, method: string, params: JsonObject = {}): object {
  return { answer: 200, body: JSON.stringify({ jsonrpc: "2.0", id, result: { method, params } }) };
}

describe("a session is one stream", () => {
  test("initialize opens it, messages go to the address that it names, answers come on it", async () => {
    const server = await serveSse(cleanup);
    const client = new Client(openSse(cleanup), server.url);
    expect(await client.ask("init", "initialize", { a: 1 }).done).toEqual([
      { ...answer("init", "initialize", { a: 1 }), session: CHANNEL_SESSION },
    ]);
    expect(await client.notify("notifications/initialized").done).toEqual([{ answer: 202, body: "" }]);
    expect(await client.ask(7, "tools/list").done).toEqual([answer(7, "tools/list")]);
    expect(server.streams).toHaveLength(1);
    expect(server.posted.map(({ path, message }) => [path, message])).toEqual([
      ["/message?session=session-1", { jsonrpc: "2.0", id: 1, method: "initialize", params: { a: 1 } }],
      ["/message?session=session-1", { jsonrpc: "2.0", method: "notifications/initialized", params: {} }],
      ["/message?session=session-1", { jsonrpc: "2.0", id: 2, method: "tools/list", params: {} }],
    ]);
  });

  test("two clients with the same ids have a stream each and hear only their own", async () => {
    const server = await serveSse(cleanup);
    const upstreams = openSse(cleanup);
    const [first, second] = ["a", "b"].map((channel) => new Client(upstreams, server.url, { channel }));
    if (first === undefined || second === undefined) throw new Error("two clients");
    await Promise.all([first.initialize(), second.initialize()]);
    const answers = [first.ask(1, "tools/call", { of: "a" }), second.ask(1, "tools/call", { of: "b" })];
    expect(await Promise.all(answers.map(({ done }) => done))).toEqual([
      [answer(1, "tools/call", { of: "a" })],
      [answer(1, "tools/call", { of: "b" })],
    ]);
    expect(server.streams).toHaveLength(2);
  });

  test("answers may come in any order and together", async () => {
    const held: JsonObject[] = [];
    const server = await serveSse(cleanup, {
      onMessage: (message, stream) => {
        if (message["method"] !== "tools/call") return answerAll(message, stream);
        held.push(message);
        if (held.length === 3) for (const one of held.toReversed()) answerAll(one, stream);
      },
    });
    const client = new Client(openSse(cleanup), server.url);
    await client.initialize();
    const calls = ["x", "y", "z"].map((id) => client.ask(id, "tools/call", { id }).done);
    expect(await Promise.all(calls)).toEqual(["x", "y", "z"].map((id) => [answer(id, "tools/call", { id })]));
  });

  test("without a session everything but initialize is 404, and nothing is asked", async () => {
    const server = await serveSse(cleanup);
    const client = new Client(openSse(cleanup), server.url);
    expect(await client.ask(1, "tools/list").done).toEqual([{ answer: 404, body: "" }]);
    expect(await client.verb("GET", { deadlineMs: 0 }).done).toEqual([{ answer: 404, body: "" }]);
    expect([server.streams, server.posted]).toEqual([[], []]);
  });

  test("`notifications/initialized` is accepted only once the server has it: what follows arrives after it", async () => {
    let accept = () => {};
    const server = await serveSse(cleanup, {
      onPost: ({ message }, response) => {
        if (message["method"] !== "notifications/initialized") return false;
        accept = () => response.writeHead(202).end();
        return true;
      },
    });
    const client = new Client(openSse(cleanup), server.url);
    await client.initialize();
    const initialized = client.notify("notifications/initialized");
    await expect.poll(() => server.posted.length).toBe(2);
    expect(initialized.told).toEqual([]);
    accept();
    expect(await initialized.done).toEqual([{ answer: 202, body: "" }]);
  });
});

describe("headers", () => {
  test("the credential goes with stream and messages, and nothing of another transport does", async () => {
    const server = await serveSse(cleanup);
    const upstreams = openSse(cleanup, {}, { credentialHeaders: () => ["x-api-key", "secret"] });
    const client = new Client(upstreams, server.url, {
      headers: [
        "accept",
        "application/json",
        "content-type",
        "application/json",
        "mcp-protocol-version",
        "2025-11-25",
        "mcp-session-id",
        CHANNEL_SESSION,
        "last-event-id",
        "7",
        "traceparent",
        "00-1",
        "x-tenant",
        "acme",
      ],
    });
    await client.initialize();
    const of = (headers: object) =>
      Object.entries(headers).filter(
        ([name]) => !/^(?:host|connection|content-length|accept-encoding)$/.test(name),
      );
    expect(of(server.streams[0]?.headers ?? {})).toEqual([
      ["accept", "text/event-stream"],
      ["x-tenant", "acme"],
      ["x-api-key", "secret"],
    ]);
    expect(of(server.posted[0]?.headers ?? {})).toEqual([
      ["accept", "application/json, text/event-stream"],
      ["content-type", "application/json"],
      ["traceparent", "00-1"],
      ["x-tenant", "acme"],
      ["x-api-key", "secret"],
    ]);
  });

  test("a message of the gateway's own carries what the session was opened with", async () => {
    const server = await serveSse(cleanup, {
      onMessage: (message, stream) => {
        if (message["method"] === "initialize") answerAll(message, stream);
      },
    });
    const client = new Client(openSse(cleanup), server.url, {
      headers: ["x-tenant", "acme", "traceparent", "00-1"],
    });
    await client.initialize();
    client.ask(1, "tools/call").cancel();
    await expect.poll(() => server.posted.length).toBe(3);
    const cancelled = server.posted[2];
    expect(cancelled?.message).toEqual({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: 2 },
    });
    expect([cancelled?.headers["x-tenant"], cancelled?.headers["traceparent"]]).toEqual(["acme", undefined]);
  });
});

describe("what the server says on its own", () => {
  test("progress reaches the call that asked for it, under the client's token", async () => {
    const server = await serveSse(cleanup, {
      onMessage: (message, stream) => {
        if (message["method"] !== "tools/call") return answerAll(message, stream);
        const { _meta } = message["params"] as { _meta: { progressToken: number } };
        const params = { progressToken: _meta.progressToken, progress: 1 };
        stream.send({ jsonrpc: "2.0", method: "notifications/progress", params });
        stream.send({ jsonrpc: "2.0", id: message["id"], result: {} });
      },
    });
    const client = new Client(openSse(cleanup), server.url);
    await client.initialize();
    const told = await client.ask("c", "tools/call", { _meta: { progressToken: "mine" } }).done;
    const progress = {
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progressToken: "mine", progress: 1 },
    };
    expect(told).toEqual([
      { stream: true },
      { event: JSON.stringify(progress) },
      { event: '{"jsonrpc":"2.0","id":"c","result":{}}' },
      { end: true },
    ]);
  });

  test("a request of the server goes to the client's own stream, and the answer back under the server's id", async () => {
    const server = await serveSse(cleanup);
    const client = new Client(openSse(cleanup), server.url);
    await client.initialize();
    const stream = client.verb("GET", { deadlineMs: 0 });
    await stream.until((one) => "stream" in one);
    server.streams[0]?.send({ jsonrpc: "2.0", id: 0, method: "roots/list" });
    await stream.until((one) => "event" in one);
    expect(stream.told[1]).toEqual({
      event: '{"jsonrpc":"2.0","id":"server-request-1","method":"roots/list"}',
    });
    const answered = client.send({ jsonrpc: "2.0", id: "server-request-1", result: { roots: [] } });
    expect(await answered.done).toEqual([{ answer: 202, body: "" }]);
    expect(server.posted.at(-1)?.message).toEqual({ jsonrpc: "2.0", id: 0, result: { roots: [] } });
    // Nobody asked this, so nobody is told.
    expect(await client.send({ jsonrpc: "2.0", id: "server-request-9", result: {} }).done).toEqual([
      { answer: 202, body: "" },
    ]);
    expect(server.posted).toHaveLength(2);
  });

  test("comments, other event types and foreign answers reach nobody", async () => {
    const server = await serveSse(cleanup, {
      onMessage: (message, stream) => {
        if (message["method"] !== "tools/call") return answerAll(message, stream);
        stream.raw(": ping\n\n");
        stream.raw(
          `event: ping\ndata: {"jsonrpc":"2.0","id":${String(message["id"])},"result":{"from":"ping"}}\n\n`,
        );
        stream.send({ jsonrpc: "2.0", id: 99, result: { from: "nobody" } });
        stream.send({ jsonrpc: "2.0", id: message["id"], result: { from: "server" } });
        stream.send({ jsonrpc: "2.0", id: message["id"], result: { from: "again" } });
      },
    });
    const client = new Client(openSse(cleanup), server.url);
    await client.initialize();
    const told = await client.ask(1, "tools/call").done;
    expect(told).toEqual([{ answer: 200, body: '{"jsonrpc":"2.0","id":1,"result":{"from":"server"}}' }]);
  });

  test("an address that changes later is not followed", async () => {
    const server = await serveSse(cleanup);
    const client = new Client(openSse(cleanup), server.url);
    await client.initialize();
    server.streams[0]?.raw("event: endpoint\ndata: /elsewhere\n\n");
    await client.ask(1, "tools/list").done;
    expect(server.posted.map(({ path }) => path)).toEqual([
      "/message?session=session-1",
      "/message?session=session-1",
    ]);
  });
});
