import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { screenServerMessage } from "../../src/call/answer-server.ts";
import type { Access, Arrival, RoutedCall } from "../../src/call/call.ts";
import { RequestStates, sealTask, TaskOwners } from "../../src/call/handles.ts";
import type { Ports, Snapshot, UpstreamRequest } from "../../src/call/ports.ts";
import { type Session, Sessions } from "../../src/call/sessions.ts";
import { KEYS } from "../storage/fixtures.ts";
import { accessOf, ofAnotherGrant } from "./access.ts";

const ACCESS = accessOf({ server_requests: { elicitation: "allow", sampling: "deny", roots: "deny" } });
const RUNNER = accessOf({ tools: { run: {} } });
const RELATED = "io.modelcontextprotocol/related-task";
const TASK = { tool: "run", taskId: "t" };

interface Screening {
  /** As of when the stream opened. */
  readonly access?: Access;
  /** As of now; undefined for a grant that ended. The same if it is not given. */
  readonly now?: Access | undefined;
  readonly more?: Partial<RoutedCall>;
  readonly prepare?: (session: Session) => void;
  readonly protocolVersion?: string;
}

/** What becomes of a message of a server, and what it set off. */
function screen(value: JsonObject, screening: Screening = {}) {
  const { access = ACCESS, more = {}, prepare = () => {}, protocolVersion } = screening;
  const session = new Sessions(() => {}).open("client-session", access, "upstream-session", 0);
  prepare(session);
  const sent: UpstreamRequest[] = [];
  const warned: string[] = [];
  const changed: unknown[] = [];
  const now = "now" in screening ? screening.now : access;
  const ports = {
    keys: KEYS,
    snapshot: snapshotOf(now),
    clock: { nowMs: () => ACCESS.grant.expiresAtMs - 1 },
    observer: { warn: (event: string) => warned.push(event) },
    tools: { noteListChanged: (server: unknown) => changed.push(server) },
    upstreams: { open: (request: UpstreamRequest) => sent.push(request) },
  } as unknown as Ports;
  const taskOwners = new TaskOwners();
  taskOwners.note(ACCESS, TASK);
  const arrival = { access, headers: { protocolVersion } } as unknown as Arrival;
  const call = { arrival, era: "legacy", session, ...more } as unknown as RoutedCall;
  const seen = screenServerMessage(call, value, { ports, states: new RequestStates(KEYS), taskOwners });
  return { seen, sent, warned, changed, asked: [...session.serverRequests] };
}

/** A snapshot in which this grant, if any, has this access. */
function snapshotOf(access: Access | undefined): Partial<Snapshot> {
  return {
    grantByDigest: () => access && withMode(access),
    server: () => access?.server,
    policy: () => access?.policy,
  };
}

function withMode({ grant, server, mode }: Access): Access["grant"] {
  const policy = grant.access.get(server.id)?.policy;
  return { ...grant, access: new Map([[server.id, { policy, mode }]]) };
}

const request = (method: string, params?: JsonObject, id: string | number = 9): JsonObject => ({
  jsonrpc: "2.0",
  id,
  method,
  ...(params === undefined ? {} : { params }),
});
const notification = (method: string, params?: JsonObject): JsonObject => ({
  jsonrpc: "2.0",
  method,
  ...(params === undefined ? {} : { params }),
});

