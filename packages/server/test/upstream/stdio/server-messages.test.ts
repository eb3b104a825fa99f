import type { JsonValue } from "@portcullis/policy";
import { afterEach, describe, expect, it } from "vitest";
import { SUBSCRIPTION_ID_META } from "../../../src/mcp/revisions.ts";
import type { StdioUpstreams } from "../../../src/upstream/stdio/stdio-upstreams.ts";
import { Cleanup } from "../harness.ts";
import { answered, Client, eventsOf, failed, openStdio, SCRIPTED, toJson } from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const note = (data: number) => ({
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", data },
});
const sampling = (id: JsonValue) => ({
  jsonrpc: "2.0",
  id,
  method: "sampling/createMessage",
  params: { maxTokens: 5 },
});
const GO = "notifications/roots/list_changed";

async function legacyClient(upstreams: StdioUpstreams = openStdio(cleanup)): Promise<Client> {
  const client = new Client(upstreams);
  await client.initialize();
  return client;
}

/** Resolves when a process wrote what is no message: the scripted server's way to say that it got so far. */
function openSignal(): { readonly upstreams: StdioUpstreams; readonly seen: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const warn = (event: string) => {
    if (event === "stdio_stray_output") resolve();
  };
  return { upstreams: openStdio(cleanup, { warn }), seen: promise };
}
const SIGNAL = { raw: "so far\n" };

const modernClient = () => new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });

describe("the GET stream of a legacy session", () => {
  it("carries what the server says on its own, so that requests are answered whole", async () => {
    const client = await legacyClient();
    const stream = client.verb("GET");
    expect(await client.run("r", [{ write: note(1) }, { answer: {} }]).done).toEqual(answered("r", {}));
    expect(stream.told).toEqual([{ stream: true }, { event: JSON.stringify(note(1)) }]);
  });

  it("ends when another one is opened", async () => {
    const client = await legacyClient();
    const first = client.verb("GET");
    const second = client.verb("GET");
    expect(await first.done).toEqual([{ stream: true }, { end: true }]);
    await client.run("r", [{ write: note(1) }, { answer: {} }]).done;
    expect(eventsOf(second.told)).toEqual([note(1)]);
  });

  it("is left when it is cancelled", async () => {
    const client = await legacyClient();
    const stream = client.verb("GET");
    stream.exchange.cancel();
    const told = await client.run("r", [{ write: note(1) }, { answer: {} }]).done;
    expect(eventsOf(told)).toEqual([note(1), { jsonrpc: "2.0", id: "r", result: {} }]);
    expect(stream.told).toEqual([]);
  });

  it("ends with its session", async () => {
    const client = await legacyClient();
    const stream = client.verb("GET");
    expect(await client.verb("DELETE").done).toEqual([{ answer: 204, body: "" }]);
    expect((await stream.done).at(-1)).toEqual({ end: true });
  });

  it("without it, the newest request carries what the server says", async () => {
    const client = await legacyClient();
    const first = client.run("a", [{ await: GO }, { answer: {} }]);
    const second = client.run("b", [{ write: note(1) }, { answer: {} }]);
    expect(eventsOf(await second.done)).toEqual([note(1), { jsonrpc: "2.0", id: "b", result: {} }]);
    client.notify(GO);
    expect(await first.done).toEqual(answered("a", {}));
  });

  it.each([
    ["GET", "legacy", 404],
    ["GET", "modern", 405],
    ["DELETE", "legacy", 204],
  ] as const)("%s without a process, %s: %i", async (verb, era, status) => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era });
    expect(await client.verb(verb).done).toEqual([{ answer: status, body: "" }]);
  });
});

