import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { Access, Arrival, StdioSessionSlot, Verb } from "../../src/call/call.ts";
import { RequestStates, sealCursor, sealTask } from "../../src/call/handles.ts";
import { InFlightCalls } from "../../src/call/in-flight.ts";
import { giveBack, useUp } from "../../src/call/once.ts";
import type { Ports, UpstreamFailure } from "../../src/call/ports.ts";
import type { Era } from "../../src/call/records.ts";
import { requestDigest } from "../../src/call/request-digest.ts";
import { type RouteTools, route, routeVerb } from "../../src/call/route.ts";
import { Sessions } from "../../src/call/sessions.ts";
import type { Message, RequestMessage } from "../../src/mcp/json-rpc.ts";
import { LEGACY_VERSIONS, MODERN_VERSION } from "../../src/mcp/revisions.ts";
import { KEYS } from "../storage/fixtures.ts";
import { accessOf } from "./access.ts";

const ACCESS = accessOf({});
const LEGACY = LEGACY_VERSIONS[0];
const AWAY: UpstreamFailure = { kind: "unreachable", sent: false };
const META = {
  "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
  "io.modelcontextprotocol/clientCapabilities": {},
};
const RELATED = "io.modelcontextprotocol/related-task";

interface Coming {
  readonly access?: Access;
  readonly verb?: Verb;
  readonly version?: string | undefined;
  readonly session?: string;
  readonly mirrored?: boolean;
  readonly slot?: StdioSessionSlot;
  /** Header lines beside the version's; by default those that a modern call to `run` mirrors. */
  readonly raw?: readonly string[];
}

function arrivalOf(coming: Coming): Arrival {
  const { access = ACCESS, verb = "POST", session, mirrored = true, slot, raw } = coming;
  const version = "version" in coming ? coming.version : MODERN_VERSION;
  const lines = raw ?? ["mcp-method", "tools/call", "mcp-name", "run"];
  const headers = { raw: lines, protocolVersion: version, sessionId: session };
  return {
    access,
    verb,
    headers,
    mirrored,
    stdioSession: slot,
    requestId: "r",
    startedMs: 0,
  } as unknown as Arrival;
}

/** What routing needs, before a server that speaks this era; undefined does not answer. */
function toolsOf(speaks: Era | undefined, known = true): RouteTools & { readonly detected: string[] } {
  const detected: string[] = [];
  const ports = {
    keys: KEYS,
    clock: { nowMs: () => 5, monotonicMs: () => 5 },
    upstreams: {
      knownEra: () => (known ? speaks : undefined),
      detectEra: async ({ name }: { name: string }) => {
        detected.push(name);
        return speaks === undefined ? { ok: false, error: AWAY } : { ok: true, value: speaks };
      },
    },
  } as unknown as Ports;
  return { ports, sessions: new Sessions(() => {}), states: new RequestStates(KEYS), detected };
}

const BODY = Buffer.from("the judged bytes");
const request = (method: string, params: JsonObject = {}, id = 1): RequestMessage => ({
  kind: "request",
  id,
  method,
  params,
});
const call = (more: JsonObject = {}) =>
  request("tools/call", { name: "run", arguments: {}, _meta: META, ...more });
const modern = (message: Message, coming: Coming = {}, tools = toolsOf("modern")) =>
  route(arrivalOf(coming), BODY, message, tools);
const legacy = (message: Message, coming: Coming = {}, tools = toolsOf("legacy")) =>
  route(arrivalOf({ version: LEGACY, raw: [], ...coming }), BODY, message, tools);
const refused = (error: object) => ({ ok: false, error });
const bytesOf = ({ id, method, params }: RequestMessage) =>
  Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method, params }));

