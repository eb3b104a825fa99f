import type { JsonObject, JsonValue } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import {
  checkCreatedTask,
  checkTask,
  screenTaskNotification,
  sealAcknowledgedTasks,
  type TaskTools,
} from "../../src/call/answer-task.ts";
import type { Access, Arrival, RoutedCall, Subject } from "../../src/call/call.ts";
import { RequestStates, sealTask, type TaskHandle } from "../../src/call/handles.ts";
import type { Ports } from "../../src/call/ports.ts";
import { requestDigest } from "../../src/call/request-digest.ts";
import { KEYS } from "../storage/fixtures.ts";
import { accessOf } from "./access.ts";

const ACCESS = accessOf({ tools: { run: {} }, server_requests: { elicitation: "allow", sampling: "deny" } });
const EXTENSION = "io.modelcontextprotocol/tasks";
const TASK: TaskHandle = { tool: "run", taskId: "t" };
const RUN: Subject = { kind: "tool", name: "run", args: {} };
const NOW_MS = 7;

const declaring = (capabilities: JsonValue) => ({
  _meta: { "io.modelcontextprotocol/clientCapabilities": capabilities },
});
const WITH_TASKS = declaring({ extensions: { [EXTENSION]: {} }, elicitation: {} });

/** A call of a client that declares tasks and elicitation. */
function callOf(subject: Subject, params: JsonObject = WITH_TASKS): RoutedCall {
  const message = { kind: "request", id: 1, method: "tools/call", params };
  return { arrival: { access: ACCESS } as Arrival, era: "modern", subject, message } as unknown as RoutedCall;
}

/** `now`: who calls, at this moment; undefined for a grant that ended. */
function toolsOf(now: Access | undefined = ACCESS): TaskTools {
  const snapshot = {
    grantByDigest: () => now?.grant,
    server: () => now?.server,
    policy: () => now?.policy,
  };
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => NOW_MS };
  return { ports: { keys: KEYS, snapshot, clock } as unknown as Ports, states: new RequestStates(KEYS) };
}

const SEALED = sealTask(KEYS, ACCESS, TASK);
const working = (more: JsonObject = {}): JsonObject => ({ taskId: "t", status: "working", ...more });
const check = (task: JsonObject, tools = toolsOf()) =>
  checkTask(callOf({ kind: "task", ...TASK }), task, TASK, tools);
const invalid = (reason: string) => ({ ok: false, error: { kind: "invalid", reason } });

describe("an answer that is a task (ext-tasks, threat 43)", () => {
  const create = (result: JsonObject, subject: Subject = RUN, params: JsonObject = WITH_TASKS) =>
    checkCreatedTask(callOf(subject, params), result, toolsOf());

  test("is known by its sealed id, everything else as it was", () => {
    const result = working({ resultType: "task", ttlMs: null });
    expect(create(result)).toEqual({ ok: true, value: { ...result, taskId: SEALED } });
  });

  test.each<[string, Subject, JsonObject]>([
    ["what is no tool", { kind: "prompt", name: "run" }, WITH_TASKS],
    ["a client that declares nothing", RUN, {}],
    ["a client that declares another extension", RUN, declaring({ extensions: { other: {} } })],
    ["a client whose declaration is no object", RUN, declaring({ extensions: { [EXTENSION]: true } })],
    ["a client whose extensions are none", RUN, declaring({ extensions: [EXTENSION] })],
    ["a client whose capabilities are none", RUN, declaring("tasks")],
  ])("is not taken from %s", (_, subject, params) => {
    const reason = "it made a task, which the client did not ask for";
    expect(create(working(), subject, params)).toEqual(invalid(reason));
  });

  test.each([[{ taskId: "" }], [{ taskId: 5 }], [{ taskId: undefined }]])("needs an id: %j", (more) => {
    expect(create({ status: "working", ...more } as JsonObject)).toEqual(invalid("its task has no id"));
  });
});

