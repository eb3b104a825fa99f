import { err, type JsonObject, ok } from "@portcullis/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRequestId, readMessage } from "../../src/mcp/json-rpc.ts";
import { findFoldedMember } from "../../src/mcp/reserved-names.ts";

const STRANGER = "a message has no members but `jsonrpc`, `id`, `method`, `params`, `result` and `error`";
const VERSION = "`jsonrpc` must be the string `2.0`";
const ID = "`id` must be a string of at most 256 bytes or an integer";
const METHOD = "`method` must be a string of 1 to 128 bytes";
const FOLDED = "a member of `params` differs from a reserved name only in case or by Unicode folding";
const NEEDS_ID = "this method is a request and needs an `id`";

const call = (members: JsonObject = {}) => ({ jsonrpc: "2.0", id: 1, method: "tools/call", ...members });
const refused = (reason: string, id?: string | number) =>
  err({ code: -32600, reason, ...(id === undefined ? {} : { id }) });

describe("messages (threat 13; 2026-07-28 basic/index)", () => {
  it.each([
    [
      "a request",
      call({ params: { name: "read" } }),
      { kind: "request", id: 1, method: "tools/call", params: { name: "read" } },
    ],
    [
      "a request without params",
      { jsonrpc: "2.0", id: "a", method: "ping" },
      { kind: "request", id: "a", method: "ping", params: undefined },
    ],
    [
      "an unknown method, which others judge",
      { jsonrpc: "2.0", id: 0, method: " tools/call\u0000" },
      { kind: "request", id: 0, method: " tools/call\u0000", params: undefined },
    ],
    [
      "an empty id",
      { jsonrpc: "2.0", id: "", method: "ping" },
      { kind: "request", id: "", method: "ping", params: undefined },
    ],
    [
      "a notification",
      { jsonrpc: "2.0", method: "notifications/x", params: {} },
      { kind: "notification", method: "notifications/x", params: {} },
    ],
    [
      "a result",
      { jsonrpc: "2.0", id: 7, result: { roots: [] } },
      { kind: "response", id: 7, result: { roots: [] }, error: undefined },
    ],
    [
      "an error",
      { jsonrpc: "2.0", id: 7, error: { code: -1, message: "no" } },
      { kind: "response", id: 7, result: undefined, error: { code: -1, message: "no" } },
    ],
    [
      "a member of arguments with a reserved name in upper case",
      call({ params: { name: "x", arguments: { Name: "y", _META: 1 } } }),
      {
        kind: "request",
        id: 1,
        method: "tools/call",
        params: { name: "x", arguments: { Name: "y", _META: 1 } },
      },
    ],
    [
      "unknown members of params and _meta",
      call({ params: { name: "x", extra: 1, _meta: { "com.example/X": 1 } } }),
      {
        kind: "request",
        id: 1,
        method: "tools/call",
        params: { name: "x", extra: 1, _meta: { "com.example/X": 1 } },
      },
    ],
  ])("reads %s", (_name, value, message) => {
    expect(readMessage(value)).toEqual(ok(message));
  });

  it.each([
    ["no version", { id: 1, method: "ping" }, refused(VERSION, 1)],
    ["version 1.0", { jsonrpc: "1.0", id: 1, method: "ping" }, refused(VERSION, 1)],
    ["a number as version", { jsonrpc: 2, id: 1, method: "ping" }, refused(VERSION, 1)],
    ["id null", call({ id: null }), refused(ID)],
    ["id 1.5", call({ id: 1.5 }), refused(ID)],
    ["an unsafe integer id", call({ id: 2 ** 53 }), refused(ID)],
    ["an object as id", call({ id: {} }), refused(ID)],
    ["an array as id", call({ id: [1] }), refused(ID)],
    ["true as id", call({ id: true }), refused(ID)],
    ["an id of 257 bytes", call({ id: "x".repeat(257) }), refused(ID)],
    ["an id of 129 characters of two bytes", call({ id: "é".repeat(129) }), refused(ID)],
    ["an unknown member", call({ tool: "x" }), refused(STRANGER, 1)],
    ["arguments beside params", call({ arguments: {} }), refused(STRANGER, 1)],
    ["`Method` beside method", call({ Method: "tools/list" }), refused(STRANGER, 1)],
    ["`PARAMS` beside params", call({ PARAMS: {} }), refused(STRANGER, 1)],
    ["params with a long s", call({ "param\u017f": {} }), refused(STRANGER, 1)],
    [
      "a request that is a response",
      call({ result: {} }),
      refused("a message cannot be a request and a response at once", 1),
    ],
    [
      "a notification that is an error",
      { jsonrpc: "2.0", method: "notifications/x", error: {} },
      refused("a message cannot be a request and a response at once"),
    ],
    ["a number as method", call({ method: 1 }), refused(METHOD, 1)],
    ["an empty method", call({ method: "" }), refused(METHOD, 1)],
    ["a method of 129 bytes", call({ method: "m".repeat(129) }), refused(METHOD, 1)],
    ["params as array", call({ params: ["x"] }), refused("`params` must be an object", 1)],
    ["params as string", call({ params: "x" }), refused("`params` must be an object", 1)],
    ["params null", call({ params: null }), refused("`params` must be an object", 1)],
    ["_meta as string", call({ params: { _meta: "x" } }), refused("`params._meta` must be an object", 1)],
    ["_meta null", call({ params: { _meta: null } }), refused("`params._meta` must be an object", 1)],
    [
      "tools/call without id",
      { jsonrpc: "2.0", method: "tools/call", params: { name: "x" } },
      refused(NEEDS_ID),
    ],
    ["tools/list without id", { jsonrpc: "2.0", method: "tools/list" }, refused(NEEDS_ID)],
    ["nothing but a version", { jsonrpc: "2.0" }, refused("a message needs `method`, `result` or `error`")],
    [
      "result and error",
      { jsonrpc: "2.0", id: 1, result: {}, error: {} },
      refused("a response has either `result` or `error`, not both", 1),
    ],
    [
      "a result with params",
      { jsonrpc: "2.0", id: 1, result: {}, params: {} },
      refused("a response has no `params`", 1),
    ],
    [
      "a result without id",
      { jsonrpc: "2.0", result: {} },
      refused("a response needs the `id` of its request"),
    ],
    [
      "a result that is no object",
      { jsonrpc: "2.0", id: 1, result: [] },
      refused("`result` must be an object", 1),
    ],
    [
      "an error without code",
      { jsonrpc: "2.0", id: 1, error: { message: "x" } },
      refused("`error` must have an integer `code` and a string `message`", 1),
    ],
    [
      "an error without words",
      { jsonrpc: "2.0", id: 1, error: { code: -1, message: null } },
      refused("`error` must have an integer `code` and a string `message`", 1),
    ],
    [
      "an error that is a string",
      { jsonrpc: "2.0", id: 1, error: "x" },
      refused("`error` must have an integer `code` and a string `message`", 1),
    ],
  ])("refuses %s", (_name, value, outcome) => {
    expect(readMessage(value)).toEqual(outcome);
  });

  it("never throws, whatever JSON it is given", () => {
    const name = fc.constantFrom("jsonrpc", "id", "method", "params", "result", "error", "_meta", "x");
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue()), (value) => {
        readMessage(JSON.parse(JSON.stringify({ jsonrpc: "2.0", ...value })));
      }),
    );
  });

  it("knows a request id", () => {
    const ids = ["", "a", "x".repeat(256), 0, -1, Number.MAX_SAFE_INTEGER];
    const others = ["x".repeat(257), 0.5, Number.NaN, 2 ** 53, null, undefined, {}, [], true, 1n];
    expect([ids.filter(isRequestId), others.filter(isRequestId)]).toEqual([ids, []]);
  });
});

