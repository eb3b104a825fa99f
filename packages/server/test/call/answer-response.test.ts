import type { JsonObject, JsonValue } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { checkResponse, type ResponseTools } from "../../src/call/answer-response.ts";
import type { Access, Arrival, IntendedCall, Subject } from "../../src/call/call.ts";
import { RequestStates, sealTask, TaskOwners, unsealCursor } from "../../src/call/handles.ts";
import type { Ports } from "../../src/call/ports.ts";
import type { Era } from "../../src/call/records.ts";
import { requestDigest } from "../../src/call/request-digest.ts";
import type { RequestMessage } from "../../src/mcp/json-rpc.ts";
import { KEYS } from "../storage/fixtures.ts";
import { accessOf, atAnotherServer, ofAnotherGrant, pinned } from "./access.ts";

const ACCESS = accessOf({
  tools: { run: {}, other: {} },
  hide: ["secret"],
  server_requests: { elicitation: "allow", sampling: "deny" },
});
const RELATED = "io.modelcontextprotocol/related-task";

interface Asked {
  readonly method?: string;
  readonly params?: JsonObject;
  readonly subject?: Subject;
  readonly era?: Era;
  readonly access?: Access;
}

/** What the server answers to a request, checked; with the tools that checking used. */
function check(value: JsonValue, asked: Asked = {}) {
  const {
    method = "tools/call",
    params,
    subject = { kind: "free" },
    era = "modern",
    access = ACCESS,
  } = asked;
  const request: RequestMessage = { kind: "request", id: 1, method, params };
  const observed: (readonly JsonObject[])[] = [];
  const server = { ...access.server, tools: new Map([["run", pinned("run", "accepted")]]) };
  const ports = {
    keys: KEYS,
    clock: { nowMs: () => 5, monotonicMs: () => 5 },
    snapshot: { server: () => server },
    tools: {
      observe: (_: unknown, tools: readonly JsonObject[]) => {
        observed.push(tools);
        return tools;
      },
      acceptsInstructions: (_: unknown, text: string) => text === "accepted",
    },
  } as unknown as Ports;
  const tools: ResponseTools = { ports, states: new RequestStates(KEYS), taskOwners: new TaskOwners() };
  const arrival = { access } as Arrival;
  const call = { call: { arrival, era, method, subject, message: request } } as unknown as IntendedCall;
  return { checked: checkResponse(call, request, value as JsonObject, tools), tools, observed, request };
}

const response = (result: JsonValue): JsonObject => ({ jsonrpc: "2.0", id: 1, result });
const invalid = (reason: string) => ({ ok: false, error: { kind: "invalid", reason } });
const passed = (replaced?: JsonObject) => ({
  ok: true,
  value: { replaced, status: "ok", ending: { kind: "other" } },
});
/** The result in place of the server's. */
function replaced({ checked }: ReturnType<typeof check>): JsonObject {
  if (!checked.ok || checked.value.replaced === undefined) throw new Error("nothing was replaced");
  return checked.value.replaced["result"] as JsonObject;
}

describe("a response that cannot be passed on (threats 41 and 43)", () => {
  test.each<[string, JsonValue, string]>([
    ["another protocol", { id: 1, result: {} }, "it is not JSON-RPC 2.0"],
    ["another version", { jsonrpc: "1.0", id: 1, result: {} }, "it is not JSON-RPC 2.0"],
    ["another id", { jsonrpc: "2.0", id: 2, result: {} }, "its id is not the request's"],
    ["the id as a text", { jsonrpc: "2.0", id: "1", result: {} }, "its id is not the request's"],
    ["neither", { jsonrpc: "2.0", id: 1 }, "it has not exactly one of result and error"],
    [
      "both",
      { jsonrpc: "2.0", id: 1, result: {}, error: { code: 1 } },
      "it has not exactly one of result and error",
    ],
    ["a request as well", { ...response({}), method: "sampling/createMessage" }, "it is a request as well"],
    ["a result that is a list", response([]), "its result is not an object"],
    ["an error that is a text", { jsonrpc: "2.0", id: 1, error: "no" }, "its error is not an object"],
    ["an error without a code", { jsonrpc: "2.0", id: 1, error: {} }, "its error has no code"],
    [
      "an error whose code is a text",
      { jsonrpc: "2.0", id: 1, error: { code: "1" } },
      "its error has no code",
    ],
    [
      "an error whose code is not whole",
      { jsonrpc: "2.0", id: 1, error: { code: 1.5 } },
      "its error has no code",
    ],
    ["a kind of result", response({ resultType: "x" }), "its resultType is not one that was asked for"],
    [
      "a task that nobody asked for",
      response({ resultType: "task" }),
      "it made a task, which the client did not ask for",
    ],
    ["a kind that is no text", response({ resultType: 5 }), "its resultType is not one that was asked for"],
  ])("%s", (_, value, reason) => {
    expect(check(value).checked).toEqual(invalid(reason));
  });
});