describe("a request of the server (policy-spec R7)", () => {
  test.each([
    ["that policy allows", request("elicitation/create", { message: "Who?" })],
    ["that no policy judges", request("ping")],
    ["about the outcome of another", request("tasks/get", { taskId: "x" })],
  ])("%s passes, and its answer is waited for", (_, value) => {
    const screened = screen(value);
    expect(screened.seen).toBe(value);
    expect(screened).toMatchObject({ sent: [], warned: [], asked: [9] });
  });

  test.each<[string, JsonObject, Access, object]>([
    [
      "that policy denies",
      request("sampling/createMessage"),
      ACCESS,
      { code: -1, message: "[POLICY DENIED] sampling is not allowed by policy." },
    ],
    [
      "under no policy",
      request("elicitation/create", { message: "Who?" }),
      accessOf(),
      { code: -1, message: "[POLICY DENIED] elicitation is not allowed by policy." },
    ],
    ["of an unknown method", request("x/y"), ACCESS, { code: -32601, message: "Method not found" }],
    ["without a method", { jsonrpc: "2.0", id: 9 }, ACCESS, { code: -32601, message: "Method not found" }],
  ])("%s is refused in the client's place", (_, value, access, error) => {
    const { seen, sent, warned, asked } = screen(value, { access });
    const [refusal] = sent;
    expect([seen, sent.length, warned, asked]).toEqual([undefined, 1, [], []]);
    expect({ ...refusal, body: JSON.parse(String(refusal?.body)) as unknown }).toEqual({
      server: access.server,
      verb: "POST",
      body: { jsonrpc: "2.0", id: 9, error },
      message: { kind: "response", id: 9, result: undefined, error },
      era: "legacy",
      headers: [
        ...["accept", "application/json, text/event-stream"],
        ...["content-type", "application/json"],
        ...["mcp-session-id", "upstream-session"],
      ],
      channel: "client-session",
      grant: access.grant.id,
      upstreamSession: "upstream-session",
      deadlineMs: access.server.deadlineMs,
    });
  });

  test.each<[string, Screening, readonly string[]]>([
    ["of the client's header", { protocolVersion: "h" }, ["mcp-protocol-version", "h"]],
    [
      "that `initialize` settled on",
      {
        prepare: (session) => {
          session.version = "s";
        },
      },
      ["mcp-protocol-version", "s"],
    ],
  ])("is refused in the revision %s", (_, screening, version) => {
    const [refusal] = screen(request("x/y"), screening).sent;
    expect(refusal?.headers.slice(4)).toEqual([...version, "mcp-session-id", "upstream-session"]);
  });

  test("passes in shadow mode (A1)", () => {
    const access: Access = { ...ACCESS, mode: "shadow" };
    expect(screen(request("sampling/createMessage"), { access })).toMatchObject({ sent: [], asked: [9] });
  });

  const NOT_ALLOWED = "[POLICY DENIED] elicitation is not allowed by policy.";
  test.each<[string, Access | undefined, string]>([
    ["a policy denied it", accessOf({ server_requests: { elicitation: "deny" } }), NOT_ALLOWED],
    ["its policy was gone", accessOf(), NOT_ALLOWED],
    ["its grant ended", undefined, "[POLICY DENIED] The client's grant is over."],
  ])("on a stream that opened before %s is refused (A2)", (_, now, message) => {
    const { seen, sent, asked } = screen(request("elicitation/create", { message: "Who?" }), { now });
    expect([seen, sent.length, asked]).toEqual([undefined, 1, []]);
    expect(JSON.parse(String(sent[0]?.body))).toMatchObject({ id: 9, error: { code: -1, message } });
  });

  test("on a stream that opened in shadow mode is refused once the grant is enforced (A1, A2)", () => {
    const value = request("sampling/createMessage");
    const { seen, sent } = screen(value, { access: { ...ACCESS, mode: "shadow" }, now: ACCESS });
    expect([seen, sent.length]).toEqual([undefined, 1]);
  });

  test("on a stream that opened under a policy that denied it passes under one that allows it (A2)", () => {
    const value = request("sampling/createMessage");
    const now = accessOf({ server_requests: { sampling: "allow" } });
    expect(screen(value, { now })).toMatchObject({ seen: value, sent: [], asked: [9] });
  });

  const fill = (count: number) => (session: Session) => {
    for (let index = 0; index < count; index += 1) session.serverRequests.add(`r${index}`);
  };
  test.each<[string, JsonObject, Screening]>([
    ["in the modern era", request("elicitation/create"), { more: { era: "modern" } }],
    ["without a session", request("elicitation/create"), { more: { session: undefined } }],
    ["whose id is none", { ...request("ping"), id: null }, {}],
  ])("%s is dropped", (_, value, screening) => {
    const { seen, sent, warned } = screen(value, screening);
    expect([seen, sent, warned]).toEqual([undefined, [], ["server_request_dropped"]]);
  });

  test("of one that has asked a lot still passes", () => {
    const { seen, sent, asked } = screen(request("ping"), { prepare: fill(999) });
    expect([seen, sent, asked.length, asked.at(-1)]).toEqual([request("ping"), [], 1_000, 9]);
  });

  test("of one that keeps asking passes, and the oldest is refused in its place", () => {
    const { seen, sent, warned, asked } = screen(request("ping"), { prepare: fill(1_000) });
    expect([seen, asked.length, asked[0], asked.at(-1)]).toEqual([request("ping"), 1_000, "r1", 9]);
    expect(sent.map(({ body }) => JSON.parse(String(body)) as unknown)).toEqual([
      {
        jsonrpc: "2.0",
        id: "r0",
        error: { code: -32603, message: "too many requests are waiting for the client" },
      },
    ]);
    expect(warned).toEqual(["server_request_dropped"]);
  });

  test("whose id is open already takes nobody's place", () => {
    const { seen, sent, asked } = screen(request("ping", undefined, "r5"), { prepare: fill(1_000) });
    expect([seen, sent, asked.length]).toEqual([request("ping", undefined, "r5"), [], 1_000]);
  });

  test.each<[string, JsonObject | undefined, readonly unknown[]]>([
    ["that it withdraws", { requestId: "r1" }, ["r0", "r2"]],
    ["that is another's", { requestId: 1 }, ["r0", "r1", "r2"]],
    ["that is named by no id", { requestId: {} }, ["r0", "r1", "r2"]],
    ["that is not named", undefined, ["r0", "r1", "r2"]],
  ])("%s: what else is open stays open", (_, params, left) => {
    const value = notification("notifications/cancelled", params);
    expect(screen(value, { prepare: fill(3) })).toMatchObject({ seen: value, asked: left });
  });

  test("cannot be withdrawn where there is no session", () => {
    const value = notification("notifications/cancelled", { requestId: "r1" });
    expect(screen(value, { more: { session: undefined } }).seen).toEqual(value);
  });

  test("that belongs to a task names it by its sealed id", () => {
    const params = { a: 1, _meta: { b: 2, [RELATED]: { taskId: "t", c: 3 } } };
    expect(screen(request("elicitation/create", params)).seen).toEqual(
      request("elicitation/create", {
        a: 1,
        _meta: { b: 2, [RELATED]: { taskId: sealTask(KEYS, ACCESS, TASK), c: 3 } },
      }),
    );
  });
});

