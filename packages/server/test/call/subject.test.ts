import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { Access, Subject } from "../../src/call/call.ts";
import { sealCursor, sealTask } from "../../src/call/handles.ts";
import type { Era } from "../../src/call/records.ts";
import { readSubject } from "../../src/call/subject.ts";
import type { RequestMessage } from "../../src/mcp/json-rpc.ts";
import { KEYS } from "../storage/fixtures.ts";
import { accessOf, ofAnotherGrant } from "./access.ts";

const ACCESS = accessOf({ resources: { allow: ["docs://**"] } });

const request = (method: string, params?: JsonObject): RequestMessage => ({
  kind: "request",
  id: 1,
  method,
  params,
});
const read = (method: string, params?: JsonObject, era: Era = "legacy", access = ACCESS) =>
  readSubject(request(method, params), era, access, KEYS);
const plain = (subject: Subject) => ({ ok: true, value: { subject, message: undefined } });
const invalid = (reason: string) => ({ ok: false, error: { kind: "malformed", code: -32602, reason } });

describe("what a request is about", () => {
  const uri = "docs://a";
  test.each<[string, JsonObject | undefined, Subject, Era?]>([
    ["initialize", {}, { kind: "free" }],
    ["ping", undefined, { kind: "free" }],
    ["logging/setLevel", {}, { kind: "free" }],
    ["server/discover", {}, { kind: "free" }, "modern"],
    ["tools/call", { name: "run" }, { kind: "tool", name: "run", args: undefined }],
    ["tools/call", { name: "", arguments: { a: 1 } }, { kind: "tool", name: "", args: { a: 1 } }],
    ["resources/read", { uri }, { kind: "resource", uri }],
    ["resources/subscribe", { uri }, { kind: "resource", uri }],
    ["resources/unsubscribe", { uri }, { kind: "resource", uri }],
    ["prompts/get", { name: "p" }, { kind: "prompt", name: "p" }],
    ["completion/complete", { ref: { type: "ref/prompt", name: "p" } }, { kind: "prompt", name: "p" }],
    ["completion/complete", { ref: { type: "ref/resource", uri } }, { kind: "resource", uri }],
    [
      "completion/complete",
      { ref: { type: "ref/resource", uri: "docs://{x}" } },
      { kind: "template", uriTemplate: "docs://{x}" },
    ],
    ["tools/list", undefined, { kind: "list", of: "tools" }],
    ["resources/list", {}, { kind: "list", of: "resources" }],
    ["resources/templates/list", {}, { kind: "list", of: "templates" }],
    ["prompts/list", {}, { kind: "list", of: "prompts" }],
    ["tasks/list", {}, { kind: "task-list" }],
    ["subscriptions/listen", { notifications: {} }, { kind: "listen", uris: [], tasks: [] }, "modern"],
    [
      "subscriptions/listen",
      { notifications: { resourceSubscriptions: [uri] } },
      { kind: "listen", uris: [uri], tasks: [] },
      "modern",
    ],
  ])("%s of %o", (method, params, subject, era) => {
    expect(read(method, params, era)).toEqual(plain(subject));
  });

  test.each<[string, JsonObject, string]>([
    ["tools/call", {}, "`params.name` must be a string."],
    ["tools/call", { name: 5 }, "`params.name` must be a string."],
    ["tools/call", { name: "run", arguments: [] }, "`params.arguments` must be an object."],
    ["tools/call", { name: "run", arguments: null }, "`params.arguments` must be an object."],
    ["resources/read", { uri: 5 }, "`params.uri` must be a string."],
    ["resources/subscribe", {}, "`params.uri` must be a string."],
    ["prompts/get", { name: ["p"] }, "`params.name` must be a string."],
    ...[
      {},
      { ref: "p" },
      { ref: { type: "ref/prompt", uri: "p" } },
      { ref: { type: "ref/prompt", name: 5 } },
      { ref: { type: "ref/resource", name: "p" } },
      { ref: { type: "ref/resource", uri: 5 } },
      { ref: { type: "ref/tool", name: "p", uri: "docs://a" } },
    ].map((params): [string, JsonObject, string] => [
      "completion/complete",
      params,
      "`params.ref` must be a prompt or resource reference.",
    ]),
  ])("%s does not name it: %o", (method, params, reason) => {
    expect(read(method, params)).toEqual(invalid(reason));
  });

  test("names of the prototype are no members (threat 7)", () => {
    const params = JSON.parse('{"__proto__":{"name":"run","uri":"docs://a"}}') as JsonObject;
    expect([read("tools/call", params), read("resources/read", params)].map(({ ok }) => ok)).toEqual([
      false,
      false,
    ]);
  });
});

describe("a method that is not known in the era is never forwarded (policy-spec R7)", () => {
  test.each<[string, Era]>([
    ["tools/destroy", "legacy"],
    ["server/discover", "legacy"],
    ["initialize", "modern"],
    ["resources/subscribe", "modern"],
    ["tasks/update", "legacy"],
    ["tasks/result", "modern"],
    ["tasks/list", "modern"],
  ])("%s, %s", (method, era) => {
    expect(read(method, {}, era)).toEqual({ ok: false, error: { kind: "unknown-method", method } });
  });
});

