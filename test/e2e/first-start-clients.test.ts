import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectSdk1, connectSdk2, type Endpoint } from "./sdk-clients.ts";
import { type Served, startServed } from "./served.ts";

let served: Served;
let demo: Endpoint;

beforeAll(async () => {
  served = await startServed([], /\nfor i in [^\n]*\n/);
  const snippet = /For a client's mcp\.json:\n(\{[\s\S]*?\n\})\n/.exec(served.printed())?.[1] ?? "";
  demo = (JSON.parse(snippet) as { mcpServers: { demo: Endpoint } }).mcpServers.demo;
});
afterAll(() => served[Symbol.asyncDispose]());

/** Visible of the demo server: all but the hidden `read_environment`. */
const LISTED = [
  "list_repositories",
  "get_file",
  "create_issue",
  "build_and_push_image_to_ecr",
  "delete_repository",
  "create_payment",
];

interface Caller {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

describe("the mcp.json that the first start prints", () => {
  test.each<{ client: string; connect: () => Promise<Caller> }>([
    { client: "SDK 1.x", connect: () => connectSdk1(demo) },
    { client: "SDK 2.x, initialize first", connect: () => connectSdk2(demo, "legacy") },
    { client: "SDK 2.x, server/discover first", connect: () => connectSdk2(demo) },
  ])("serves $client", async ({ connect }) => {
    const client = await connect();
    try {
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(LISTED);
      expect(await client.callTool({ name: "get_file", arguments: { path: "/srv/demo/a" } })).toMatchObject({
        content: [{ type: "text", text: "(the pretended content of /srv/demo/a)" }],
        isError: false,
      });
      expect(await client.callTool({ name: "delete_repository", arguments: { name: "web" } })).toMatchObject({
        content: [{ text: "[POLICY DENIED] Repositories are deleted by people, never by an agent." }],
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
