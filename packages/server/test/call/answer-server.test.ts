import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { screenServerMessage } from "../../src/call/answer-server.ts";
import type { Access, Arrival, RoutedCall } from "../../src/call/call.ts";
import { RequestStates, sealTask, TaskOwners } from "../../src/call/handles.ts";
import type { Ports, UpstreamRequest } from "../../src/call/ports.ts";
import { type Session, Sessions } from "../../src/call/sessions.ts";
import { KEYS } from "../storage/fixtures.ts";
import { accessOf, ofAnotherGrant } from "./access.ts";

const ACCESS = accessOf({ server_requests: { elicitation: "allow", sampling: "deny", roots: "deny" } });
const RELATED = "io.modelcontextprotocol/related-task";
const TASK = { tool: "run", taskId: "t" };

interface Screening {
  readonly access?: Access;
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
  const refreshed: unknown[] = [];
  const ports = {
    keys: KEYS,
    observer: { warn: (event: string) => warned.push(event) },
    tools: { refresh: async (server: unknown) => refreshed.push(server) },
    upstreams: { open: (request: UpstreamRequest) => sent.push(request) },
  } as unknown as Ports;
  const taskOwners = new TaskOwners();
  taskOwners.note(ACCESS, TASK);
  const arrival = { access, headers: { protocolVersion } } as unknown as Arrival;
  const call = { arrival, era: "legacy", session, ...more } as unknown as RoutedCall;
  const seen = screenServerMessage(call, value, { ports, states: new RequestStates(KEYS), taskOwners });
  return { seen, sent, warned, refreshed, asked: [...session.serverRequests] };
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

  const fill = (count: number) => (session: Session) => {
    for (let index = 0; index < count; index += 1) session.serverRequests.add(`r${index}`);
  };
  test.each<[string, JsonObject, Screening]>([
    ["in the modern era", request("elicitation/create"), { more: { era: "modern" } }],
    ["without a session", request("elicitation/create"), { more: { session: undefined } }],
    ["whose id is none", { ...request("ping"), id: null }, {}],
    ["of one that keeps asking", request("ping"), { prepare: fill(1_000) }],
  ])("%s is dropped", (_, value, screening) => {
    const { seen, sent, warned } = screen(value, screening);
    expect([seen, sent, warned]).toEqual([undefined, [], ["server_request_dropped"]]);
  });

  test("of one that has asked a lot still passes", () => {
    expect(screen(request("ping"), { prepare: fill(999) }).seen).toEqual(request("ping"));
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
    const { seen, warned, refreshed } = screen(value);
    expect([seen, warned, refreshed]).toEqual([value, [], []]);
  });

  test("of a changed list makes the gateway take it first", () => {
    const value = notification("notifications/tools/list_changed");
    expect(screen(value)).toMatchObject({ seen: value, refreshed: [ACCESS.server] });
  });

  test.each([
    ["that nobody knows", notification("notifications/x")],
    ["without a method", { jsonrpc: "2.0" }],
    ["of a task of nobody", notification("notifications/tasks/status", { taskId: "u" })],
  ])("%s is dropped", (_, value) => {
    expect(screen(value)).toMatchObject({ seen: undefined, warned: ["server_notification_dropped"] });
  });

  test("of a task names it by its sealed id, to the grant that made it", () => {
    const value = notification("notifications/tasks/status", { taskId: "t", a: 1 });
    const taskId = sealTask(KEYS, ACCESS, TASK);
    expect(screen(value).seen).toEqual(notification("notifications/tasks/status", { taskId, a: 1 }));
    expect(screen(value, { access: ofAnotherGrant(ACCESS) }).seen).toBeUndefined();
  });

  test("that belongs to a task of nobody does not name it", () => {
    const params = { _meta: { a: 1, [RELATED]: { taskId: "u" } } };
    expect(screen(notification("notifications/message", params)).seen).toEqual(
      notification("notifications/message", { _meta: { a: 1 } }),
    );
  });
});