describe("handles that were given out are opened", () => {
  test.each([
    ["tools/list", { kind: "list", of: "tools" }],
    ["resources/list", { kind: "list", of: "resources" }],
    ["resources/templates/list", { kind: "list", of: "templates" }],
    ["prompts/list", { kind: "list", of: "prompts" }],
    ["tasks/list", { kind: "task-list" }],
  ])("the cursor of %s", (method, subject) => {
    const params = { a: 1, cursor: sealCursor(KEYS, ACCESS, method, "page") };
    expect(read(method, params)).toEqual({
      ok: true,
      value: { subject, message: request(method, { a: 1, cursor: "page" }) },
    });
    expect(read(method, params, "legacy", ofAnotherGrant(ACCESS)).ok).toBe(false);
  });

  test.each([["page"], [5], [null]])("a cursor that was not given out: %s", (cursor) => {
    expect(read("tools/list", { cursor })).toEqual({
      ok: false,
      error: { kind: "handle-unknown", what: "cursor" },
    });
  });

  test.each<[string, Era]>([
    ["tasks/get", "legacy"],
    ["tasks/cancel", "legacy"],
    ["tasks/result", "legacy"],
    ["tasks/get", "modern"],
    ["tasks/update", "modern"],
    ["tasks/cancel", "modern"],
  ])("the task of %s, %s", (method, era) => {
    const taskId = sealTask(KEYS, ACCESS, { tool: "run", taskId: "t" });
    expect(read(method, { a: 1, taskId }, era)).toEqual({
      ok: true,
      value: {
        subject: { kind: "task", tool: "run", taskId: "t" },
        message: request(method, { a: 1, taskId: "t" }),
      },
    });
  });

  test.each([[{ taskId: "t" }], [{ taskId: 5 }], [{}]])("a task that was not given out: %o", (params) => {
    expect(read("tasks/get", params)).toEqual({
      ok: false,
      error: { kind: "handle-unknown", what: "task" },
    });
  });

  const EXTENSION = "io.modelcontextprotocol/tasks";
  const declaring = (capabilities: JsonObject) => ({
    _meta: { "io.modelcontextprotocol/clientCapabilities": capabilities },
  });
  const missing = { kind: "capability-missing", extension: EXTENSION };
  const unknown = { kind: "handle-unknown", what: "task" };
  test.each<[string, Era, JsonObject, object]>([
    ["that declares nothing", "modern", {}, missing],
    ["that declares no extension", "modern", declaring({ tasks: {} }), missing],
    ["that declares another one", "modern", declaring({ extensions: { x: {} } }), missing],
    ["that declares it", "modern", declaring({ extensions: { [EXTENSION]: {} } }), unknown],
    ["of an era without extensions", "legacy", {}, unknown],
  ])("an unknown task is asked for by a client %s, %s", (_, era, params, error) => {
    for (const method of ["tasks/get", "tasks/cancel"])
      expect(read(method, { ...params, taskId: "t" }, era)).toEqual({ ok: false, error });
  });
});

describe("a listener hears only of what policy lets it read (policy-spec R7)", () => {
  const listen = (filter: JsonObject, access = ACCESS) =>
    read("subscriptions/listen", { a: 1, notifications: filter }, "modern", access);
  const narrowed = (filter: JsonObject, uris: readonly string[]) => ({
    ok: true,
    value: {
      subject: { kind: "listen", uris, tasks: [] },
      message: request("subscriptions/listen", { a: 1, notifications: filter }),
    },
  });

  test("the rest is taken out of its filter, which is kept otherwise", () => {
    const resourceSubscriptions = ["docs://a", "file:///etc", 5, "docs://b"];
    expect(listen({ toolsListChanged: true, resourceSubscriptions })).toEqual(
      narrowed({ toolsListChanged: true, resourceSubscriptions: ["docs://a", "docs://b"] }, [
        "docs://a",
        "docs://b",
      ]),
    );
  });

  test("without a policy it hears of no resource", () => {
    expect(listen({ resourceSubscriptions: ["docs://a"] }, accessOf())).toEqual(
      narrowed({ resourceSubscriptions: [] }, []),
    );
  });

  test.each<{ name: string; access: Access; heard: boolean }>([
    { name: "that it may follow", access: accessOf({ tools: { run: {} } }), heard: true },
    { name: "of a hidden tool", access: accessOf({ tools: { run: {} }, hide: ["run"] }), heard: false },
    { name: "of a denied tool", access: accessOf({ tools: { run: { action: "deny" } } }), heard: false },
    {
      name: "of a hidden tool in shadow mode (A1)",
      access: accessOf({ hide: ["run"] }, { mode: "shadow" }),
      heard: true,
    },
    { name: "without a policy", access: accessOf(), heard: false },
    {
      name: "without a policy in shadow mode",
      access: accessOf(undefined, { mode: "shadow" }),
      heard: false,
    },
  ])("a task of its own $name", ({ access, heard }) => {
    const task = { tool: "run", taskId: "t" };
    const theirs = sealTask(KEYS, ofAnotherGrant(access), task);
    const params = { notifications: { taskIds: [sealTask(KEYS, access, task), theirs, "t", 5] } };
    expect(read("subscriptions/listen", params, "modern", access)).toEqual({
      ok: true,
      value: {
        subject: { kind: "listen", uris: [], tasks: heard ? [task] : [] },
        message: request("subscriptions/listen", { notifications: { taskIds: heard ? ["t"] : [] } }),
      },
    });
  });

  test.each<[JsonObject, string]>([
    [{}, "`params.notifications` must be an object."],
    [{ notifications: [] }, "`params.notifications` must be an object."],
    [
      { notifications: { resourceSubscriptions: "docs://a" } },
      "`params.notifications.resourceSubscriptions` must be a list.",
    ],
    [{ notifications: { taskIds: "t" } }, "`params.notifications.taskIds` must be a list."],
  ])("%o is no filter", (params, reason) => {
    expect(read("subscriptions/listen", params, "modern")).toEqual(invalid(reason));
  });
});
