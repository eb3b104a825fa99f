import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Answering, type ScriptedUpstream, startUpstream, TOOL } from "./scripted-upstream.ts";
import { startStdioRun } from "./stdio-run.ts";

const VERSION = "2025-11-25";
const INITIALIZED = { protocolVersion: VERSION, capabilities: {}, serverInfo: { name: "s", version: "1" } };
const DONE = { content: [{ type: "text", text: "done" }] };
const QUESTION = { jsonrpc: "2.0", id: 7, method: "elicitation/create", params: { message: "Who?" } };
const CALL = { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "run", arguments: {} } };
/** What a client reads when the rest of a call's stream cannot be had. */
const CUT = {
  content: [{ type: "text", text: expect.stringContaining("the connection was cut before the answer") }],
  isError: true,
};

let upstream: ScriptedUpstream;
let onCall: (answering: Answering) => void;
/** The streams that the gateway asked for, in turn. */
let onGet: (answering: Answering, nth: number) => void;
let gets: Answering[];
let client: StdioClient;

beforeEach(async () => {
  gets = [];
  onCall = ({ result }) => result(DONE);
  onGet = ({ stream }) => void stream();
  upstream = await startUpstream((answering) => {
    const { verb, message } = answering.received;
    if (message["method"] === "initialize") answering.result(INITIALIZED, { "mcp-session-id": "s" });
    else if (message["method"] === "tools/list") answering.result({ tools: [TOOL("run")] });
    else if (verb === "GET") onGet(answering, gets.push(answering));
    else if (message["id"] === undefined || message["method"] === undefined) answering.status(202);
    else onCall(answering);
  });
});

afterEach(async () => {
  await client.end();
  await upstream[Symbol.asyncDispose]();
});

/** A client on stdio, one message per line. */
interface StdioClient {
  send(message: object): void;
  /** The next line that the gateway writes. */
  next(): Promise<unknown>;
  end(): Promise<void>;
}

async function start(): Promise<StdioClient> {
  const target = { kind: "http", url: upstream.url, headers: [] } as const;
  const { send, output, end } = startStdioRun({ target, era: "legacy" });
  const lines = createInterface({ input: output })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? "null");
  send({ jsonrpc: "2.0", id: 1, method: "initialize", params: { ...INITIALIZED, clientInfo: {} } });
  expect(await next()).toEqual({ jsonrpc: "2.0", id: 1, result: INITIALIZED });
  send({ jsonrpc: "2.0", method: "notifications/initialized" });
  return { send, next, end };
}

function lastEventIds(): readonly (string | undefined)[] {
  return gets.map(({ received }) => received.headers["last-event-id"] as string | undefined);
}

/** A stream with a place to resume from, which ends at once, and after which one is to come back soon. */
function endWithPlace(answering: Answering, id: string | undefined, retryMs = 1): void {
  const events = answering.stream();
  const note = { jsonrpc: "2.0", method: "notifications/message", params: {} };
  if (id !== undefined) events.send(note, `${id}\nretry: ${retryMs}`);
  events.end();
}

describe("`run` in front of a legacy server: the server's own stream", () => {
  test("is opened once the session is, and carries questions to the client", async () => {
    onGet = ({ stream }) => stream().send(QUESTION);
    client = await start();
    expect(await client.next()).toEqual(QUESTION);
    const answer = { jsonrpc: "2.0", id: 7, result: { action: "decline" } };
    client.send(answer);
    client.send(CALL);
    expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 2, result: DONE });
    expect(upstream.received.map(({ message }) => message)).toContainEqual(answer);
  });

  test("is there before the first call, which waits for it, but not for ever", async () => {
    const asked = Promise.withResolvers<number>();
    const called = Promise.withResolvers<number>();
    // Not even its head comes.
    onGet = () => asked.resolve(performance.now());
    onCall = ({ result }) => {
      called.resolve(performance.now());
      result(DONE);
    };
    client = await start();
    client.send(CALL);
    expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 2, result: DONE });
    expect((await called.promise) - (await asked.promise)).toBeGreaterThan(900);
  });

  test("is taken up where it ended", async () => {
    onGet = (answering, nth) => {
      if (nth === 1) endWithPlace(answering, "event-1");
      else answering.stream().send(QUESTION);
    };
    client = await start();
    expect(await client.next()).toMatchObject({ method: "notifications/message" });
    expect(await client.next()).toEqual(QUESTION);
    expect(lastEventIds()).toEqual([undefined, "event-1"]);
  });

  test("is not asked for again where the server has none, and nobody is bothered with it", async () => {
    const asked = Promise.withResolvers<void>();
    onGet = ({ status }) => {
      status(405);
      asked.resolve();
    };
    client = await start();
    await asked.promise;
    client.send(CALL);
    expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 2, result: DONE });
    expect(gets).toHaveLength(1);
  });
});

describe("`run` in front of a legacy server: a call whose stream ends before its answer", () => {
  beforeEach(() => {
    onCall = (answering) => endWithPlace(answering, "event-1");
  });

  test("is answered on the stream that is resumed for it", async () => {
    onGet = (answering, nth) => {
      const events = answering.stream();
      if (nth > 1) events.send({ jsonrpc: "2.0", id: 2, result: DONE }, "event-2");
    };
    client = await start();
    client.send(CALL);
    expect(await client.next()).toMatchObject({ method: "notifications/message" });
    expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 2, result: DONE });
    expect(lastEventIds()).toEqual([undefined, "event-1"]);
  });

  test("is resumed again where that stream ends too, from the newest place", async () => {
    onGet = (answering, nth) => {
      if (nth === 2) endWithPlace(answering, "event-2");
      else if (nth === 3) answering.stream().send({ jsonrpc: "2.0", id: 2, result: DONE });
      else answering.stream();
    };
    client = await start();
    client.send(CALL);
    expect(await client.next()).toMatchObject({ method: "notifications/message" });
    expect(await client.next()).toMatchObject({ method: "notifications/message" });
    expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 2, result: DONE });
    expect(lastEventIds()).toEqual([undefined, "event-1", "event-2"]);
  });

  const LOST: readonly { name: string; id: string | undefined; status: number }[] = [
    { name: "without a place to resume from", id: undefined, status: 200 },
    { name: "where the server resumes no streams", id: "event-1", status: 405 },
    { name: "where the server fails to resume it", id: "event-1", status: 500 },
  ];
  for (const { name, id, status } of LOST) {
    test(`is told lost ${name}`, async () => {
      onCall = (answering) => endWithPlace(answering, id);
      onGet = (answering) => answering.status(status);
      client = await start();
      client.send(CALL);
      if (id !== undefined) expect(await client.next()).toMatchObject({ method: "notifications/message" });
      expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 2, result: CUT });
    });
  }

  test("is not resumed once the client cancelled it", async () => {
    onGet = (answering, nth) => {
      const events = answering.stream();
      if (nth > 1) events.send({ jsonrpc: "2.0", id: 3, result: DONE });
    };
    onCall = (answering) =>
      endWithPlace(answering, `call-${String(answering.received.message["id"])}`, 1_000);
    client = await start();
    client.send(CALL);
    expect(await client.next()).toMatchObject({ method: "notifications/message" });
    client.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 2 } });
    // A later call that waits as long: when it is resumed, the cancelled one would have been.
    client.send({ ...CALL, id: 3 });
    expect(await client.next()).toMatchObject({ method: "notifications/message" });
    expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 3, result: DONE });
    expect(lastEventIds()).toEqual([undefined, "call-3"]);
  });
});
