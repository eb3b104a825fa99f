import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { RunOptions } from "@portcullis/server";
import { expect, test } from "vitest";
import { META, MODERN } from "./modern-client.ts";
import { type Answering, type ScriptedUpstream, startUpstream, TOOL } from "./scripted-upstream.ts";
import { startStdioRun } from "./stdio-run.ts";

const LEGACY = "2025-11-25";
const INITIALIZED = { protocolVersion: LEGACY, capabilities: {}, serverInfo: { name: "s", version: "1" } };
const DISCOVERED = { resultType: "complete", supportedVersions: [MODERN], capabilities: { tools: {} } };

interface Client extends AsyncDisposable {
  send(message: object): void;
  readonly lines: unknown[];
  /** What is on record of tools and notifications: the rows of calls, then their outcomes. */
  readonly rows: readonly { readonly [name: string]: unknown }[];
}

/** A client on stdio before this server. */
function runBefore(target: RunOptions["target"], era: RunOptions["era"]): Client {
  const rows: { readonly [name: string]: unknown }[] = [];
  const intoRows = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      for (const line of chunk.toString().trim().split("\n")) rows.push(JSON.parse(line));
      done();
    },
  });
  const { send, output, end } = startStdioRun({ target, era }, intoRows);
  const lines: unknown[] = [];
  createInterface({ input: output }).on("line", (line) => lines.push(JSON.parse(line)));
  return { send, lines, rows, [Symbol.asyncDispose]: end };
}

/** A server that never answers a call. */
async function silentServer(): Promise<ScriptedUpstream & { readonly calls: Answering[] }> {
  const calls: Answering[] = [];
  const upstream = await startUpstream((answering) => {
    const { message, verb } = answering.received;
    if (message["method"] === "initialize") answering.result(INITIALIZED);
    else if (message["method"] === "server/discover") answering.result(DISCOVERED);
    else if (message["method"] === "tools/list")
      answering.result({ resultType: "complete", tools: [TOOL("run")] });
    else if (message["method"] === "tools/call") calls.push(answering);
    else answering.status(verb === "GET" ? 405 : 202);
  });
  return { ...upstream, calls };
}

const call = (meta: object) => ({
  id: 2,
  method: "tools/call",
  params: { name: "run", arguments: {}, ...meta },
});
const cancel = (meta: object) => ({ method: "notifications/cancelled", params: { requestId: 2, ...meta } });

/** Statuses of the call as the log has them. */
function statusesOf({ rows }: Client): readonly unknown[] {
  const seq = rows.find(({ method }) => method === "tools/call")?.["seq"];
  return rows.filter(({ of }) => seq !== undefined && of === seq).map(({ status }) => status);
}

test("a modern client on stdio cancels: the stream to the server is closed, which is how HTTP cancels", async () => {
  await using upstream = await silentServer();
  await using client = runBefore({ kind: "http", url: upstream.url, headers: [] }, "modern");
  client.send(call({ _meta: META }));
  await expect.poll(() => upstream.calls.length).toBe(1);
  client.send(cancel({ _meta: META }));
  await upstream.calls[0]?.closed;
  await expect.poll(() => statusesOf(client)).toEqual(["cancelled"]);
  // Clients of this revision send no notifications over HTTP.
  const sent = upstream.received.map(({ message }) => message["method"]);
  expect(sent).not.toContain("notifications/cancelled");
  expect(client.lines).toEqual([]);
});

test("a modern client on stdio cancels at a command: the command is told once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-cancel-"));
  const heard = join(folder, "heard");
  try {
    const command = [process.execPath, join(import.meta.dirname, "fixtures/silent.mjs"), heard];
    await using client = runBefore({ kind: "stdio", command }, "modern");
    client.send(call({ _meta: META }));
    const said = () => (existsSync(heard) ? readFileSync(heard, "utf8").trim().split("\n") : []);
    await expect.poll(said).toContain("tools/call");
    client.send(cancel({ _meta: META }));
    await expect.poll(() => statusesOf(client)).toEqual(["cancelled"]);
    client.send({ ...call({ _meta: META }), id: 3 });
    const isOf = (method: string) => (line: string) => line === method;
    await expect.poll(() => said().filter(isOf("tools/call")).length).toBe(2);
    expect(said().filter(isOf("notifications/cancelled")).length).toBe(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a client on stdio cancels where the server has no sessions: the call is over at once", async () => {
  await using upstream = await silentServer();
  await using client = runBefore({ kind: "http", url: upstream.url, headers: [] }, "legacy");
  client.send({
    id: 1,
    method: "initialize",
    params: { ...INITIALIZED, clientInfo: INITIALIZED.serverInfo },
  });
  await expect.poll(() => client.lines.length).toBe(1);
  client.send({ method: "notifications/initialized" });
  client.send(call({}));
  await expect.poll(() => upstream.calls.length).toBe(1);
  client.send(cancel({}));
  await upstream.calls[0]?.closed;
  await expect.poll(() => statusesOf(client)).toEqual(["cancelled"]);
  const sent = () => upstream.received.map(({ message }) => message["method"]);
  await expect.poll(sent).toContain("notifications/cancelled");
});
