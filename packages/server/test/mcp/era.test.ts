import { err, type JsonObject, ok } from "@portcullis/policy";
import { describe, expect, it } from "vitest";
import { checkMirrors, eraOfMessage, eraOnStdio } from "../../src/mcp/era.ts";
import type { Message } from "../../src/mcp/json-rpc.ts";

const MODERN = "2026-07-28";
const LEGACY = "2025-11-25";
const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities";

const envelope = (version: JsonObject[string] = MODERN) => ({
  _meta: { [VERSION_KEY]: version, [CAPABILITIES_KEY]: {} },
});
const request = (method: string, params?: JsonObject): Message => ({
  kind: "request",
  id: 1,
  method,
  params,
});
const note = (method: string, params?: JsonObject): Message => ({ kind: "notification", method, params });
const response: Message = { kind: "response", id: 1, result: {}, error: undefined };
const fault = (code: number, reason: string) => err({ code, reason, id: 1 });
const unsupported = (requested: string) =>
  err({ code: -32022, reason: "unsupported protocol version", requested, id: 1 });

describe("era of a message over HTTP (threat 20)", () => {
  it.each<[string, Message, string | undefined, unknown]>([
    ["envelope and header", request("tools/call", envelope()), MODERN, ok("modern")],
    ["initialize", request("initialize", { protocolVersion: LEGACY }), undefined, ok("legacy")],
    ["initialize with its own version as header", request("initialize"), LEGACY, ok("legacy")],
    ["no header and no envelope", request("tools/list"), undefined, ok("legacy")],
    [
      "an earlier header and no envelope",
      request("tools/list", { _meta: { progressToken: 1 } }),
      "2025-06-18",
      ok("legacy"),
    ],
    [
      "an envelope and no header",
      request("tools/call", envelope()),
      undefined,
      fault(-32020, "the `MCP-Protocol-Version` header is missing"),
    ],
    [
      "an earlier header over a modern envelope",
      request("tools/call", envelope()),
      LEGACY,
      fault(-32020, "the `MCP-Protocol-Version` header differs from the body"),
    ],
    [
      "a modern header over an unknown envelope",
      request("tools/call", envelope("v999.0.0")),
      MODERN,
      fault(-32020, "the `MCP-Protocol-Version` header differs from the body"),
    ],
    [
      "an unknown version in both",
      request("server/discover", envelope("v999.0.0")),
      "v999.0.0",
      unsupported("v999.0.0"),
    ],
    [
      "an unknown header over a modern envelope",
      request("tools/call", envelope()),
      "2099-01-01",
      unsupported("2099-01-01"),
    ],
    ["a word as header", request("tools/list"), "latest", unsupported("latest")],
    [
      "two versions in one header",
      request("tools/call", envelope()),
      "2026-07-28,2025-11-25",
      unsupported("2026-07-28,2025-11-25"),
    ],
    [
      "an envelope of an earlier version",
      request("tools/call", envelope(LEGACY)),
      LEGACY,
      unsupported(LEGACY),
    ],
    [
      "a version that is no string",
      request("tools/call", envelope(1)),
      MODERN,
      fault(-32602, `\`_meta["${VERSION_KEY}"]\` must be a string`),
    ],
    [
      "a modern header without envelope",
      request("tools/call", {}),
      MODERN,
      fault(-32602, `\`params._meta["${VERSION_KEY}"]\` is required`),
    ],
    [
      "a modern header without params",
      request("tools/list"),
      MODERN,
      fault(-32602, `\`params._meta["${VERSION_KEY}"]\` is required`),
    ],
    [
      "initialize under a modern header",
      request("initialize"),
      MODERN,
      fault(-32020, "`initialize` does not exist in this revision"),
    ],
    [
      "an envelope without capabilities",
      request("tools/list", { _meta: { [VERSION_KEY]: MODERN } }),
      MODERN,
      fault(-32602, `\`params._meta["${CAPABILITIES_KEY}"]\` is required and must be an object`),
    ],
    [
      "capabilities that are an array",
      request("tools/list", { _meta: { [VERSION_KEY]: MODERN, [CAPABILITIES_KEY]: [] } }),
      MODERN,
      fault(-32602, `\`params._meta["${CAPABILITIES_KEY}"]\` is required and must be an object`),
    ],
    [
      "client information that is a string",
      request("tools/list", { _meta: { ...envelope()._meta, "io.modelcontextprotocol/clientInfo": "x" } }),
      MODERN,
      fault(-32602, '`params._meta["io.modelcontextprotocol/clientInfo"]` must be an object'),
    ],
    ["a legacy notification", note("notifications/initialized"), LEGACY, ok("legacy")],
    ["a modern notification without envelope", note("notifications/cancelled"), MODERN, ok("modern")],
    [
      "a modern notification without header",
      note("notifications/cancelled", envelope()),
      undefined,
      ok("modern"),
    ],
    [
      "a notification whose header differs",
      note("notifications/cancelled", envelope()),
      LEGACY,
      err({ code: -32020, reason: "the `MCP-Protocol-Version` header differs from the body" }),
    ],
    ["a response", response, LEGACY, ok("legacy")],
    [
      "a response in the modern era",
      response,
      MODERN,
      fault(-32600, "this revision has no responses from clients"),
    ],
    ["a response under an unknown version", response, "1", unsupported("1")],
  ])("%s", (_name, message, header, outcome) => {
    expect(eraOfMessage(message, header)).toEqual(outcome);
  });
});

