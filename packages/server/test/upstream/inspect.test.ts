import type { JsonObject } from "@portcullis/policy";
import { afterEach, describe, expect, test } from "vitest";
import type { Exchange } from "../../src/call/ports.ts";
import { LIST_LIMITS, listTools } from "../../src/upstream/inspect.ts";
import { UpstreamDirectory } from "../../src/upstream/upstreams.ts";
import { Cleanup, openUpstreams, serverAt } from "./harness.ts";
import { type Answer, type Script, serveMcp } from "./mcp-fixture.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const INITIALIZED = {
  protocolVersion: "2025-06-18",
  capabilities: { tools: {} },
  serverInfo: { name: "notes", version: "1" },
  instructions: "Be kind.",
};
const DISCOVERED = {
  resultType: "complete",
  supportedVersions: ["2026-07-28"],
  capabilities: {},
  instructions: "Be brief.",
  _meta: { "io.modelcontextprotocol/serverInfo": { name: "notes", version: "2" } },
};

function directory(): UpstreamDirectory {
  const stdio = { open: (): Exchange => fail(), closeChannel: () => {} };
  return new UpstreamDirectory(openUpstreams(cleanup), stdio);
}

function fail(): never {
  throw new Error("no process here");
}

/** Pages of one tool each; the cursor is the number of the next page. */
function pages(count: number): (params: JsonObject) => Answer {
  return ({ cursor }) => {
    const page = Number(cursor ?? 0);
    const tools = [{ name: `tool_${page}`, inputSchema: { type: "object" } }];
    return { result: page + 1 < count ? { tools, nextCursor: String(page + 1) } : { tools } };
  };
}

describe("a whole list", () => {
  test("legacy: initialize, initialized, every page, end of the session", async () => {
    const initialize = { result: INITIALIZED, session: "s-1", stream: true };
    const { url, seen } = await serveMcp(cleanup, {
      initialize,
      "notifications/initialized": {},
      "tools/list": pages(2),
    });
    const listed = await listTools(directory(), serverAt(url), "legacy");
    expect(listed).toEqual({
      ok: true,
      value: {
        era: "legacy",
        tools: [0, 1].map((page) => ({ name: `tool_${page}`, inputSchema: { type: "object" } })),
        instructions: "Be kind.",
        serverInfo: { name: "notes", version: "1" },
      },
    });
    await expect.poll(() => seen.length).toBe(5);
    const inSession = { "mcp-protocol-version": "2025-06-18", "mcp-session-id": "s-1" };
    expect(seen.map(({ verb, method, headers }) => [verb, method, headers])).toEqual([
      ["POST", "initialize", {}],
      ["POST", "notifications/initialized", inSession],
      ["POST", "tools/list", inSession],
      ["POST", "tools/list", inSession],
      ["DELETE", undefined, { "mcp-session-id": "s-1" }],
    ]);
    expect(seen[3]?.params).toEqual({ cursor: "1" });
  });

  test("modern: server/discover, every page with headers and _meta, nothing to close", async () => {
    const script = { "server/discover": { result: DISCOVERED }, "tools/list": pages(2) };
    const { url, seen } = await serveMcp(cleanup, script);
    const listed = await listTools(directory(), serverAt(url), "modern");
    expect(
      listed.ok && [listed.value.tools.length, listed.value.instructions, listed.value.serverInfo],
    ).toEqual([2, "Be brief.", { name: "notes", version: "2" }]);
    const modern = (method: string) => ({ "mcp-protocol-version": "2026-07-28", "mcp-method": method });
    expect(seen.map(({ method, headers }) => [method, headers])).toEqual([
      ["server/discover", modern("server/discover")],
      ["tools/list", modern("tools/list")],
      ["tools/list", modern("tools/list")],
    ]);
    expect(Object.keys(seen[2]?.params ?? {})).toEqual(["cursor", "_meta"]);
  });

  test("a server without tools has an empty list", async () => {
    const unknown = { error: { code: -32601, message: "Method not found" } };
    const { url } = await serveMcp(cleanup, { initialize: { result: INITIALIZED }, "tools/list": unknown });
    const listed = await listTools(directory(), serverAt(url), "legacy");
    expect(listed.ok && listed.value.tools).toEqual([]);
  });
});

describe("a list without end (threat 38)", () => {
  const rows: readonly { readonly name: string; readonly list: Script[string]; readonly kind: string }[] = [
    { name: "the same cursor again", list: { result: { tools: [], nextCursor: "1" } }, kind: "garbage" },
    { name: "more than 200 pages", list: pages(LIST_LIMITS.pages + 1), kind: "too-large" },
    {
      name: "more than 20,000 tools",
      list: { result: { tools: Array.from({ length: LIST_LIMITS.tools + 1 }, () => ({})) } },
      kind: "too-large",
    },
    { name: "a cursor that is no string", list: { result: { tools: [], nextCursor: 1 } }, kind: "garbage" },
    { name: "no list", list: { result: { tools: "none" } }, kind: "garbage" },
    { name: "an error", list: { error: { code: -32603, message: "no" } }, kind: "garbage" },
    { name: "text", list: { text: "hello" }, kind: "garbage" },
  ];

  test.each(rows)("$name is $kind", async ({ list, kind }) => {
    const script = { "server/discover": { result: DISCOVERED }, "tools/list": list };
    const { url } = await serveMcp(cleanup, script as Script);
    const listed = await listTools(directory(), serverAt(url), "modern");
    expect(listed.ok ? "ok" : listed.error.kind).toBe(kind);
  });

  test("exactly 200 pages are taken", async () => {
    const { url } = await serveMcp(cleanup, {
      "server/discover": { result: DISCOVERED },
      "tools/list": pages(200),
    });
    const listed = await listTools(directory(), serverAt(url), "modern");
    expect(listed.ok && listed.value.tools.length).toBe(200);
  });

  test("a version that no header can carry is garbage", async () => {
    const result = { ...INITIALIZED, protocolVersion: "2025\r\nx: y" };
    const { url } = await serveMcp(cleanup, { initialize: { result } });
    const listed = await listTools(directory(), serverAt(url), "legacy");
    expect(listed).toEqual({ ok: false, error: { kind: "garbage", sent: true, httpStatus: 200 } });
  });
});
