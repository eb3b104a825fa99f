import { afterEach, describe, expect, it } from "vitest";
import { MAX_IN_FLIGHT } from "../../../src/upstream/channel/in-flight-calls.ts";
import { CHANNEL_SESSION } from "../../../src/upstream/channel/wire.ts";
import { Cleanup } from "../harness.ts";
import {
  answered,
  Client,
  eventsOf,
  failed,
  fixture,
  openStdio,
  resultOf,
  SCRIPTED,
  stdioServer,
} from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const note = (more: object = {}) => ({
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", ...more },
});
const progress = (token: unknown, done: number) => ({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken: token, progress: done },
});

describe("one request: ids and progress tokens are remapped", () => {
  it("answers `initialize` with a session, and later requests without", async () => {
    const client = new Client(openStdio(cleanup));
    const [first] = await client.initialize();
    expect(first).toMatchObject({ answer: 200, session: CHANNEL_SESSION });
    expect(await client.run(7, [{ answer: { ok: true } }]).done).toEqual(answered(7, { ok: true }));
  });

  it.each([
    ["a number", 7],
    ["a string", "seven"],
    ["a string of digits", "1"],
    ["an empty string", ""],
    ["a string with quotes", 'a"b\\'],
    ["zero", 0],
    ["a negative number", -3],
  ])("gives back the client's own id: %s", async (_, id) => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    expect(await client.run(id, [{ answer: { id } }]).done).toEqual(answered(id, { id }));
  });

  it("writes increasing integers whatever the client's ids are", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    for (const id of ["a", 99, "a"]) await client.run(id, [{ answer: {} }]).done;
    const { seen } = await client.look();
    expect(seen.map((line) => JSON.parse(line).id)).toEqual([1, 2, 3, 4]);
  });

  it("keeps 200 clients with one id apart on one process (threat 58)", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const all = Array.from(
      { length: 200 },
      (_, index) => client.run(1, [{ answer: { canary: index } }]).done,
    );
    expect(await Promise.all(all)).toEqual(all.map((_, index) => answered(1, { canary: index })));
  });

  it("leaves every other byte of an answer as it is", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    // Our ids on a new process count from one.
    const rows = [
      [
        '{"result":{"n":9007199254740993,"f":1.0},"jsonrpc":"2.0","id":1}',
        '{"result":{"n":9007199254740993,"f":1.0},"jsonrpc":"2.0","id":"x"}',
      ],
      ['{"jsonrpc":"2.0","id":2,"result":{"n":1e400}}', '{"jsonrpc":"2.0","id":"x","result":{"n":1e400}}'],
      ['{ "jsonrpc": "2.0", "id": 3, "result": {"id":3} }', '{"jsonrpc":"2.0","id":"x","result":{"id":3}}'],
      [
        '{"jsonrpc":"2.0","result":{"t":",\\"id\\":4}"},"id":4}\r',
        '{"jsonrpc":"2.0","result":{"t":",\\"id\\":4}"},"id":"x"}',
      ],
    ];
    for (const [raw, body] of rows) {
      expect(await client.run("x", [{ raw: `${raw}\n` }]).done).toEqual([{ answer: 200, body }]);
    }
  });

  it("passes JSON-RPC errors on", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const write = { jsonrpc: "2.0", id: "$ID", error: { code: -32601, message: "no" } };
    expect(await client.run("x", [{ write }]).done).toEqual([
      { answer: 200, body: JSON.stringify({ ...write, id: "x" }) },
    ]);
  });

  it("drops answers that belong to no request in flight", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const foreign = [99, "1", "$TOKEN", 0].map((id) => ({
      write: { jsonrpc: "2.0", id, result: { foreign: true } },
    }));
    expect(await client.run(5, [...foreign, { answer: {} }]).done).toEqual(answered(5, {}));
  });

  it("gives no byte to a reader that could take it for a new line (Node's readline ends lines at U+2028)", async () => {
    const client = new Client(openStdio(cleanup), stdioServer(fixture("readline")), { era: "modern" });
    const smuggled = '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"text":"unjudged"}}';
    const text = `a\u2028${smuggled}\u2029b\u0085c\nd\re`;
    expect(resultOf(await client.ask(1, "tools/call", { text }).done)).toEqual({ lines: 1, text });
  });
});