describe("what a task carries (ext-tasks, Task Status)", () => {
  const elicit = { a: { method: "elicitation/create", params: { message: "Who?" } } };
  test.each<[string, JsonObject]>([
    ["working", working()],
    ["cancelled", working({ status: "cancelled" })],
    ["completed", working({ status: "completed", result: { content: [] } })],
    ["completed, its type spelt out", working({ status: "completed", result: { resultType: "complete" } })],
    ["failed", working({ status: "failed", error: { code: -32603, message: "no" } })],
    ["asking", working({ status: "input_required", inputRequests: elicit })],
    ["working, with what it asked before", working({ inputRequests: elicit })],
  ])("%s passes by its sealed id", (_, task) => {
    expect(check(task)).toEqual({ ok: true, value: { ...task, taskId: SEALED } });
  });

  const NO_STATUS = "its task has no known status";
  const NO_RESULT = "the result of its task is not one that was asked for";
  const NO_ERROR = "the error of its task is none";
  test.each<[string, JsonObject, string]>([
    ["another task", working({ taskId: "u" }), "it is about another task"],
    ["no status", { taskId: "t" }, NO_STATUS],
    ["a status that nobody knows", working({ status: "done" }), NO_STATUS],
    ["completed without a result", working({ status: "completed" }), NO_RESULT],
    ["a result of a type that was not asked for", working({ result: { resultType: "task" } }), NO_RESULT],
    ["a result whose type is none", working({ result: { resultType: null } }), NO_RESULT],
    ["a result that is none", working({ result: "done" }), NO_RESULT],
    ["failed without an error", working({ status: "failed" }), NO_ERROR],
    ["an error that is none", working({ error: "no" }), NO_ERROR],
    ["an error without a code", working({ error: { message: "no" } }), NO_ERROR],
    ["an error whose code is not whole", working({ error: { code: 1.5 } }), NO_ERROR],
    ["a state that is no text", working({ requestState: 5 }), "its requestState is not a string"],
    ["asking for nothing", working({ status: "input_required" }), "it asks for input without saying which"],
    ["questions that are a list", working({ inputRequests: [] }), "its inputRequests is not an object"],
    [
      "a question of an unknown kind",
      working({ inputRequests: { a: { method: "tools/call" } } }),
      "it asks for an unknown kind of input",
    ],
  ])("%s is invalid", (_, task, reason) => {
    expect(check(task)).toEqual(invalid(reason));
  });

  test("a question that policy denies is denied (policy-spec R7)", () => {
    const task = working({ inputRequests: { a: { method: "sampling/createMessage" } } });
    const call = callOf({ kind: "task", ...TASK }, declaring({ sampling: {} }));
    expect(checkTask(call, task, TASK, toolsOf())).toEqual({
      ok: false,
      error: { kind: "input-denied", message: "The server asked for sampling, which policy does not allow." },
    });
  });

  test("a state is sealed, and opens for an update of this task alone", () => {
    const tools = toolsOf();
    const checked = check(working({ requestState: "the server's own" }), tools);
    const state = checked.ok ? String(checked.value["requestState"]) : "";
    const opened = (method: string, taskId: string) => {
      const update = { kind: "request", id: 9, method, params: { taskId } } as const;
      return tools.states.open(ACCESS, requestDigest(update, KEYS), state, NOW_MS)?.inner;
    };
    const other = sealTask(KEYS, ACCESS, { ...TASK, taskId: "u" });
    expect([
      opened("tasks/update", SEALED),
      opened("tasks/update", other),
      opened("tasks/get", SEALED),
    ]).toEqual(["the server's own", undefined, undefined]);
  });
});

describe("what a listener hears of tasks (policy-spec R7, A2)", () => {
  const LISTEN: Subject = { kind: "listen", uris: [], tasks: [{ ...TASK, taskId: "s" }, TASK] };
  const hear = (params: JsonObject, now: Access | undefined = ACCESS, subject: Subject = LISTEN) => {
    const notification = { jsonrpc: "2.0", method: "notifications/tasks", params };
    return screenTaskNotification(callOf(subject), notification, params, toolsOf(now));
  };

  test("is about those that it asked for, by their sealed ids", () => {
    expect(hear(working())).toEqual({
      jsonrpc: "2.0",
      method: "notifications/tasks",
      params: { ...working(), taskId: SEALED },
    });
    expect([
      hear(working({ taskId: "u" })),
      hear({ status: "working" }),
      hear(working({ status: "x" })),
    ]).toEqual([undefined, undefined, undefined]);
    expect(hear(working(), ACCESS, { kind: "free" })).toBeUndefined();
  });

  test("is what governs now lets it follow", () => {
    expect(hear(working(), accessOf({ tools: { run: { action: "deny" } } }))).toBeUndefined();
    const ended = { ...ACCESS, grant: { ...ACCESS.grant, expiresAtMs: NOW_MS } };
    expect(hear(working(), ended)).toBeUndefined();
  });

  test("begins with an acknowledgement that names them by their sealed ids", () => {
    const acknowledge = (notifications: JsonValue, subject: Subject = LISTEN) => {
      const params = { notifications, a: 1 };
      const notification: JsonObject = { jsonrpc: "2.0", method: "x", params };
      const sealed = sealAcknowledgedTasks(callOf(subject), notification, params, { keys: KEYS });
      return sealed === notification ? "as it was" : sealed["params"];
    };
    const named = (taskIds: JsonValue) => ({ notifications: { b: 2, taskIds }, a: 1 });
    expect(acknowledge({ b: 2, taskIds: ["t", "u"] })).toEqual(named([SEALED]));
    expect(acknowledge({ b: 2, taskIds: "t" })).toEqual(named([]));
    expect(acknowledge({ b: 2, taskIds: ["t"] }, { kind: "free" })).toEqual(named([]));
    expect([acknowledge({ b: 2 }), acknowledge("t"), acknowledge(null)]).toEqual([
      "as it was",
      "as it was",
      "as it was",
    ]);
  });
});
