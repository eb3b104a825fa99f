import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request as requestHttp } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { createGrant, revokeGrant, rotateGrant } from "@portcullis/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { commandOf, type Registered, type Rig, startRig, unwrap } from "./harness.ts";
import { LEGACY, type LegacySending, openSession, request, sendLegacy } from "./legacy-client.ts";
import {
  type Answering,
  type Received,
  type ScriptedUpstream,
  startUpstream,
  TOOL,
} from "./scripted-upstream.ts";

const INITIALIZED = { protocolVersion: LEGACY, capabilities: {}, serverInfo: { name: "s", version: "1" } };
const DONE = { content: [{ type: "text", text: "done" }] };
const POLICY = {
  version: "1",
  default: "deny",
  tools: { run: {}, once: { limits: [{ counter: "once", window: "day", max: 1 }] } },
  server_requests: { elicitation: "allow" },
};

type Stream = ReturnType<Answering["stream"]>;

let rig: Rig;
let upstream: ScriptedUpstream;
let registered: Registered;
let onCall: (answering: Answering) => void;
let onGet: (answering: Answering) => void;
/** The answers of clients to requests of the server. */
let onResponse: (received: Received) => void;

beforeEach(async () => {
  rig = await startRig();
  onCall = ({ result }) => result(DONE);
  onGet = ({ status }) => status(405);
  onResponse = () => {};
  upstream = await startUpstream((answering) => {
    const { verb, message } = answering.received;
    if (message["method"] === "initialize") answering.result(INITIALIZED, { "mcp-session-id": "upstream" });
    else if (message["method"] === "tools/list") answering.result({ tools: [TOOL("run"), TOOL("once")] });
    else if (verb === "GET") onGet(answering);
    else if (verb === "DELETE") answering.status(200);
    else if (message["method"] === undefined || message["id"] === undefined) {
      answering.status(202);
      if (message["method"] === undefined) onResponse(answering.received);
    } else onCall(answering);
  });
  const target = { kind: "http", url: upstream.url, headers: [] } as const;
  registered = rig.add("legacy", target, POLICY, { era: "legacy" });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function send(message: object | undefined, sending: LegacySending): Promise<Response> {
  return sendLegacy(registered, message, sending);
}

async function initialize(): Promise<LegacySending> {
  return { session: await openSession(registered) };
}

function call(name: string, id: number | string): object {
  return request("tools/call", { name, arguments: {} }, id);
}

function response(id: number | string, result: object = DONE): object {
  return { jsonrpc: "2.0", id, result };
}

function note(data: string): object {
  return { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data } };
}

/** A stream of the gateway as fields of events, one at a time. */
interface Listening {
  readonly status: number;
  /** The next event's lines, `data` parsed; undefined at the end of the stream. */
  next(): Promise<Record<string, unknown> | undefined>;
  close(): void;
}

async function listen(message: object | undefined, sending: LegacySending): Promise<Listening> {
  const abort = new AbortController();
  const answer = await send(message, { ...sending, signal: abort.signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    status: answer.status,
    close: () => abort.abort(),
    next: async () => {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end !== -1) {
          const event = text.slice(0, end);
          text = text.slice(end + 2);
          return readEvent(event);
        }
        const read = await reader?.read();
        if (read === undefined || read.done) return undefined;
        text += read.value;
      }
    },
  };
}

function readEvent(event: string): Record<string, unknown> {
  const fields = event.split("\n").map((line): [string, unknown] => {
    const [name = "", ...value] = line.split(": ");
    const text = value.join(": ");
    return [name, name === "data" && text !== "" ? JSON.parse(text) : text];
  });
  return Object.fromEntries(fields);
}

/** What a scripted stream of the server was opened for. */
interface Opened extends Stream {
  readonly answering: Answering;
}

/** Resolves with the stream that the server opens for the next call or GET. */
function streamOn(verb: "POST" | "GET"): Promise<Opened> {
  const opened = Promise.withResolvers<Opened>();
  const script = (answering: Answering) => opened.resolve({ ...answering.stream(), answering });
  if (verb === "GET") onGet = script;
  else onCall = script;
  return opened.promise;
}

/** The status of a call that comes from `localAddress`. */
function statusFrom(localAddress: string, token: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const calling = requestHttp(registered.url, { method: "POST", localAddress, headers }, (answer) => {
    answer.resume();
    answer.on("end", () => resolve(answer.statusCode ?? 0));
  });
  calling.on("error", reject);
  calling.end(JSON.stringify(call("run", "doomed")));
  return promise;
}