describe("era of a message on stdio (2026-07-28 basic/versioning)", () => {
  it.each<[string, Message, unknown]>([
    ["an envelope", request("tools/list", envelope()), ok("modern")],
    ["initialize", request("initialize", { protocolVersion: MODERN }), ok("legacy")],
    ["no envelope", request("tools/list", {}), ok("legacy")],
    ["a response", response, ok("legacy")],
    ["an unknown version", request("tools/list", envelope("x")), unsupported("x")],
    ["an earlier version", request("tools/list", envelope(LEGACY)), unsupported(LEGACY)],
    ["a modern cancellation", note("notifications/cancelled", envelope()), ok("modern")],
  ])("%s", (_name, message, outcome) => {
    expect(eraOnStdio(message)).toEqual(outcome);
  });

  it("refuses a version that is no string", () => {
    expect(eraOnStdio(request("tools/list", envelope(null)))).toMatchObject({
      ok: false,
      error: { code: -32602 },
    });
  });
});

describe("Mcp-Method and Mcp-Name (2026-07-28 streamable-http, Server Validation; threat 17)", () => {
  const call = request("tools/call", { name: "read" });
  const bad = (reason: string) => ({ code: -32020, reason, id: 1 });
  it.each<[string, Message, readonly string[], unknown]>([
    ["agreement", call, ["Mcp-Method", "tools/call", "Mcp-Name", "read"], undefined],
    ["other cases of header names", call, ["MCP-METHOD", "tools/call", "mcp-name", "read"], undefined],
    ["blanks around the name", call, ["Mcp-Method", "tools/call", "Mcp-Name", "  read\t"], undefined],
    [
      "an encoded name",
      request("tools/call", { name: "löschen" }),
      ["Mcp-Method", "tools/call", "Mcp-Name", "=?base64?bMO2c2NoZW4=?="],
      undefined,
    ],
    [
      "a resource",
      request("resources/read", { uri: "file:///a" }),
      ["Mcp-Method", "resources/read", "Mcp-Name", "file:///a"],
      undefined,
    ],
    [
      "a task",
      request("tasks/get", { taskId: "t" }),
      ["Mcp-Method", "tasks/get", "Mcp-Name", "t"],
      undefined,
    ],
    ["a response, which has neither", response, ["Mcp-Method", "tools/call"], undefined],
    ["a method without a name", request("tools/list"), ["Mcp-Method", "tools/list"], undefined],
    [
      "a call without a name, refused elsewhere",
      request("tools/call", {}),
      ["Mcp-Method", "tools/call"],
      undefined,
    ],
    [
      "another method",
      call,
      ["Mcp-Method", "prompts/get", "Mcp-Name", "read"],
      bad("the `Mcp-Method` header differs from the body"),
    ],
    [
      "another case of the method",
      call,
      ["Mcp-Method", "TOOLS/CALL", "Mcp-Name", "read"],
      bad("the `Mcp-Method` header differs from the body"),
    ],
    [
      "an encoded method",
      call,
      ["Mcp-Method", "=?base64?dG9vbHMvY2FsbA==?=", "Mcp-Name", "read"],
      bad("the `Mcp-Method` header differs from the body"),
    ],
    ["no method", call, ["Mcp-Name", "read"], bad("the `Mcp-Method` header is missing")],
    ["no name", call, ["Mcp-Method", "tools/call"], bad("the `Mcp-Name` header is missing")],
    [
      "another name",
      call,
      ["Mcp-Method", "tools/call", "Mcp-Name", "delete"],
      bad("the `Mcp-Name` header differs from the body"),
    ],
    [
      "two names",
      call,
      ["Mcp-Method", "tools/call", "Mcp-Name", "read", "Mcp-Name", "read"],
      bad("the `Mcp-Name` header is missing"),
    ],
    [
      "bad Base64",
      call,
      ["Mcp-Method", "tools/call", "Mcp-Name", "=?base64?cmVhZA?="],
      bad("the `Mcp-Name` header is not canonical Base64"),
    ],
    [
      "a name encoded twice",
      call,
      ["Mcp-Method", "tools/call", "Mcp-Name", "=?base64?PT9iYXNlNjQ/Y21WaFpBPT0/PQ==?="],
      bad("the `Mcp-Name` header differs from the body"),
    ],
    [
      "a smuggled line in the name",
      call,
      ["Mcp-Method", "tools/call", "Mcp-Name", "=?base64?cmVhZA0KWDogeQ==?="],
      bad("the `Mcp-Name` header differs from the body"),
    ],
    [
      "a name where the body's is no string",
      request("tools/call", { name: 1 }),
      ["Mcp-Method", "tools/call", "Mcp-Name", "1"],
      bad("the `Mcp-Name` header differs from the body"),
    ],
    ["a notification without headers", note("notifications/cancelled"), [], undefined],
    [
      "a notification with another method",
      note("notifications/cancelled"),
      ["Mcp-Method", "tools/call"],
      { code: -32020, reason: "the `Mcp-Method` header differs from the body" },
    ],
    ["a response", response, [], undefined],
  ])("%s", (_name, message, raw, outcome) => {
    expect(checkMirrors(message, raw)).toEqual(outcome);
  });
});