describe("a stream", () => {
  it("begins with the first message before the answer and ends with the answer", async () => {
    const client = new Client(openStdio(cleanup));
    await client.initialize();
    const told = await client.run("r", [
      { write: note({ data: 1 }) },
      { write: note({ data: 2 }) },
      { answer: { ok: 1 } },
    ]).done;
    expect(told).toEqual([
      { stream: true },
      { event: JSON.stringify(note({ data: 1 })) },
      { event: JSON.stringify(note({ data: 2 })) },
      { event: '{"jsonrpc":"2.0","id":"r","result":{"ok":1}}' },
      { end: true },
    ]);
  });

  it.each([
    ["a string", "my-token"],
    ["a number", 41],
    ["a string of digits", "2"],
  ])("carries progress under the client's own token: %s", async (_, token) => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const steps = [{ write: progress("$TOKEN", 0.5) }, { write: progress("foreign", 1) }, { answer: {} }];
    const told = await client.run("r", steps, {}, { progressToken: token }).done;
    expect(eventsOf(told)).toEqual([progress(token, 0.5), { jsonrpc: "2.0", id: "r", result: {} }]);
    const { seen } = await client.look();
    expect(JSON.parse(seen[0] ?? "").params._meta).toEqual({ progressToken: 1 });
  });

  it("drops progress that nobody asked for", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    expect(await client.run("r", [{ write: progress("$ID", 1) }, { answer: {} }]).done).toEqual(
      answered("r", {}),
    );
  });

  it("keeps two requests with one token apart", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const steps = [
      { await: "notifications/roots/list_changed" },
      { write: progress("$TOKEN", 1) },
      { answer: {} },
    ];
    const first = client.run("a", steps, {}, { progressToken: "t" });
    const second = client.run("b", steps, {}, { progressToken: "t" });
    client.notify("notifications/roots/list_changed");
    client.notify("notifications/roots/list_changed");
    expect(eventsOf(await first.done)).toEqual([progress("t", 1), { jsonrpc: "2.0", id: "a", result: {} }]);
    expect(eventsOf(await second.done)).toEqual([progress("t", 1), { jsonrpc: "2.0", id: "b", result: {} }]);
  });

  it("carries the progress of a task after the answer, on the GET stream (2025-11-25 tasks)", async () => {
    const client = new Client(openStdio(cleanup));
    await client.initialize();
    const stream = client.verb("GET");
    const made = [{ answer: { task: { taskId: "t" } } }];
    await client.ask("r", "tools/call", { steps: made, task: {}, _meta: { progressToken: "p" } }).done;
    // The task's request was the second one on the pipe.
    await client.run("s", [{ write: progress(2, 1) }, { answer: {} }]).done;
    expect(eventsOf(stream.told)).toEqual([progress("p", 1)]);
  });
});

describe("cancelling", () => {
  it("tells the process which request is meant, and lets no late answer through", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const heard = client.run("r", [{ await: "notifications/cancelled" }, { answer: { late: true } }]);
    heard.exchange.cancel();
    heard.exchange.cancel();
    const { seen } = await client.look();
    expect(JSON.parse(seen[1] ?? "")).toEqual({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: 1 },
    });
    expect({ lines: seen.length, told: heard.told }).toEqual({ lines: 3, told: [] });
  });

  it("passes the client's own cancellation on, once, under the id on the pipe", async () => {
    const client = new Client(openStdio(cleanup));
    await client.initialize();
    const heard = client.run("r", [{ await: "notifications/cancelled" }, { answer: { stopped: true } }]);
    const params = { requestId: "r", reason: "enough" };
    expect(await client.notify("notifications/cancelled", params).done).toEqual([{ answer: 202, body: "" }]);
    expect(await heard.done).toEqual(answered("r", { stopped: true }));
    heard.exchange.cancel();
    const { seen } = await client.look();
    expect(seen.slice(2, -1).map((line) => JSON.parse(line))).toEqual([
      { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 2, reason: "enough" } },
    ]);
  });

  it.each([
    ["an id that is not in flight", "unknown"],
    ["a number for a string", 2],
    ["`initialize`, which must not be cancelled", "init"],
  ])("drops a cancellation of %s", async (_, requestId) => {
    const client = new Client(openStdio(cleanup));
    const initialize = client.initialize();
    expect(await client.notify("notifications/cancelled", { requestId }).done).toEqual([
      { answer: 202, body: "" },
    ]);
    await initialize;
    expect((await client.look()).seen.filter((line) => line.includes("cancelled"))).toEqual([]);
  });

  it("drops a cancellation that two requests could mean", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const steps = [{ await: "notifications/roots/list_changed" }, { answer: {} }];
    const both = [client.run(1, steps), client.run(1, steps)];
    await client.notify("notifications/cancelled", { requestId: 1 }).done;
    for (const _ of both) client.notify("notifications/roots/list_changed");
    await Promise.all(both.map(({ done }) => done));
    expect((await client.look()).seen.filter((line) => line.includes("cancelled"))).toEqual([]);
  });
});