/** How the calls of a tool ended, oldest first. */
function outcomes(tool: string): unknown[] {
  return rig.rows().flatMap((row) => (row.tool === tool ? [row.status] : []));
}

describe("the GET stream", () => {
  test("carries notifications with their `id` and `retry` untouched, and an event without data", async () => {
    const session = await initialize();
    const opening = streamOn("GET");
    const client = await listen(undefined, session);
    const server = await opening;
    // The script writes the id's line; further fields, or a whole event before, ride on it.
    server.send(note("one"), "priming\nretry: 250\ndata:\n\nid: s-1_/7");
    expect(await client.next()).toEqual({ id: "priming", retry: "250", data: "" });
    expect(await client.next()).toEqual({ id: "s-1_/7", data: note("one") });
    server.end();
    expect(await client.next()).toBeUndefined();
  });

  test("passes `Last-Event-ID` on as it is", async () => {
    const session = await initialize();
    const opening = streamOn("GET");
    const client = await listen(undefined, { ...session, headers: { "last-event-id": "s-1_/7" } });
    const { headers } = (await opening).answering.received;
    expect(headers).toMatchObject({ "last-event-id": "s-1_/7", accept: "text/event-stream" });
    client.close();
  });

  const STATUSES = [
    { name: "405 of a server without one passes", upstream: 405, client: 405 },
    { name: "409 of a server that has one open passes", upstream: 409, client: 409 },
    { name: "500 is the server's fault, not an answer", upstream: 500, client: 502 },
  ];
  for (const { name, upstream: answered, client } of STATUSES) {
    test(name, async () => {
      const session = await initialize();
      onGet = ({ status }) => status(answered);
      expect((await send(undefined, session)).status).toBe(client);
    });
  }

  test("an unknown notification of the server is dropped", async () => {
    const session = await initialize();
    const opening = streamOn("GET");
    const client = await listen(undefined, session);
    const server = await opening;
    server.send({ jsonrpc: "2.0", method: "notifications/surprise" });
    server.send(note("after"));
    expect(await client.next()).toEqual({ data: note("after") });
    client.close();
  });
});

describe("requests of the server (policy-spec R7)", () => {
  test("sampling is denied by default: the server gets the error, the client sees nothing", async () => {
    const session = await initialize();
    const refused = Promise.withResolvers<Received>();
    onResponse = refused.resolve;
    const opening = streamOn("GET");
    const client = await listen(undefined, session);
    const server = await opening;
    server.send({ jsonrpc: "2.0", id: 7, method: "sampling/createMessage", params: { messages: [] } });
    const { message, headers } = await refused.promise;
    expect(message).toEqual({
      jsonrpc: "2.0",
      id: 7,
      error: { code: -1, message: "[POLICY DENIED] sampling is not allowed by policy." },
    });
    expect(headers["mcp-session-id"]).toBe("upstream");
    server.send(note("after"));
    expect(await client.next()).toEqual({ data: note("after") });
    client.close();
  });

  test("an allowed elicitation passes; its answer passes once, a forged one never (threat 41)", async () => {
    const session = await initialize();
    const answers: unknown[] = [];
    onResponse = ({ message }) => answers.push(message);
    const opening = streamOn("POST");
    const client = await listen(call("run", 1), session);
    const server = await opening;
    const asked = { jsonrpc: "2.0", id: "ask-1", method: "elicitation/create", params: { message: "Who?" } };
    server.send(asked);
    expect(await client.next()).toEqual({ data: asked });
    const answer = response("ask-1", { action: "accept", content: {} });
    expect((await send(response("ask-2", { action: "accept" }), session)).status).toBe(202);
    expect((await send(answer, await initialize())).status).toBe(202);
    expect((await send(answer, session)).status).toBe(202);
    expect((await send(answer, session)).status).toBe(202);
    expect(answers).toEqual([answer]);
    server.send(response(1));
    expect(await client.next()).toEqual({ data: response(1) });
  });
});