describe("a notification of the server", () => {
  test.each([
    ["without parameters", notification("notifications/prompts/list_changed")],
    ["with parameters", notification("notifications/progress", { progress: 1, _meta: { a: 1 } })],
    ["about no task", notification("notifications/message", { _meta: { [RELATED]: "t" } })],
    ["about a task without id", notification("notifications/message", { _meta: { [RELATED]: {} } })],
  ])("%s passes as it is", (_, value) => {
    const { seen, warned, changed } = screen(value);
    expect([seen, warned, changed]).toEqual([value, [], []]);
  });

  test("of a changed list makes the old one stale first", () => {
    const value = notification("notifications/tools/list_changed");
    expect(screen(value)).toMatchObject({ seen: value, changed: [ACCESS.server] });
  });

  const READER = accessOf({ resources: { allow: ["docs://*"] } });
  const updated = (uri: string) => notification("notifications/resources/updated", { uri });
  test.each<[string, Screening, string, boolean]>([
    ["that may be read", { access: READER }, "docs://a", true],
    ["that may not be read", { access: READER }, "secret://a", false],
    [
      "that might be read when the stream opened (A2)",
      { access: READER, now: accessOf({}) },
      "docs://a",
      false,
    ],
    ["that may be read only now (A2)", { access: accessOf({}), now: READER }, "docs://a", true],
    ["without a policy", { access: READER, now: accessOf() }, "docs://a", false],
    ["after the grant ended", { access: READER, now: undefined }, "docs://a", false],
    ["in shadow mode (A1)", { access: { ...READER, mode: "shadow" } }, "secret://a", true],
  ])("of a resource %s", (_, screening, uri, isSeen) => {
    const { seen, warned } = screen(updated(uri), screening);
    expect([seen, warned]).toEqual(
      isSeen ? [updated(uri), []] : [undefined, ["server_notification_dropped"]],
    );
  });

  test.each([
    ["that nobody knows", notification("notifications/x")],
    ["without a method", { jsonrpc: "2.0" }],
    ["of a resource that it does not name", notification("notifications/resources/updated")],
    ["of a resource whose name is no text", notification("notifications/resources/updated", { uri: 1 })],
    ["of a task of nobody", notification("notifications/tasks/status", { taskId: "u" })],
  ])("%s is dropped", (_, value) => {
    expect(screen(value)).toMatchObject({ seen: undefined, warned: ["server_notification_dropped"] });
  });

  test("of a task names it by its sealed id, to the grant that made it", () => {
    const value = notification("notifications/tasks/status", { taskId: "t", a: 1 });
    const taskId = sealTask(KEYS, ACCESS, TASK);
    const seen = notification("notifications/tasks/status", { taskId, a: 1 });
    expect(screen(value, { access: RUNNER }).seen).toEqual(seen);
    expect(screen(value, { access: ofAnotherGrant(RUNNER) }).seen).toBeUndefined();
  });

  test.each<[string, Screening, boolean]>([
    ["may be followed only now (A2)", { access: ACCESS, now: RUNNER }, true],
    ["might be followed when the stream opened (A2)", { access: RUNNER, now: ACCESS }, false],
    ["is of a grant that ended", { access: RUNNER, now: undefined }, false],
    ["is denied in shadow mode (A1)", { access: { ...ACCESS, mode: "shadow" } }, true],
  ])("of a task that %s", (_, screening, isSeen) => {
    const { seen } = screen(notification("notifications/tasks/status", { taskId: "t" }), screening);
    expect(seen !== undefined).toBe(isSeen);
  });

  test("that belongs to a task of nobody does not name it", () => {
    const params = { _meta: { a: 1, [RELATED]: { taskId: "u" } } };
    expect(screen(notification("notifications/message", params)).seen).toEqual(
      notification("notifications/message", { _meta: { a: 1 } }),
    );
  });
});