describe("what nobody could look through is not passed on (threats 2 and 39)", () => {
  const lists: readonly (readonly [string, Subject])[] = [
    ["tools", { kind: "list", of: "tools" }],
    ["resources", { kind: "list", of: "resources" }],
    ["resourceTemplates", { kind: "list", of: "templates" }],
    ["prompts", { kind: "list", of: "prompts" }],
    ["tasks", { kind: "task-list" }],
  ];
  const none = invalid("it has no list");
  const folded = invalid("a name in it differs from one of the protocol's in its case alone");

  test.each(lists)("a list of %s", (member, subject) => {
    const upper = member.toUpperCase();
    const shown = (result: JsonObject) => check(response(result), { subject }).checked;
    expect([{}, { [member]: {} }, { [member]: null }, { [upper]: [{}] }].map(shown)).toEqual([
      none,
      none,
      none,
      none,
    ]);
    expect([{ [upper]: [] }, { NextCursor: "c" }].map((more) => shown({ [member]: [], ...more }))).toEqual([
      folded,
      folded,
    ]);
  });

  test.each(["initialize", "server/discover"])("instructions under another name: %s", (method) => {
    expect(check(response({ Instructions: "new" }), { method }).checked).toEqual(folded);
  });

  test("other results are the client's to read", () => {
    expect(check(response({ Tools: [], content: [] })).checked).toEqual(passed());
  });
});

describe("a response that keeps its bytes", () => {
  test.each<[string, JsonObject, Asked]>([
    ["a result", { content: [] }, {}],
    ["a complete one", { resultType: "complete" }, {}],
    ["any kind in an earlier revision", { resultType: "x" }, { era: "legacy" }],
    ["instructions that are accepted", { instructions: "accepted" }, { method: "server/discover" }],
    ["no instructions", { instructions: 5 }, { method: "initialize" }],
    ["instructions of another result", { instructions: "x" }, { method: "ping" }],
    [
      "a task of a modern server",
      { task: { taskId: "t" } },
      { subject: { kind: "tool", name: "run", args: {} } },
    ],
  ])("%s", (_, result, asked) => {
    expect(check(response(result), asked).checked).toEqual(passed());
  });

  test("what a grant may read is nobody else's either, where a result says who may keep it (threat 39)", () => {
    const result = { contents: [], cacheScope: "public", ttlMs: 5 };
    const asked: Asked = { method: "resources/read", subject: { kind: "resource", uri: "docs://a" } };
    expect(replaced(check(response(result), asked))).toEqual({ ...result, cacheScope: "private" });
    expect(check(response(result), { ...asked, era: "legacy" }).checked).toEqual(passed());
    expect(check(response({ contents: [], ttlMs: 5 }), asked).checked).toEqual(passed());
  });

  test("an error is told as it is", () => {
    expect(check({ jsonrpc: "2.0", id: 1, error: { code: -32602, message: "m" } }).checked).toEqual({
      ok: true,
      value: { replaced: undefined, status: "rpc_error", ending: { kind: "rpc-error", code: -32602 } },
    });
  });

  test.each<[string, JsonObject, Subject, boolean]>([
    ["of a tool", { isError: true }, { kind: "tool", name: "run", args: {} }, true],
    ["that is not said to be one", { isError: "true" }, { kind: "tool", name: "run", args: {} }, false],
    ["of something else", { isError: true }, { kind: "free" }, false],
  ])("a failure %s (policy-spec L6)", (_, result, subject, isFailure) => {
    expect(check(response(result), { subject }).checked).toEqual({
      ok: true,
      value: {
        replaced: undefined,
        status: isFailure ? "tool_error" : "ok",
        ending: { kind: isFailure ? "tool-error" : "other" },
      },
    });
  });
});