describe("a disconnect is no cancel (2025-11-25 transports)", () => {
  test("the outcome is still ok, and a resumed stream delivers the response once, never twice", async () => {
    const session = await initialize();
    const opening = streamOn("POST");
    const client = await listen(call("run", 1), session);
    const server = await opening;
    server.send(note("started"), "s-1");
    expect(await client.next()).toEqual({ id: "s-1", data: note("started") });
    client.close();
    // Answered after the end of that connection: from here on the gateway knows that the client is gone.
    await (await send({ jsonrpc: "2.0", id: 2, method: "unknown" }, session)).text();
    server.send(response(1), "s-2");
    server.end();
    await expect.poll(() => outcomes("run")).toEqual(["ok"]);
    for (const expected of [[response(1), note("end")], [note("end")]]) {
      const reopening = streamOn("GET");
      const resumed = await listen(undefined, { ...session, headers: { "last-event-id": "s-1" } });
      const replay = await reopening;
      expect(replay.answering.received.headers["last-event-id"]).toBe("s-1");
      replay.send(response(1), "s-2");
      replay.send(note("end"));
      for (const message of expected) expect((await resumed.next())?.["data"]).toEqual(message);
      resumed.close();
    }
    expect(outcomes("run")).toEqual(["ok"]);
  });

  test("a stream that ends before its response is resumed, and the outcome is the response's", async () => {
    const session = await initialize();
    const opening = streamOn("POST");
    const client = await listen(call("run", 1), session);
    const server = await opening;
    server.send(note("started"), "s-1");
    server.end();
    expect(await client.next()).toEqual({ id: "s-1", data: note("started") });
    expect(await client.next()).toBeUndefined();
    const reopening = streamOn("GET");
    const resumed = await listen(undefined, { ...session, headers: { "last-event-id": "s-1" } });
    const replay = await reopening;
    replay.send(response(1, { ...DONE, isError: true }), "s-2");
    expect(await resumed.next()).toEqual({ id: "s-2", data: response(1, { ...DONE, isError: true }) });
    resumed.close();
    await expect.poll(() => outcomes("run")).toEqual(["tool_error"]);
    // The id is free again.
    onCall = ({ result }) => result(DONE);
    expect(await (await send(call("run", 1), session)).json()).toEqual(response(1));
  });

  test("an invalid response on a resumed stream is told there, and is the outcome", async () => {
    const session = await initialize();
    const opening = streamOn("POST");
    const client = await listen(call("run", 1), session);
    const server = await opening;
    server.send(note("started"), "s-1");
    server.end();
    await client.next();
    expect(await client.next()).toBeUndefined();
    const reopening = streamOn("GET");
    const resumed = await listen(undefined, { ...session, headers: { "last-event-id": "s-1" } });
    const replay = await reopening;
    replay.send({ jsonrpc: "2.0", id: 1, result: {}, error: { code: 1, message: "both" } }, "s-2");
    const told = await resumed.next();
    expect(told).toMatchObject({ id: "s-2", data: { jsonrpc: "2.0", id: 1, result: { isError: true } } });
    expect(JSON.stringify(told)).toContain("it has not exactly one of result and error");
    await expect.poll(() => outcomes("run")).toEqual(["upstream_error"]);
    // Each is answered once.
    replay.send(response(1), "s-3");
    replay.send(note("end"));
    expect((await resumed.next())?.["data"]).toEqual(note("end"));
    resumed.close();
  });

  test("a call that still runs is resumed: the server is freed of the stream that the client left", async () => {
    const session = await initialize();
    const opening = streamOn("POST");
    const client = await listen(call("run", 1), session);
    const server = await opening;
    server.send(note("started"), "s-1");
    await client.next();
    client.close();
    // Answered after the end of that connection: from here on the gateway knows that the client is gone.
    await (await send({ jsonrpc: "2.0", id: 2, method: "unknown" }, session)).text();
    const reopening = streamOn("GET");
    const resumed = await listen(undefined, { ...session, headers: { "last-event-id": "s-1" } });
    const replay = await reopening;
    await server.answering.closed;
    replay.send(response(1), "s-2");
    expect(await resumed.next()).toEqual({ id: "s-2", data: response(1) });
    resumed.close();
    await expect.poll(() => outcomes("run")).toEqual(["ok"]);
  });

  test("without a resumed stream the session's end settles it as unknown", async () => {
    const session = await initialize();
    const opening = streamOn("POST");
    const client = await listen(call("run", 1), session);
    (await opening).end();
    expect(await client.next()).toBeUndefined();
    expect((await send(undefined, { ...session, verb: "DELETE" })).status).toBe(200);
    await expect.poll(() => outcomes("run")).toEqual(["unknown"]);
  });
});