describe("members that equal a reserved one but for case or folding (threat 2)", () => {
  it.each([
    ["Name beside name", { name: "read", Name: "delete" }],
    ["ARGUMENTS alone", { name: "read", ARGUMENTS: {} }],
    ["a Kelvin sign in tas\u212a", { "tas\u212a": {} }],
    ["a long s in argument\u017f", { "argument\u017f": {} }],
    ["full-width letters", { "\uff4e\uff41\uff4d\uff45": "x" }],
    ["a dotless i in ur\u0131", { "ur\u0131": "x" }],
    ["a dotted capital I in UR\u0130", { "UR\u0130": "x" }],
    ["_Meta beside _meta", { _meta: {}, _Meta: {} }],
    ["in _meta: ProgressToken", { _meta: { ProgressToken: 1 } }],
    [
      "in _meta: the version key in upper case",
      { _meta: { "IO.modelcontextprotocol/protocolVersion": "x" } },
    ],
    [
      "in _meta: the capabilities key with a long s",
      { _meta: { "io.modelcontextprotocol/clientCapabilitie\u017f": {} } },
    ],
    ["in ref: Name", { ref: { type: "ref/prompt", name: "a", Name: "b" } }],
    ["in ref: URI", { ref: { type: "ref/resource", uri: "a", URI: "b" } }],
    ["in notifications: resourcesubscriptions", { notifications: { resourcesubscriptions: ["file:///x"] } }],
  ])("refuses %s", (_name, params) => {
    expect(readMessage(call({ params }))).toEqual(refused(FOLDED, 1));
  });

  it("finds every other casing of every reserved name, and no reserved name itself", () => {
    const name = fc.constantFrom(
      "name",
      "arguments",
      "uri",
      "_meta",
      "requestState",
      "inputResponses",
      "taskId",
    );
    fc.assert(
      fc.property(name, fc.infiniteStream(fc.boolean()), (reserved, flips) => {
        const cased = [...reserved]
          .map((c) => (flips.next().value ? c.toUpperCase() : c.toLowerCase()))
          .join("");
        expect(findFoldedMember({ [cased]: 1 }, "params")).toBe(cased === reserved ? undefined : cased);
      }),
    );
  });
});