describe("a modern message", () => {
  test("goes on with the bytes that were judged", async () => {
    const message = call();
    const routed = await modern(message);
    expect(routed).toEqual({
      ok: true,
      value: {
        arrival: arrivalOf({}),
        era: "modern",
        message,
        body: BODY,
        method: "tools/call",
        subject: { kind: "tool", name: "run", args: {} },
        session: undefined,
        channel: ACCESS.grant.id,
        once: undefined,
      },
    });
    expect(routed.ok && "body" in routed.value && routed.value.body).toBe(BODY);
  });

  test("is written anew where a handle was opened", async () => {
    const cursor = sealCursor(KEYS, ACCESS, "prompts/list", "p2");
    const raw = ["mcp-method", "prompts/list"];
    const opened = request("prompts/list", { _meta: META, cursor: "p2" });
    expect(await modern(request("prompts/list", { _meta: META, cursor }), { raw })).toMatchObject({
      ok: true,
      value: { message: opened, body: bytesOf(opened), once: undefined },
    });
  });

  test("is a retry with a state of ours, once, and the server gets its own (policy-spec L6)", async () => {
    const tools = toolsOf("modern");
    const requestState = tools.states.seal(ACCESS, requestDigest(call(), KEYS), "inner", 0, "n");
    const first = await modern(call({ requestState }), {}, tools);
    const opened = call({ requestState: "inner" });
    expect(first).toMatchObject({
      ok: true,
      value: { message: opened, body: bytesOf(opened), once: { kind: "state", state: { nonce: "n" } } },
    });
    if (!first.ok || "dropped" in first.value) throw new Error("not routed");
    expect([useUp(first.value, tools), useUp(first.value, tools)]).toEqual([true, false]);
    const unknown = refused({ kind: "handle-unknown", what: "requestState" });
    expect(await modern(call({ requestState }), {}, tools)).toEqual(unknown);
    const again = tools.states.seal(ACCESS, requestDigest(call(), KEYS), "inner", 0, "m");
    expect(await modern(call({ requestState: again, arguments: { a: 1 } }), {}, tools)).toEqual(unknown);
    expect(await modern(call({ requestState: "forged" }), {}, tools)).toEqual(unknown);
    expect(await modern(call({ requestState: 5 }), {}, tools)).toEqual(unknown);
  });

  test("without a state of the server's goes there without one", async () => {
    const tools = toolsOf("modern");
    const requestState = tools.states.seal(ACCESS, requestDigest(call(), KEYS), undefined, 0, "n");
    expect(await modern(call({ requestState }), {}, tools)).toMatchObject({
      ok: true,
      value: { message: call(), once: { kind: "state" } },
    });
  });

  const response: Message = { kind: "response", id: 1, result: {}, error: undefined };
  test.each<[string, Message, Coming, object]>([
    [
      "a response",
      response,
      {},
      { kind: "malformed", code: -32600, reason: "this revision has no responses from clients" },
    ],
    [
      "headers that say something else (threat 17)",
      call(),
      { raw: ["mcp-method", "tools/call", "mcp-name", "other"] },
      { kind: "header-mismatch", detail: "the `Mcp-Name` header differs from the body" },
    ],
    [
      "a version that nobody speaks",
      call(),
      { version: "2020-01-01" },
      { kind: "unsupported-version", requested: "2020-01-01", supported: [MODERN_VERSION] },
    ],
    [
      "no capabilities",
      request("tools/call", { _meta: { "io.modelcontextprotocol/protocolVersion": MODERN_VERSION } }),
      {},
      {
        kind: "malformed",
        code: -32602,
        reason:
          '`params._meta["io.modelcontextprotocol/clientCapabilities"]` is required and must be an object',
      },
    ],
    [
      "an unknown method",
      request("x/y", { _meta: META }),
      { raw: ["mcp-method", "x/y"] },
      { kind: "unknown-method", method: "x/y" },
    ],
  ])("is refused: %s", async (_, message, coming, error) => {
    expect(await modern(message, coming)).toEqual(refused(error));
  });

  const cancelled: Message = {
    kind: "notification",
    method: "notifications/cancelled",
    params: { _meta: META },
  };
  test("a notification goes nowhere over HTTP, where closing the stream is the cancel", async () => {
    expect(await modern(cancelled, { raw: [] })).toEqual({
      ok: true,
      value: { dropped: true },
    });
  });

  test("a notification passes between lines, and goes nowhere where the server is behind HTTP", async () => {
    const coming = { mirrored: false, version: undefined, raw: [] };
    const target = { kind: "stdio", command: "c", args: [], workingDirectory: undefined } as const;
    const access = { ...ACCESS, server: { ...ACCESS.server, target } as unknown as Access["server"] };
    expect(await modern(cancelled, { ...coming, access })).toMatchObject({
      ok: true,
      value: { era: "modern", message: cancelled, body: BODY, channel: ACCESS.grant.id, session: undefined },
    });
    expect(await modern(cancelled, coming)).toEqual({ ok: true, value: { dropped: true } });
  });
});

