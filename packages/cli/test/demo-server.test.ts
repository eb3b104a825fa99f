import { spawn } from "node:child_process";
import { once } from "node:events";
import { DEMO_POLICY, demoCommand } from "@portcullis/server";
import { describe, expect, test, vi } from "vitest";

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const SERVER = {
  _meta: { "io.modelcontextprotocol/serverInfo": { name: "portcullis-demo", version: "1.0.0" } },
};
const CACHE = { ttlMs: 3_600_000, cacheScope: "public" };

const INITIALIZE = request("initialize", { protocolVersion: "2025-11-25" });

/** Whole processes start here, on machines that are busy with other tests. */
vi.setConfig({ testTimeout: 30_000 });

describe("the demo server speaks MCP 2026-07-28 over stdio", () => {
  test.each([
    {
      name: "server/discover (server/discover.mdx)",
      line: request("server/discover", { _meta: META }),
      answer: {
        result: {
          resultType: "complete",
          supportedVersions: ["2026-07-28"],
          capabilities: { tools: {} },
          instructions: "Demo tools that only pretend.",
          ...CACHE,
          ...SERVER,
        },
      },
    },
    {
      name: "tools/call",
      line: call("build_and_push_image_to_ecr", { repository: "web" }),
      answer: said("Pretended to push web:latest", false),
    },
    {
      name: "a missing argument is the tool's answer",
      line: call("build_and_push_image_to_ecr", {}),
      answer: said("Missing argument: repository", true),
    },
    {
      name: "an argument of another type",
      line: call("create_payment", { amount: 1.5, currency: "eur", recipient: "x" }),
      answer: said("Argument amount must be of type integer", true),
    },
    {
      name: "a value outside the enumeration",
      line: call("create_payment", { amount: 1, currency: "gbp", recipient: "x" }),
      answer: said("Argument currency must be one of eur, usd", true),
    },
    {
      name: "a value below the minimum",
      line: call("create_payment", { amount: 0, currency: "eur", recipient: "x" }),
      answer: said("Argument amount must be at least 1", true),
    },
    {
      name: "an unknown argument",
      line: call("list_repositories", { x: 1 }),
      answer: said("Unknown argument: x", true),
    },
    { name: "an unknown tool", line: call("nope", {}), answer: fault(-32602, "Unknown tool: nope") },
    {
      name: "arguments that are no object",
      line: call("get_file", 1),
      answer: fault(-32602, "Invalid arguments"),
    },
    {
      name: "an unknown method",
      line: request("ping", { _meta: META }),
      answer: fault(-32601, "Method not found"),
    },
    {
      name: "an invalid cursor",
      line: request("tools/list", { cursor: "x", _meta: META }),
      answer: fault(-32602, "Invalid cursor"),
    },
    { name: "no _meta", line: request("tools/list", {}), answer: fault(-32602, "Missing _meta") },
    {
      name: "no version",
      line: request("tools/list", { _meta: {} }),
      answer: fault(-32602, "Missing _meta io.modelcontextprotocol/protocolVersion"),
    },
    {
      name: "no capabilities",
      line: request("tools/list", { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } }),
      answer: fault(-32602, "Missing _meta io.modelcontextprotocol/clientCapabilities"),
    },
    {
      name: "a version that is not spoken (basic/versioning.mdx)",
      line: request("tools/list", {
        _meta: { ...META, "io.modelcontextprotocol/protocolVersion": "1900-01-01" },
      }),
      answer: fault(-32022, "Unsupported protocol version", {
        supported: ["2026-07-28"],
        requested: "1900-01-01",
      }),
    },
  ])("$name", async ({ line, answer }) => {
    expect(await ask(line)).toEqual([{ jsonrpc: "2.0", id: 1, ...answer }]);
  });

  test("lines that are no request", async () => {
    const notification = JSON.stringify({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: 1 },
    });
    const answers = await ask(
      "{",
      '{"id":1}',
      '{"jsonrpc":"2.0","id":null,"method":"tools/list"}',
      notification,
    );
    const invalid = { jsonrpc: "2.0", ...fault(-32600, "Invalid request") };
    expect(answers).toEqual([{ jsonrpc: "2.0", ...fault(-32700, "Parse error") }, invalid, invalid]);
  });

  test("a request that names its revision stands alone, also after an initialize", async () => {
    const answers = await ask(INITIALIZE, request("tools/list", { _meta: META }));
    expect(answers[1]).toMatchObject({ result: { resultType: "complete", ...CACHE } });
  });

  test("every tool that the policy names is listed", async () => {
    const [answer] = await ask(request("tools/list", { _meta: META }));
    const { tools, ...rest } = Object(answer).result;
    expect(rest).toEqual({ resultType: "complete", ...CACHE, ...SERVER });
    const names = tools.map((tool: { name: string }) => tool.name);
    const named = [...Object.keys(DEMO_POLICY.tools ?? {}), ...(DEMO_POLICY.hide ?? [])];
    expect([...named].sort()).toEqual([...names].sort());
  });
});