describe("requests of a legacy server (sampling, elicitation, roots)", () => {
  it("reach the GET stream under an id of ours, and the answer comes back under the server's", async () => {
    const client = await legacyClient();
    const stream = client.verb("GET");
    const call = client.run("r", [{ write: sampling(70) }, { await: "" }, { answer: { asked: true } }]);
    await stream.until((told) => "event" in told);
    expect(eventsOf(stream.told)).toEqual([sampling("server-request-1")]);
    const reply = { jsonrpc: "2.0", id: "server-request-1", result: { role: "assistant" } };
    expect(await client.send(reply).done).toEqual([{ answer: 202, body: "" }]);
    expect(await call.done).toEqual(answered("r", { asked: true }));
    expect(JSON.parse((await client.look()).seen.at(-2) ?? "")).toEqual({ ...reply, id: 70 });
  });

  it("reach the newest request otherwise, and begin its stream", async () => {
    const client = await legacyClient();
    const call = client.run("r", [{ write: sampling("s") }, { await: "" }, { answer: {} }]);
    await call.until((told) => "event" in told);
    client.send({ jsonrpc: "2.0", id: "server-request-1", error: { code: -1, message: "no" } });
    expect(eventsOf(await call.done)).toEqual([
      sampling("server-request-1"),
      { jsonrpc: "2.0", id: "r", result: {} },
    ]);
  });

  it("wait until a stream opens", async () => {
    const { upstreams, seen } = openSignal();
    const client = await legacyClient(upstreams);
    client.run("r", [{ answer: {} }, { write: sampling(1) }, { write: sampling(2) }, SIGNAL]);
    await seen;
    const stream = client.verb("GET");
    await client.look();
    expect(eventsOf(stream.told)).toEqual([sampling("server-request-1"), sampling("server-request-2")]);
  });

  it("wait until a request opens a stream, where a client holds none", async () => {
    const { upstreams, seen } = openSignal();
    const client = await legacyClient(upstreams);
    client.run("r", [{ answer: {} }, { write: sampling(1) }, SIGNAL]);
    await seen;
    const told = await client.run("s", [{ answer: {} }]).done;
    expect(eventsOf(told)).toEqual([sampling("server-request-1"), { jsonrpc: "2.0", id: "s", result: {} }]);
  });

  it.each([
    ["twice", ["server-request-1", "server-request-1"], 1],
    ["to a question never asked", ["server-request-2"], 0],
    ["under the server's own id", [70, "70"], 0],
  ])("take one answer: %s", async (_, ids, passed) => {
    const client = await legacyClient();
    const stream = client.verb("GET");
    await client.run("r", [{ write: sampling(70) }, { answer: {} }]).done;
    await stream.until((told) => "event" in told);
    for (const id of ids) {
      expect(await client.send({ jsonrpc: "2.0", id, result: {} }).done).toEqual([{ answer: 202, body: "" }]);
    }
    const { seen } = await client.look();
    expect(seen.filter((line) => JSON.parse(line).result !== undefined).length).toBe(passed);
  });

  it("take no answer after they were withdrawn", async () => {
    const client = await legacyClient();
    const stream = client.verb("GET");
    const withdrawn = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 70 } };
    await client.run("r", [{ write: sampling(70) }, { write: withdrawn }, { answer: {} }]).done;
    await stream.until((told) => "event" in told);
    const answer = { jsonrpc: "2.0", id: "server-request-1", result: {} };
    expect(await client.send(answer).done).toEqual([{ answer: 202, body: "" }]);
    const { seen } = await client.look();
    expect(seen.filter((line) => JSON.parse(line).result !== undefined)).toEqual([]);
  });

  it("are not asked when they were withdrawn before a stream opened", async () => {
    const { upstreams, seen } = openSignal();
    const client = await legacyClient(upstreams);
    const withdrawn = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
    const waiting = [{ write: sampling(1) }, { write: sampling(2) }, { write: withdrawn }];
    client.run("r", [{ answer: {} }, ...waiting, SIGNAL]);
    await seen;
    const stream = client.verb("GET");
    await client.look();
    expect(eventsOf(stream.told)).toEqual([sampling("server-request-2")]);
  });

  it("are withdrawn under the id that the client knows", async () => {
    const client = await legacyClient();
    const stream = client.verb("GET");
    const cancelled = (requestId: JsonValue) => ({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId },
    });
    const steps = [
      { write: sampling(70) },
      { write: cancelled(70) },
      { write: cancelled(71) },
      { answer: {} },
    ];
    await client.run("r", steps).done;
    expect(eventsOf(stream.told)).toEqual([sampling("server-request-1"), cancelled("server-request-1")]);
  });

  it("are refused when too many wait, and a ping that nobody hears is answered", async () => {
    const { upstreams, seen } = openSignal();
    const client = await legacyClient(upstreams);
    const ping = { jsonrpc: "2.0", id: "p", method: "ping" };
    const questions = Array.from({ length: 17 }, (_, index) => ({ write: sampling(index) }));
    client.run("r", [{ answer: {} }, ...questions, { await: "" }, { write: ping }, { await: "" }, SIGNAL]);
    await seen;
    const stream = client.verb("GET");
    const look = await client.look();
    expect(eventsOf(stream.told).length).toBe(16);
    const answers = look.seen.map((line) => JSON.parse(line)).filter(({ method }) => method === undefined);
    const error = { code: -32603, message: "too many requests are waiting for the client" };
    expect(answers).toEqual([
      { jsonrpc: "2.0", id: 16, error },
      { jsonrpc: "2.0", id: "p", result: {} },
    ]);
  });

  it("are dropped from a modern server (2026-07-28 stdio)", async () => {
    const client = modernClient();
    expect(await client.run("r", [{ write: sampling(1) }, { answer: {} }]).done).toEqual(answered("r", {}));
  });
});