describe("the era that the server speaks", () => {
  test("is asked of it where it is not known", async () => {
    const tools = toolsOf("modern", false);
    expect([(await modern(call(), {}, tools)).ok, tools.detected]).toEqual([true, ["notes"]]);
  });

  test("without an answer, nothing goes there", async () => {
    expect(await modern(call(), {}, toolsOf(undefined))).toEqual(
      refused({ kind: "upstream-failed", server: "notes", failure: AWAY, deadlineMs: 5_000 }),
    );
  });

  test("must be the caller's", async () => {
    expect(await modern(call(), {}, toolsOf("legacy"))).toEqual(
      refused({ kind: "era-mismatch", server: "notes", speaks: "legacy" }),
    );
    const fixed: Access = { ...ACCESS, server: { ...ACCESS.server, era: "modern" } };
    expect(await legacy(request("initialize"), { access: fixed }, toolsOf("modern"))).toEqual(
      refused({ kind: "era-mismatch", server: "notes", speaks: "modern" }),
    );
  });

  test("may be both where nobody fixed it: `initialize` is the server's to answer", async () => {
    expect(await legacy(request("initialize"), {}, toolsOf("modern"))).toMatchObject({ ok: true });
  });
});

describe("a legacy message", () => {
  test("`initialize` begins on a channel of its own", async () => {
    const message = request("initialize");
    const routes = [await legacy(message), await legacy(message)].map((routed) => {
      if (!routed.ok || "dropped" in routed.value) throw new Error("not routed");
      return routed.value;
    });
    expect(routes[0]).toMatchObject({
      era: "legacy",
      message,
      body: BODY,
      method: "initialize",
      subject: { kind: "free" },
      session: undefined,
      once: undefined,
    });
    expect(routes[0]?.channel).toMatch(/^[\w-]{32}$/);
    expect(routes[0]?.channel).not.toBe(routes[1]?.channel);
  });

  test("belongs to the session that it names", async () => {
    const tools = toolsOf("legacy");
    const session = tools.sessions.open("s", ACCESS, "u", 0);
    const message = request("tools/call", { name: "run" });
    expect(await legacy(message, { session: "s" }, tools)).toMatchObject({
      ok: true,
      value: {
        era: "legacy",
        message,
        body: BODY,
        session,
        channel: "s",
        subject: { kind: "tool", name: "run" },
      },
    });
    expect(session.lastUsedMs).toBe(5);
    expect(await legacy(message, { session: "other" }, tools)).toEqual(refused({ kind: "session-unknown" }));
    expect(await legacy(message, {}, tools)).toEqual(refused({ kind: "session-missing" }));
  });

  test("stands for itself where the server issues no sessions", async () => {
    const tools = toolsOf("legacy");
    const session = tools.sessions.stateless(ACCESS, 0);
    const message = request("tools/list");
    expect(await legacy(message, {}, tools)).toMatchObject({
      ok: true,
      value: { session, channel: ACCESS.grant.id },
    });
  });

  test("belongs to the one session of a client on stdio", async () => {
    const tools = toolsOf("legacy");
    const slot: StdioSessionSlot = { current: undefined, inFlight: new InFlightCalls() };
    const coming = { slot, mirrored: false, version: undefined };
    const message = request("tools/list");
    expect(await legacy(message, coming, tools)).toMatchObject({
      value: { session: tools.sessions.stateless(ACCESS, 0) },
    });
    slot.current = tools.sessions.open("s", ACCESS, "u", 0);
    expect(await legacy(message, coming, tools)).toMatchObject({
      value: { session: slot.current, channel: "s" },
    });
  });

  test("is written anew where a handle was opened", async () => {
    const taskId = sealTask(KEYS, ACCESS, { tool: "run", taskId: "t" });
    const opened = request("tasks/get", { taskId: "t" });
    expect(await legacy(request("tasks/get", { taskId }))).toMatchObject({
      value: { message: opened, body: bytesOf(opened), subject: { kind: "task", tool: "run", taskId: "t" } },
    });
    expect(await legacy(request("tasks/get", { taskId: "t" }))).toEqual(
      refused({ kind: "handle-unknown", what: "task" }),
    );
  });

  test("a notification that is known passes, another goes nowhere", async () => {
    const progress: Message = { kind: "notification", method: "notifications/progress", params: {} };
    expect(await legacy(progress)).toMatchObject({
      value: { message: progress, body: BODY, method: "notifications/progress", subject: { kind: "free" } },
    });
    expect(await legacy({ ...progress, method: "notifications/x" })).toEqual({
      ok: true,
      value: { dropped: true },
    });
  });
});