describe("`notifications/cancelled`", () => {
  const CANCELLED = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };

  for (const name of ["before the server answers", "while its stream is open"]) {
    test(`${name}: passes, ends the call as cancelled, keeps the charge (policy-spec L6)`, async () => {
      const session = await initialize();
      const asked = Promise.withResolvers<Answering>();
      onCall = (answering) => {
        if (name.startsWith("while")) answering.stream();
        asked.resolve(answering);
      };
      const calling = listen(call("once", 1), session);
      const answering = await asked.promise;
      if (name.startsWith("while")) expect((await calling).status).toBe(200);
      expect((await send(CANCELLED, session)).status).toBe(202);
      await answering.closed;
      expect(await (await calling).next()).toBeUndefined();
      const passed = upstream.received.filter(({ message }) => message["method"] === CANCELLED.method);
      expect(passed.map(({ message }) => message)).toEqual([CANCELLED]);
      const again = await (await send(call("once", 1), session)).text();
      expect(again).toContain("Rate limit of 1 per day reached");
      expect(outcomes("once")).toEqual(["cancelled", null]);
    });
  }

  test("of another session's request ends nothing", async () => {
    const session = await initialize();
    const opening = streamOn("POST");
    const client = await listen(call("run", 1), session);
    const server = await opening;
    expect((await send(CANCELLED, await initialize())).status).toBe(202);
    server.send(response(1));
    expect(await client.next()).toEqual({ data: response(1) });
  });
});