describe("progress (2025-11-25 basic/utilities/progress)", () => {
  const progress = (progressToken: unknown) =>
    notification("notifications/progress", { progressToken, progress: 1 } as JsonObject);
  const asking = (params: JsonObject | undefined, more: Partial<RoutedCall> = {}, verb = "POST") => ({
    arrival: { access: ACCESS, headers: {}, verb } as unknown as Arrival,
    message: { kind: "request", id: 1, method: "tools/call", params } as const,
    subject: { kind: "tool", name: "run", args: {} } as const,
    ...more,
  });
  const withToken = { _meta: { progressToken: "mine" } };
  const task = { subject: { kind: "task", ...TASK } as const };

  test.each<[string, JsonObject, Partial<RoutedCall>]>([
    ["of this request, on its stream", progress("mine"), asking(withToken)],
    ["of any request, on the stream of all", progress("other"), asking(withToken, {}, "GET")],
    ["of the request that made the task", progress("other"), asking(undefined, task)],
    ["that is no progress", notification("notifications/message", { level: "info" }), asking(undefined)],
  ])("%s passes", (_, value, more) => {
    expect(screen(value, { more }).seen).toBe(value);
  });

  test.each<[string, JsonObject, Partial<RoutedCall>]>([
    ["of another request", progress("other"), asking(withToken)],
    ["of a request that asked for none", progress("mine"), asking(undefined)],
    ["without a token, of a request that asked for none", progress(undefined), asking({ _meta: {} })],
    ["of a request that asked in no way that is one", progress("mine"), asking({ _meta: "mine" })],
    ["without a token", notification("notifications/progress", {}), asking(withToken)],
    ["without anything", notification("notifications/progress"), asking(withToken)],
    ["on the stream of what is no request", progress("mine"), asking(withToken, { message: undefined })],
  ])("%s is dropped", (_, value, more) => {
    const { seen, warned } = screen(value, { more });
    expect([seen, warned]).toEqual([undefined, ["server_notification_dropped"]]);
  });
});

test("a question that harms whoever answers is refused, whatever policy says (threat 42)", () => {
  const link = { mode: "url", message: "Sign in", url: "http://evil.example/" };
  const { seen, sent, warned, asked } = screen(request("elicitation/create", link));
  expect([seen, warned, asked]).toEqual([undefined, ["elicitation_refused"], []]);
  expect(String(sent[0]?.body)).toContain("its link is not a plain `https` URL");
});