describe("a list (policy-spec R6, threat 39)", () => {
  const items = [{ name: "run", a: 1 }, { name: "secret" }, { name: "other" }];

  test("shows what may be seen, is nobody else's, and its cursor is sealed", () => {
    const asked = { method: "tools/list", subject: { kind: "list", of: "tools" } } as const;
    const done = check(response({ tools: items, nextCursor: "p2", cacheScope: "public", x: 1 }), asked);
    const { nextCursor, ...rest } = replaced(done);
    expect(rest).toEqual({ tools: [{ name: "run", a: 1 }], cacheScope: "private", x: 1 });
    const open = (access: Access) => unsealCursor(KEYS, access, "tools/list", String(nextCursor));
    expect([ACCESS, ofAnotherGrant(ACCESS), atAnotherServer(ACCESS)].map(open)).toEqual([
      "p2",
      undefined,
      undefined,
    ]);
    expect(done.observed).toEqual([items]);
  });

  test("of an earlier revision keeps its scope; a cursor that is no text is left out; only tools are pins", () => {
    const asked = {
      method: "prompts/list",
      era: "legacy",
      subject: { kind: "list", of: "prompts" },
    } as const;
    const done = check(response({ prompts: [], nextCursor: 5, cacheScope: "public" }), asked);
    expect([replaced(done), done.observed]).toEqual([{ prompts: [], cacheScope: "public" }, []]);
  });
});

test.each(["initialize", "server/discover"])(
  "instructions that nobody accepted are withheld: %s",
  (method) => {
    expect(replaced(check(response({ instructions: "new", a: 1 }), { method }))).toEqual({ a: 1 });
  },
);

describe("a request for input (2026-07-28 mrtr)", () => {
  const META = { "io.modelcontextprotocol/clientCapabilities": { elicitation: {}, sampling: {} } };
  const ask = (requests: JsonValue | undefined, more: JsonObject = {}, asked: Asked = {}) =>
    check(
      response({
        resultType: "input_required",
        ...(requests === undefined ? {} : { inputRequests: requests }),
        ...more,
      }),
      { params: { name: "run", _meta: META }, ...asked },
    );
  const elicit = { who: { method: "elicitation/create", params: { message: "Who?" } } };

  test.each(["tools/call", "resources/read", "prompts/get"])(
    "passes on %s, with its state sealed",
    (method) => {
      const done = ask(elicit, { requestState: "inner" }, { method });
      const { requestState, ...rest } = replaced(done);
      expect(rest).toEqual({ resultType: "input_required", inputRequests: elicit });
      const digest = requestDigest(done.request, KEYS);
      expect(done.tools.states.open(ACCESS, digest, String(requestState), 6)).toMatchObject({
        inner: "inner",
      });
    },
  );

  test("passes with a state alone, or with requests alone", () => {
    const state = ask(undefined, { requestState: "inner" });
    const requests = ask(elicit);
    const opened = [state, requests].map((done) =>
      done.tools.states.open(
        ACCESS,
        requestDigest(done.request, KEYS),
        String(replaced(done)["requestState"]),
        6,
      ),
    );
    expect(opened.map((one) => one?.inner)).toEqual(["inner", undefined]);
  });

  test.each<[string, ReturnType<typeof check>, string]>([
    ["elsewhere", ask(elicit, {}, { method: "tools/list" }), "it asks for input where none may be asked"],
    ["without saying which", ask(undefined), "it asks for input without saying which"],
    ["with a state that is no text", ask(elicit, { requestState: 5 }), "its requestState is not a string"],
    ["with a list", ask([]), "its inputRequests is not an object"],
    ["of no kind", ask({ a: {} }), "it asks for an unknown kind of input"],
    ["that is no request", ask({ a: 5 }), "it asks for an unknown kind of input"],
    ["of an unknown kind", ask({ a: { method: "x" } }), "it asks for an unknown kind of input"],
    ["that no policy judges", ask({ a: { method: "ping" } }), "it asks for an unknown kind of input"],
    [
      "that the client cannot give",
      ask({ ...elicit, b: { method: "roots/list" } }),
      "it asks for roots, which the client did not declare",
    ],
    [
      "of a client that declared nothing",
      ask(elicit, {}, { params: { name: "run" } }),
      "it asks for elicitation, which the client did not declare",
    ],
  ])("is invalid %s", (_, { checked }, reason) => {
    expect(checked).toEqual(invalid(reason));
  });

  const sample = { ...elicit, b: { method: "sampling/createMessage" } };
  const message = "The server asked for sampling, which policy does not allow.";
  test("that policy denies is not passed on (policy-spec R7)", () => {
    expect(ask(sample).checked).toEqual({ ok: false, error: { kind: "input-denied", message } });
    expect(ask(sample, {}, { access: { ...ACCESS, mode: "shadow" } }).checked.ok).toBe(true);
    expect(ask(elicit, {}, { access: accessOf() }).checked).toEqual({
      ok: false,
      error: { kind: "input-denied", message: message.replace("sampling", "elicitation") },
    });
  });
});