describe("ids (threat 41)", () => {
  test("a response that nobody asked for is dropped, on either stream", async () => {
    const session = await initialize();
    for (const verb of ["POST", "GET"] as const) {
      const opening = streamOn(verb);
      const client = await listen(verb === "GET" ? undefined : call("run", 1), session);
      const server = await opening;
      server.send(response(99));
      server.send(response("1"));
      server.send(note("after"));
      expect(await client.next()).toEqual({ data: note("after") });
      client.close();
      server.end();
    }
  });

  test("a second response on the stream is dropped", async () => {
    const session = await initialize();
    onCall = (answering) => {
      const stream = answering.stream();
      stream.send(response(1));
      stream.send(response(1, { content: [{ type: "text", text: "twice" }] }));
      stream.end();
    };
    const client = await listen(call("run", 1), session);
    expect(await client.next()).toEqual({ data: response(1) });
    expect(await client.next()).toBeUndefined();
  });

  test("a second response on the GET stream is dropped while the call's own is still open", async () => {
    const session = await initialize();
    const [opened, called] = [streamOn("GET"), streamOn("POST")];
    const listening = await listen(undefined, session);
    const calling = await listen(call("run", 1), session);
    (await called).send(response(1));
    expect(await calling.next()).toEqual({ data: response(1) });
    const server = await opened;
    server.send(response(1));
    server.send(note("after"));
    expect(await listening.next()).toEqual({ data: note("after") });
    listening.close();
  });

  test("an id in flight is refused a second time, also when both arrive at once", async () => {
    const session = await initialize();
    const opening = streamOn("POST");
    const answers = await Promise.all([1, 1, 1].map((id) => send(call("run", id), session)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    const refused = answers.find(({ status }) => status === 400);
    expect(await refused?.json()).toEqual({
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32600, message: "A request with this id is still in flight." },
    });
    (await opening).send(response(1));
    const answered = answers.find(({ status }) => status === 200);
    expect(await answered?.text()).toBe(`data: ${JSON.stringify(response(1))}\n\n`);
    expect(upstream.received.filter(({ message }) => message["method"] === "tools/call")).toHaveLength(1);
  });
});

describe("the end of a grant cuts what it has open within a second (promise P4)", () => {
  const ENDINGS: readonly { name: string; lifeMs: number; end: (label: string) => void }[] = [
    {
      name: "revocation",
      lifeMs: 60_000,
      end: (label) => unwrap(revokeGrant(rig.state, label, Date.now())),
    },
    {
      name: "rotation",
      lifeMs: 60_000,
      end: (label) => unwrap(rotateGrant(rig.state, rig.folder.keys, label)),
    },
    { name: "expiry", lifeMs: 1_000, end: () => {} },
  ];
  for (const { name, lifeMs, end } of ENDINGS) {
    test(name, async () => {
      const expiresAtMs = Date.now() + lifeMs;
      const grant = { label: name, server: "legacy", policy: "test", mode: "enforce", expiresAtMs } as const;
      registered = { ...registered, ...unwrap(createGrant(rig.state, rig.folder.keys, grant, Date.now())) };
      const session = await initialize();
      const [opened, called] = [streamOn("GET"), streamOn("POST")];
      const listening = await listen(undefined, session);
      const calling = await listen(call("run", 1), session);
      const servers = await Promise.all([opened, called]);
      end(name);
      const endedAtMs = name === "expiry" ? expiresAtMs : Date.now();
      expect(await listening.next()).toBeUndefined();
      // A begun stream has no status any more: the call is told in its last event.
      expect(await calling.next()).toMatchObject({ data: { id: 1, error: { code: -32600 } } });
      expect(await calling.next()).toBeUndefined();
      await Promise.all(servers.map(({ answering }) => answering.closed));
      expect(Date.now() - endedAtMs).toBeLessThan(1_000);
      expect((await send(call("run", 2), session)).status).toBe(401);
      expect((await send(undefined, session)).status).toBe(401);
      await expect.poll(() => outcomes("run")).toEqual(["cancelled"]);
    });
  }

  test("a thousand revocations under load: each one's next request is 401, no live grant is refused", async () => {
    const mint = (label: string): string => {
      const expiresAtMs = Date.now() + 600_000;
      const grant = { label, server: "legacy", policy: "test", mode: "enforce", expiresAtMs } as const;
      return unwrap(createGrant(rig.state, rig.folder.keys, grant, Date.now())).token;
    };
    const session = await initialize();
    const doomed = Array.from({ length: 1_000 }, (_, at) => ({
      label: `doomed-${at}`,
      token: mint(`doomed-${at}`),
    }));
    let isOver = false;
    const live: number[] = [];
    const work = async (lane: number): Promise<void> => {
      for (let at = 0; !isOver; at += 1) {
        const answer = await send(call("run", `${lane}-${at}`), session);
        await answer.text();
        live.push(answer.status);
      }
    };
    const working = Array.from({ length: 8 }, (_, lane) => work(lane));
    const next: number[] = [];
    for (const [at, { label, token }] of doomed.entries()) {
      unwrap(revokeGrant(rig.state, label, Date.now()));
      // One address may fail sixty times a minute, then its 401 becomes a 429 (threat 56).
      next.push(await statusFrom(`127.0.0.${2 + Math.floor(at / 50)}`, token));
    }
    isOver = true;
    await Promise.all(working);
    expect(live.length).toBeGreaterThan(100);
    expect(live.filter((status) => status !== 200)).toEqual([]);
    expect(next.filter((status) => status !== 401)).toEqual([]);
    expect(next).toHaveLength(1_000);
  });
});

describe("server-everything over raw HTTP", () => {
  let everything: ChildProcess;
  beforeEach(async () => {
    const [node = "", script = ""] = commandOf("@modelcontextprotocol/server-everything");
    // The server takes no port 0, so one that was free a moment ago is used.
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    everything = spawn(node, [script, "streamableHttp"], {
      env: { ...process.env, PORT: String(port) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (everything.stderr !== null) await once(everything.stderr, "data");
    const target = { kind: "http", url: `http://127.0.0.1:${port}/mcp`, headers: [] } as const;
    registered = rig.add("everything", target, { version: "1", default: "allow" });
  });
  afterEach(() => {
    everything.kill();
  });

  test("a broken-off call runs to its end, and its response is replayed", async () => {
    const session = await initialize();
    expect(session.session).toMatch(/^[\w-]{32}$/);
    await send({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
    const name = "trigger-long-running-operation";
    const message = { name, arguments: { duration: 1, steps: 4 }, _meta: { progressToken: "p" } };
    const client = await listen({ jsonrpc: "2.0", id: 1, method: "tools/call", params: message }, session);
    const first = await client.next();
    // SDK servers begin a stream with an event that only carries an id to resume from.
    expect(first).toMatchObject({ id: expect.stringMatching(/./), data: "" });
    expect(await client.next()).toMatchObject({ data: { method: "notifications/progress" } });
    client.close();
    await expect.poll(() => outcomes(name)).toEqual(["ok"]);
    const from = { ...session, headers: { "last-event-id": String(first?.["id"]) } };
    const resumed = await listen(undefined, from);
    let event = await resumed.next();
    while (JSON.stringify(event?.["data"])?.includes("notifications/")) event = await resumed.next();
    expect(event).toMatchObject({ data: { id: 1, result: { content: [{ type: "text" }] } } });
    resumed.close();
    expect((await send(undefined, { ...session, verb: "DELETE" })).status).toBe(200);
    expect((await send(undefined, from)).status).toBe(404);
    expect(outcomes(name)).toEqual(["ok"]);
  });
});