describe("limits of one request", () => {
  it("fails at its deadline and cancels (faults F5)", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const steps = [{ await: "notifications/cancelled" }, { answer: { late: true } }];
    expect(await client.run("r", steps, { deadlineMs: 30 }).done).toEqual(failed("deadline", true));
    expect((await client.look()).seen.length).toBe(3);
  });

  it("does not begin when too many are in flight", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const all = Array.from({ length: MAX_IN_FLIGHT }, (_, index) => client.run(index, []));
    expect(await client.run("r", []).done).toEqual(failed("busy", false));
    all[0]?.exchange.cancel();
    expect(await client.run("r", [{ answer: {} }]).done).toEqual(answered("r", {}));
  });

  it("has no deadline at zero (subscriptions)", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const steps = [{ await: "notifications/roots/list_changed" }, { answer: {} }];
    const open = client.run("r", steps, { deadlineMs: 0 });
    expect(await client.run("s", [], { deadlineMs: 30 }).done).toEqual(failed("deadline", true));
    client.notify("notifications/roots/list_changed");
    expect(await open.done).toEqual(answered("r", {}));
  });

  it("skips a line above the cap, fails what it may belong to, and goes on (faults F7)", async () => {
    const client = new Client(openStdio(cleanup, { maxLineBytes: 4_096 }), SCRIPTED, { era: "modern" });
    expect(await client.run("r", [{ fill: 5_000 }]).done).toEqual(failed("too-large", true));
    expect(await client.run("s", [{ answer: {} }]).done).toEqual(answered("s", {}));
    expect((await client.look()).seen.some((line) => line.includes('"requestId":1'))).toBe(true);
  });

  it("takes a line up to the cap of 8 MiB", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const size = 8 * 1024 * 1024 - 100;
    expect(resultOf(await client.run("r", [{ fill: size }]).done)).toEqual({ text: "x".repeat(size) });
  });

  it("gives up on a line without end (faults F7)", async () => {
    const client = new Client(openStdio(cleanup, { maxLineBytes: 4_096 }), SCRIPTED, { era: "modern" });
    await client.look();
    const first = client.run("r", [
      { spill: 5_000 },
      { await: "notifications/cancelled" },
      { spill: 64_000 },
    ]);
    expect(await first.done).toEqual(failed("too-large", true));
    expect(await client.run("s", []).done).toEqual(failed("garbage", true));
  });

  it("reads over what is no message: banners, invalid UTF-8, batches", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const steps = [
      { raw: "Server running on stdio\n\n\r\n" },
      { hex: "7b22c328227d0a" },
      { raw: '[{"jsonrpc":"2.0","id":1,"result":{}}]\n"text"\n{"id":{},"result":{}}\n{}\nnull\n' },
      { answer: { fine: true } },
    ];
    expect(await client.run("r", steps).done).toEqual(answered("r", { fine: true }));
  });

  it.each([
    ["100 lines are a long banner", 100, answered("r", {})],
    ["101 lines are garbage", 101, failed("garbage", true)],
  ])("%s", async (_, lines, told) => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const steps = [{ raw: "noise\n".repeat(lines) }, { answer: {} }];
    expect(await client.run("r", steps).done).toEqual(told);
  });

  it("fails an answer that is nested deeper than anybody needs", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const raw = `{ "jsonrpc":"2.0","id":1,"result":{"deep":${deep}} }\n`;
    expect(await client.run("r", [{ raw }]).done).toEqual(failed("too-large", true));
    expect(await client.run("s", [{ answer: {} }]).done).toEqual(answered("s", {}));
  });
});