describe("the demo server speaks MCP up to 2025-11-25 over stdio", () => {
  test.each([
    { requested: "2024-11-05", settled: "2024-11-05" },
    { requested: "2025-03-26", settled: "2025-03-26" },
    { requested: "2025-06-18", settled: "2025-06-18" },
    { requested: "2025-11-25", settled: "2025-11-25" },
    { requested: "2026-07-28", settled: "2025-11-25" },
    { requested: "1900-01-01", settled: "2025-11-25" },
  ])("initialize: $requested is answered with $settled", async ({ requested, settled }) => {
    expect(await ask(request("initialize", { protocolVersion: requested }))).toEqual([
      {
        jsonrpc: "2.0",
        id: 1,
        result: {
          protocolVersion: settled,
          capabilities: { tools: {} },
          serverInfo: { name: "portcullis-demo", version: "1.0.0" },
          instructions: "Demo tools that only pretend.",
        },
      },
    ]);
  });

  test.each([
    { name: "ping", line: request("ping", {}), answer: { result: {} } },
    {
      name: "tools/call has no resultType",
      line: legacyCall("build_and_push_image_to_ecr", { repository: "web" }),
      answer: legacySaid("Pretended to push web:latest", false),
    },
    {
      name: "a progress token makes no request modern",
      line: request("tools/call", { name: "list_repositories", _meta: { progressToken: 7 } }),
      answer: legacySaid("portcullis-demo\nportcullis-docs", false),
    },
    {
      name: "a missing argument is the tool's answer",
      line: legacyCall("get_file", {}),
      answer: legacySaid("Missing argument: path", true),
    },
    { name: "an unknown tool", line: legacyCall("nope", {}), answer: fault(-32602, "Unknown tool: nope") },
    {
      name: "an unknown method",
      line: request("server/discover", {}),
      answer: fault(-32601, "Method not found"),
    },
    {
      name: "initialize without a revision",
      line: request("initialize", {}),
      answer: fault(-32602, "Missing protocolVersion"),
    },
  ])("$name", async ({ line, answer }) => {
    expect((await ask(INITIALIZE, line))[1]).toEqual({ jsonrpc: "2.0", id: 1, ...answer });
  });

  test("ping may come before initialize, nothing else", async () => {
    expect(await ask(request("ping", {}), request("tools/list", {}))).toEqual([
      { jsonrpc: "2.0", id: 1, result: {} },
      { jsonrpc: "2.0", id: 1, ...fault(-32602, "Missing _meta") },
    ]);
  });

  test("the tools are those of the other era, byte for byte", async () => {
    const list = request("tools/list", {});
    const [, legacy] = await ask(INITIALIZE, list);
    const [modern] = await ask(request("tools/list", { _meta: META }));
    const { tools, ...rest } = Object(legacy).result;
    expect(rest).toEqual({});
    expect(JSON.stringify(tools)).toBe(JSON.stringify(Object(modern).result.tools));
  });
});

function request(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
}

function call(name: string, args: unknown): string {
  return request("tools/call", { name, arguments: args, _meta: META });
}

function legacyCall(name: string, args: object): string {
  return request("tools/call", { name, arguments: args });
}

function legacySaid(text: string, isError: boolean): object {
  return { result: { content: [{ type: "text", text }], isError } };
}

function said(text: string, isError: boolean): object {
  return { result: { resultType: "complete", content: [{ type: "text", text }], isError, ...SERVER } };
}

function fault(code: number, message: string, data?: object): object {
  return { error: data === undefined ? { code, message } : { code, message, data } };
}

async function ask(...lines: readonly string[]): Promise<unknown[]> {
  const [program = "", ...args] = demoCommand();
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  child.stdin.end(`${lines.join("\n")}\n`);
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