describe("a client's answer to a request of the server", () => {
  const answer = (result: JsonObject | undefined): Message => ({
    kind: "response",
    id: 9,
    result,
    error: undefined,
  });

  test("passes once, and only where the server asked", async () => {
    const tools = toolsOf("legacy");
    const session = tools.sessions.open("s", ACCESS, "u", 0);
    session.serverRequests.add(9);
    const message = answer({ a: 1 });
    const first = await legacy(message, { session: "s" }, tools);
    expect(first).toMatchObject({
      ok: true,
      value: { message, body: BODY, method: "(response)", subject: { kind: "free" }, session, channel: "s" },
    });
    if (!first.ok || "dropped" in first.value) throw new Error("not routed");
    expect([useUp(first.value, tools), useUp(first.value, tools)]).toEqual([true, false]);
    const dropped = { ok: true, value: { dropped: true } };
    expect(await legacy(message, { session: "s" }, tools)).toEqual(dropped);
    giveBack(first.value, tools);
    expect(await legacy(message, { session: "s" }, tools)).toMatchObject({ value: { message } });
  });

  test("that belongs to a task names it as the server does", async () => {
    const tools = toolsOf("legacy");
    tools.sessions.open("s", ACCESS, "u", 0).serverRequests.add(9);
    const taskId = sealTask(KEYS, ACCESS, { tool: "run", taskId: "t" });
    const result = { a: 1, _meta: { [RELATED]: { taskId: "t" } } };
    expect(
      await legacy(answer({ a: 1, _meta: { [RELATED]: { taskId } } }), { session: "s" }, tools),
    ).toMatchObject({
      value: {
        message: answer(result),
        body: Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 9, result })),
      },
    });
  });
});

describe("GET and DELETE", () => {
  const verb = (name: Verb, coming: Coming, tools: RouteTools) =>
    routeVerb(arrivalOf({ version: LEGACY, raw: [], verb: name, ...coming }), tools);
  const onlyPost = refused({ kind: "method-not-allowed", allow: "POST" });

  test.each<Verb>(["GET", "DELETE"])("%s is about the session that it names", async (name) => {
    const tools = toolsOf("legacy");
    const session = tools.sessions.open("s", ACCESS, "u", 0);
    expect(await verb(name, { session: "s" }, tools)).toMatchObject({
      ok: true,
      value: {
        era: "legacy",
        message: undefined,
        body: undefined,
        method: name,
        subject: { kind: "free" },
        session,
        channel: "s",
        once: undefined,
      },
    });
    expect(await verb(name, { session: "x" }, tools)).toEqual(refused({ kind: "session-unknown" }));
    expect(await verb(name, {}, tools)).toEqual(refused({ kind: "session-missing" }));
  });

  test("without sessions there is a stream, but nothing to end", async () => {
    const tools = toolsOf("legacy");
    expect(await verb("GET", {}, tools)).toMatchObject({ ok: true, value: { channel: ACCESS.grant.id } });
    expect(await verb("DELETE", {}, tools)).toEqual(refused({ kind: "session-missing" }));
  });

  test("a modern server knows neither, unless a session of it was opened", async () => {
    const tools = toolsOf("modern");
    tools.sessions.open("s", ACCESS, "u", 0);
    expect(await verb("GET", {}, toolsOf("modern"))).toEqual(onlyPost);
    expect(await verb("GET", { session: "s" }, tools)).toMatchObject({ ok: true });
    expect(await verb("GET", { session: "s", version: MODERN_VERSION }, tools)).toEqual(onlyPost);
    expect(await verb("GET", { mirrored: false }, toolsOf("modern"))).toMatchObject({ ok: true });
  });

  test("without an answer of the server, nothing goes there", async () => {
    expect(await verb("GET", {}, toolsOf(undefined))).toMatchObject(refused({ kind: "upstream-failed" }));
  });
});
