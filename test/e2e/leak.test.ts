import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Registered, type Rig, startRig } from "./harness.ts";
import { LEGACY, openSession, request, sendLegacy } from "./legacy-client.ts";
import { type ScriptedUpstream, startUpstream, TOOL } from "./scripted-upstream.ts";

const SESSIONS = 500;
/** At a time; the first round opens as many kept-alive connections as the rest will use. */
const LANES = 10;
const MIB = 1024 * 1024;
/** What a session leaves behind may not take 10 KiB. */
const MAX_HEAP_GROWTH = 5 * MIB;
/** Kept-alive connections may come and go by a few; one left behind for each session would be hundreds. */
const MAX_MORE_FILES = 5 * LANES;

let rig: Rig;
let upstream: ScriptedUpstream;
let registered: Registered;

beforeEach(async () => {
  rig = await startRig();
  let sessions = 0;
  upstream = await startUpstream(({ received, result, status, stream }) => {
    const { verb, message } = received;
    if (message["method"] === "initialize") {
      sessions += 1;
      const serverInfo = { name: "s", version: "1" };
      const answer = { protocolVersion: LEGACY, capabilities: {}, serverInfo };
      result(answer, { "mcp-session-id": `upstream-${sessions}` });
    } else if (message["method"] === "tools/list") result({ tools: [TOOL("run")] });
    else if (verb === "GET") stream().send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
    else if (verb === "DELETE") status(200);
    else if (message["id"] === undefined) status(202);
    else result({ content: [{ type: "text", text: "x".repeat(1_000) }] });
  });
  const target = { kind: "http", url: upstream.url, headers: [] } as const;
  registered = rig.add("legacy", target, { version: "1", default: "allow" }, { era: "legacy" });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** One client's life: its GET stream is open during the call, and broken off by the client. */
async function live(): Promise<void> {
  const session = await openSession(registered);
  const stream = (await sendLegacy(registered, undefined, { session })).body?.getReader();
  await stream?.read();
  const call = request("tools/call", { name: "run", arguments: {} });
  const answer = await sendLegacy(registered, call, { session });
  expect(answer.status).toBe(200);
  await answer.text();
  await stream?.cancel();
  const ended = await sendLegacy(registered, undefined, { session, verb: "DELETE" });
  expect(ended.status).toBe(200);
}

async function liveMany(count: number): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await live();
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** The gauges of what is open. */
async function gauges(): Promise<Record<string, number>> {
  const text = await (await fetch(`${rig.gateway.adminUrl}/metrics`)).text();
  const lines = text.matchAll(/^(portcullis_sessions|portcullis_open_calls) (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
}

const NONE = { portcullis_sessions: 0, portcullis_open_calls: 0 };

async function measure(): Promise<{ files: number; heap: number }> {
  await expect.poll(gauges).toEqual(NONE);
  // The script's own memory is not the gateway's.
  upstream.received.length = 0;
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc !== "function") throw new Error("the collector cannot be called");
  gc();
  return { files: readdirSync("/proc/self/fd").length, heap: process.memoryUsage().heapUsed };
}

test(`${SESSIONS} sessions leave no file, no memory, no session and no call behind`, async () => {
  await liveMany(10 * LANES);
  const before = await measure();
  await liveMany(SESSIONS);
  const after = await measure();
  expect(after.files - before.files).toBeLessThanOrEqual(MAX_MORE_FILES);
  expect(after.heap - before.heap).toBeLessThanOrEqual(MAX_HEAP_GROWTH);
  expect(rig.verify()).toMatchObject({ ok: true });
});

test("a connection that asks nothing does not hold up the gateway's end (faults F3)", async () => {
  const { hostname, port } = new URL(rig.gateway.url);
  const silent = connect(Number(port), hostname);
  await once(silent, "connect");
  await live();
  const sinceMs = performance.now();
  await Promise.all([rig.gateway.close(), once(silent, "close")]);
  expect(performance.now() - sinceMs).toBeLessThan(5_000);
});
