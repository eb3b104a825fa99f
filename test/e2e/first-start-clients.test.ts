import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_DENIED, DEMO_LISTED } from "./demo-expectations.ts";
import { type Caller, connectSdk1, connectSdk2, type Endpoint } from "./sdk-clients.ts";
import { type Served, startServed } from "./served.ts";

let served: Served;
let demo: Endpoint;

beforeAll(async () => {
  served = await startServed([], /\nfor i in [^\n]*\n/);
  const snippet = /For a client's mcp\.json:\n(\{[\s\S]*?\n\})\n/.exec(served.printed())?.[1] ?? "";
  demo = (JSON.parse(snippet) as { mcpServers: { demo: Endpoint } }).mcpServers.demo;
});
afterAll(() => served[Symbol.asyncDispose]());

describe("the mcp.json that the first start prints", () => {
  test.each<{ client: string; connect: () => Promise<Caller> }>([
    { client: "SDK 1.x", connect: () => connectSdk1(demo) },
    { client: "SDK 2.x, initialize first", connect: () => connectSdk2(demo, "legacy") },
    { client: "SDK 2.x, server/discover first", connect: () => connectSdk2(demo) },
  ])("serves $client", async ({ connect }) => {
    const client = await connect();
    try {
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(DEMO_LISTED);
      expect(await client.callTool({ name: "get_file", arguments: { path: "/srv/demo/a" } })).toMatchObject({
        content: [{ type: "text", text: "(the pretended content of /srv/demo/a)" }],
        isError: false,
      });
      expect(await client.callTool({ name: "delete_repository", arguments: { name: "web" } })).toMatchObject({
        content: [{ text: DEMO_DENIED }],
        isError: true,
      });
      await expect(client.callTool({ name: "read_environment", arguments: {} })).rejects.toThrow(
        "Unknown tool: read_environment",
      );
    } finally {
      await client.close();
    }
  });
});