describe("notifications of a modern server", () => {
  const event = (id: JsonValue) => ({
    jsonrpc: "2.0",
    method: "notifications/resources/updated",
    params: { _meta: { [SUBSCRIPTION_ID_META]: id }, uri: "file:///a" },
  });
  const listen = (client: Client, id: string | number, steps: readonly object[]) =>
    client.ask(id, "subscriptions/listen", { steps: toJson(steps) }, { deadlineMs: 0 });

  it("follow the subscription that they name, under the client's id", async () => {
    const client = modernClient();
    const first = listen(client, 5, [{ write: event("$ID") }]);
    const second = listen(client, 5, [{ write: event("$ID") }, { write: event(99) }, { write: event("5") }]);
    await Promise.all([first, second].map(({ until }) => until((told) => "event" in told)));
    await client.look();
    expect([first.told, second.told].map(eventsOf)).toEqual([[event(5)], [event(5)]]);
  });

  it("name the client's id in the result that ends a subscription", async () => {
    const client = modernClient();
    const result = (id: JsonValue) => ({ resultType: "complete", _meta: { [SUBSCRIPTION_ID_META]: id } });
    const write = { jsonrpc: "2.0", id: "$ID", result: result("$ID") };
    expect(await listen(client, "sub", [{ write }]).done).toEqual(answered("sub", result("sub")));
  });

  it("end a subscription by `notifications/cancelled`, and nothing else", async () => {
    const client = modernClient();
    const cancelled = (requestId: JsonValue) => ({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId },
    });
    const write = cancelled("$ID");
    expect(await client.run("r", [{ write }, { answer: {} }]).done).toEqual(answered("r", {}));
    const told = await listen(client, "sub", [{ write }]).done;
    expect([eventsOf(told), told.at(-1)]).toEqual([[cancelled("sub")], { end: true }]);
  });

  it("that name nothing belong to the one request in flight beside subscriptions", async () => {
    const client = modernClient();
    const held = listen(client, "sub", []);
    const told = await client.run("r", [{ write: note(1) }, { answer: {} }]).done;
    expect(eventsOf(told)).toEqual([note(1), { jsonrpc: "2.0", id: "r", result: {} }]);
    expect(held.told).toEqual([]);
  });

  it("that name nothing are dropped when two clients could be meant (threat 58)", async () => {
    const client = modernClient();
    const first = client.run("a", [{ await: GO }, { answer: {} }]);
    const second = client.run("b", [{ write: note(1) }, { answer: {} }]);
    expect(await second.done).toEqual(answered("b", {}));
    client.notify(GO);
    expect(await first.done).toEqual(answered("a", {}));
  });
});

describe("a request that was given up", () => {
  it("does not speak to the next client (threat 58), until its late answer", async () => {
    const client = modernClient();
    const steps = [{ await: "notifications/cancelled" }, { write: note(1) }, { answer: {} }];
    client.run("a", steps).exchange.cancel();
    const next = client.run("b", [{ await: GO }, { write: note(2) }, { answer: {} }]);
    await client.look();
    client.notify(GO);
    expect(eventsOf(await next.done)).toEqual([note(2), { jsonrpc: "2.0", id: "b", result: {} }]);
  });
});

describe("a reader that pauses (faults F9)", () => {
  const notes = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, index) => ({ write: { ...note(index), pad: "x".repeat(bytes) } }));

  it("gets everything in order after it resumes, when it is alone on the process", async () => {
    const client = modernClient();
    const call = client.run("r", [...notes(40, 60_000), { answer: {} }]);
    await call.until((told) => "event" in told);
    call.exchange.pause();
    const before = call.told.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(call.told.length).toBe(before);
    call.exchange.resume();
    const events = eventsOf(await call.done);
    expect(events.slice(0, -1).map(({ params }) => params)).toEqual(
      notes(40, 0).map(({ write }) => write.params),
    );
    expect(events.at(-1)).toEqual({ jsonrpc: "2.0", id: "r", result: {} });
  });

  it("leaves more than 1 MiB in the pipe, when it is alone on the process", async () => {
    const client = modernClient();
    const call = client.run("r", [...notes(40, 60_000), { answer: {} }], { deadlineMs: 500 });
    await call.until((told) => "event" in told);
    call.exchange.pause();
    expect((await call.done).at(-1)).toEqual({ fail: { kind: "deadline", sent: true } });
    expect(await client.run("s", [{ answer: {} }]).done).toEqual(answered("s", {}));
  });

  it("may end while events are held", async () => {
    const client = await legacyClient();
    const stream = client.verb("GET");
    await stream.until((told) => "stream" in told);
    stream.exchange.pause();
    await client.run("r", [{ write: note(1) }, { answer: {} }]).done;
    client.verb("GET");
    expect(stream.told).toEqual([{ stream: true }]);
    stream.exchange.resume();
    expect(await stream.done).toEqual([{ stream: true }, { event: JSON.stringify(note(1)) }, { end: true }]);
  });

  it("does not stop others, and fails above 1 MiB", async () => {
    const client = await legacyClient();
    const stream = client.verb("GET");
    await stream.until((told) => "stream" in told);
    stream.exchange.pause();
    expect(await client.run("a", [...notes(10, 100_000), { answer: {} }]).done).toEqual(answered("a", {}));
    expect(stream.told).toEqual([{ stream: true }]);
    expect(await client.run("b", [...notes(2, 100_000), { answer: {} }]).done).toEqual(answered("b", {}));
    expect(await stream.done).toEqual([{ stream: true }, ...failed("too-large", true)]);
    expect(await client.run("c", [{ answer: {} }]).done).toEqual(answered("c", {}));
  });
});
