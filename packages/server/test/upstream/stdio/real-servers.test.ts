import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isJsonObject, type JsonObject } from "@portcullis/policy";
import { afterEach, describe, expect, it } from "vitest";
import type { Server } from "../../../src/call/records.ts";
import {
  CLIENT_CAPABILITIES_META,
  CLIENT_INFO_META,
  MODERN_VERSION,
  PROTOCOL_VERSION_META,
} from "../../../src/mcp/revisions.ts";
import { CHANNEL_SESSION } from "../../../src/upstream/channel/wire.ts";
import type { StdioOptions } from "../../../src/upstream/stdio/options.ts";
import { Cleanup } from "../harness.ts";
import { Client, eventsOf, openStdio, resultOf, stdioServer } from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** Starting a real server takes a second or two on a busy machine. */
const TIMEOUT_MS = 60_000;
const everything = () => npmServer("@modelcontextprotocol/server-everything");
const clientInfo = { name: "portcullis-test", version: "1" };

function npmServer(name: string, ...args: readonly string[]): Server {
  const script = fileURLToPath(new URL(`../../../../../node_modules/${name}/dist/index.js`, import.meta.url));
  return stdioServer([process.execPath, script, ...args]);
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "stdio-upstream-"));
  cleanup.add(async () => rmSync(folder, { recursive: true }));
  return folder;
}

async function legacy(
  server: Server,
  options: StdioOptions = {},
  capabilities: JsonObject = {},
): Promise<Client> {
  const client = new Client(openStdio(cleanup, options), server, { deadlineMs: 30_000 });
  const params = { protocolVersion: "2025-11-25", capabilities, clientInfo };
  expect(await client.ask("i", "initialize", params).done).toMatchObject([
    { answer: 200, session: CHANNEL_SESSION },
  ]);
  expect(await client.notify("notifications/initialized").done).toEqual([{ answer: 202, body: "" }]);
  return client;
}

async function namesOf(client: Client): Promise<unknown[]> {
  const told = await client.ask("l", "tools/list").done;
  const last = eventsOf(told).at(-1);
  const result = last === undefined ? resultOf(told) : last["result"];
  const tools = isJsonObject(result) ? result["tools"] : undefined;
  return Array.isArray(tools) ? tools.map((tool) => tool.name) : [];
}

describe("server-everything", { timeout: TIMEOUT_MS }, () => {
  it("lists, calls and reports progress under the client's token", async () => {
    const client = await legacy(everything());
    expect(await namesOf(client)).toContain("echo");
    const echo = { name: "echo", arguments: { message: "a\u2028b\nc" } };
    expect(resultOf(await client.ask("e", "tools/call", echo).done)).toEqual({
      content: [{ type: "text", text: "Echo: a\u2028b\nc" }],
    });
    const name = "trigger-long-running-operation";
    const long = { name, arguments: { duration: 0.2, steps: 2 }, _meta: { progressToken: "mine" } };
    const events = eventsOf(await client.ask("p", "tools/call", long).done);
    expect(events.slice(0, -1).map(({ params }) => params)).toMatchObject([
      { progressToken: "mine", progress: 1 },
      { progressToken: "mine", progress: 2 },
    ]);
    expect(events.at(-1)).toMatchObject({ id: "p", result: { content: [{ type: "text" }] } });
  });

  it("asks its client for sampling and gets the answer", async () => {
    const client = await legacy(everything(), {}, { sampling: {} });
    const stream = client.verb("GET");
    const args = { prompt: "hello", maxTokens: 5 };
    const call = client.ask("s", "tools/call", { name: "trigger-sampling-request", arguments: args });
    await stream.until((told) => "event" in told && told.event.includes("sampling/createMessage"));
    const question = eventsOf(stream.told).find(({ method }) => method === "sampling/createMessage");
    const id = question?.["id"];
    if (typeof id !== "string") throw new Error("the question has an id of ours");
    const result = { role: "assistant", model: "none", content: { type: "text", text: "the answer" } };
    client.send({ jsonrpc: "2.0", id, result });
    expect(JSON.stringify(resultOf(await call.done))).toContain("the answer");
  });
});

describe("server-memory", { timeout: TIMEOUT_MS }, () => {
  it("keeps what it is told where its own variable says", async () => {
    const file = join(temporaryFolder(), "memory.jsonl");
    const serverEnv = () => ({ MEMORY_FILE_PATH: file });
    const client = await legacy(npmServer("@modelcontextprotocol/server-memory"), { serverEnv });
    const entities = [{ name: "gate", entityType: "thing", observations: ["it is shut"] }];
    await client.ask("c", "tools/call", { name: "create_entities", arguments: { entities } }).done;
    const graph = await client.ask("r", "tools/call", { name: "read_graph", arguments: {} }).done;
    expect(JSON.stringify(resultOf(graph))).toContain("it is shut");
  });
});

describe("server-filesystem", { timeout: TIMEOUT_MS }, () => {
  it("reads a file of the folder in its arguments", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "note.txt"), "written here");
    const client = await legacy(npmServer("@modelcontextprotocol/server-filesystem", folder));
    const read = { name: "read_text_file", arguments: { path: join(folder, "note.txt") } };
    expect(resultOf(await client.ask("r", "tools/call", read).done)).toMatchObject({
      content: [{ type: "text", text: "written here" }],
    });
  });
});

describe("context7-mcp", { timeout: TIMEOUT_MS }, () => {
  it("answers `server/discover` and lists without any `initialize` (2026-07-28)", async () => {
    const server = npmServer("@upstash/context7-mcp");
    const client = new Client(openStdio(cleanup), server, { era: "modern", deadlineMs: 30_000 });
    const _meta = {
      [PROTOCOL_VERSION_META]: MODERN_VERSION,
      [CLIENT_INFO_META]: clientInfo,
      [CLIENT_CAPABILITIES_META]: {},
    };
    const discovered = resultOf(await client.ask("d", "server/discover", { _meta }).done);
    expect(discovered).toMatchObject({ supportedVersions: expect.arrayContaining([MODERN_VERSION]) });
    const listed = resultOf(await client.ask("l", "tools/list", { _meta }).done);
    expect(listed).toMatchObject({ resultType: "complete", tools: [{}, {}] });
  });
});