describe("tasks (policy-spec R7, threat 53)", () => {
  const sealed = (tool: string, taskId: string) => sealTask(KEYS, ACCESS, { tool, taskId });
  const legacy = (subject: Subject, method = "tools/call"): Asked => ({ era: "legacy", subject, method });

  test("a task that a tool makes is known by its sealed id", () => {
    const asked = { ...legacy({ kind: "tool", name: "run", args: {} }), params: { name: "run", task: {} } };
    const done = check(response({ task: { taskId: "t", a: 1 }, b: 2 }), asked);
    expect(replaced(done)).toEqual({ task: { taskId: sealed("run", "t"), a: 1 }, b: 2 });
    expect(done.tools.taskOwners.toolOf(ACCESS, "t")).toBe("run");
    expect(check(response({ task: { taskId: 5 } }), asked).checked).toEqual(passed());
    expect(check(response({ task: "t" }), asked).checked).toEqual(passed());
  });

  test.each<[string, JsonObject | undefined]>([
    ["asked for nothing", undefined],
    ["did not ask for a task", { name: "run" }],
    ["asked in no way that is one", { name: "run", task: true }],
  ])("a task is not made for a client that %s (threat 43)", (_, params) => {
    const asked = legacy({ kind: "tool", name: "run", args: {} });
    const made = response({ task: { taskId: "t" } });
    const done = check(made, params === undefined ? asked : { ...asked, params });
    expect(done.checked).toEqual(invalid("it makes a task that was not asked for"));
    expect(done.tools.taskOwners.toolOf(ACCESS, "t")).toBeUndefined();
    expect(check(made, { ...asked, subject: { kind: "prompt", name: "p" } }).checked).toEqual(passed());
  });

  test("what is said of a task names it by its sealed id", () => {
    const asked = legacy({ kind: "task", tool: "run", taskId: "t" }, "tasks/get");
    const meta = (taskId: string) => ({ a: 1, [RELATED]: { taskId, b: 2 } });
    expect([
      replaced(check(response({ taskId: "t", c: 3 }), asked)),
      replaced(check(response({ taskId: "other", _meta: meta("t") }), asked)),
      replaced(check(response({ _meta: { [RELATED]: 5 } }), asked)),
    ]).toEqual([
      { taskId: sealed("run", "t"), c: 3 },
      { taskId: "other", _meta: meta(sealed("run", "t")) },
      { _meta: { [RELATED]: 5 } },
    ]);
  });

  test("a list of tasks has those that this grant made, of tools that it may see", () => {
    const asked = legacy({ kind: "task-list" }, "tasks/list");
    const tasks = ["t", "s", "u", 5].map((taskId) => ({ taskId, a: 1 }));
    const list = (access: Access) => {
      const request: RequestMessage = { kind: "request", id: 1, method: "tasks/list", params: undefined };
      const { tools } = check(response({}), asked);
      tools.taskOwners.note(access, { tool: "run", taskId: "t" });
      tools.taskOwners.note(access, { tool: "secret", taskId: "s" });
      const call = { call: { arrival: { access: ACCESS }, ...asked } } as unknown as IntendedCall;
      const checked = checkResponse(
        call,
        request,
        response({ tasks: [...tasks, 5], nextCursor: "c" }),
        tools,
      );
      return checked.ok ? checked.value.replaced?.["result"] : checked;
    };
    const mine = list(ACCESS) as JsonObject;
    expect({
      ...mine,
      nextCursor: unsealCursor(KEYS, ACCESS, "tasks/list", String(mine["nextCursor"])),
    }).toEqual({ tasks: [{ taskId: sealed("run", "t"), a: 1 }], nextCursor: "c" });
    expect(list(ofAnotherGrant(ACCESS))).toMatchObject({ tasks: [] });
    expect(replaced(check(response({ tasks: [5], nextCursor: 5 }), asked))).toEqual({ tasks: [] });
    // Sealed, it would look like one more page, for ever.
    expect(replaced(check(response({ tasks: [], nextCursor: "" }), asked))).toEqual({ tasks: [] });
  });
});
