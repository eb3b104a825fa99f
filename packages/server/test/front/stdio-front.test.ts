import { once } from "node:events";
import { PassThrough } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { JsonLinesAudit } from "../../src/audit/json-lines-audit.ts";
import type { Access } from "../../src/call/call.ts";
import type { GrantId, OrganisationId } from "../../src/call/records.ts";
import { MemoryCounters } from "../../src/counters/memory-counters.ts";
import { serveStdio } from "../../src/front/stdio-front.ts";
import { assembleLine, SYSTEM_CLOCK } from "../../src/line-parts.ts";
import { addServer } from "../../src/storage/server-rows.ts";
import { KEYS, NOW_MS, openTestState, taken } from "../storage/fixtures.ts";
import { Cleanup } from "../upstream/harness.ts";
import { serveMcp } from "../upstream/mcp-fixture.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const INITIALIZED = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: {} };

/** A client on stdio of a legacy server, for whom the state can be read whenever `isReadable` says so. */
async function openClient(isReadable: () => boolean) {
  const { url } = await serveMcp(cleanup, {
    initialize: { result: INITIALIZED },
    "notifications/initialized": {},
    ping: { result: {} },
  });
  const state = openTestState();
  const target = { kind: "http", url, headers: [] } as const;
  const registered = { name: "s", target, era: "legacy", deadlineMs: 5_000, onChange: "block" } as const;
  const { id } = taken(addServer(state, KEYS.credentialKey, registered, NOW_MS));
  const warned: string[] = [];
  const assembled = assembleLine({
    state,
    keys: KEYS,
    audit: new JsonLinesAudit(new PassThrough().resume()),
    counters: new MemoryCounters(SYSTEM_CLOCK),
    observer: { refused: () => {}, answered: () => {}, warn: (event) => warned.push(event) },
    config: { maxBodyBytes: 1_000, allowedHosts: new Set(), allowedOrigins: new Set() },
    clock: SYSTEM_CLOCK,
  });
  cleanup.add(async () => {
    await assembled[Symbol.asyncDispose]();
    state.db.close();
  });
  const server = assembled.snapshot.server(id);
  if (server === undefined) throw new Error("no server");
  const organisation = state.organisation as OrganisationId;
  const grant = { id: "grt_0000000000000000" as GrantId, organisation, label: "run", access: new Map() };
  const access = (): Access => {
    if (!isReadable()) throw new RangeError("disk I/O error");
    const lasting = { ...grant, expiresAtMs: Number.POSITIVE_INFINITY };
    return { grant: lasting, digest: undefined, server, policy: undefined, mode: "enforce" };
  };
  const [input, output] = [new PassThrough(), new PassThrough()];
  const served = serveStdio(input, output, access, assembled.line);
  const send = (message: object) => input.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const answer = async (): Promise<unknown> => JSON.parse(String((await once(output, "data"))[0]));
  const end = (): Promise<void> => {
    input.end();
    return served;
  };
  return { send, answer, end, warned };
}

describe("while the state cannot be read", () => {
  test("every message is refused, and those after it are answered", async () => {
    let isReadable = false;
    const client = await openClient(() => isReadable);
    client.send({ id: 1, method: "ping" });
    expect(await client.answer()).toMatchObject({ id: 1, error: { code: -32603 } });
    isReadable = true;
    client.send({ id: 2, method: "ping" });
    expect(await client.answer()).toEqual({ jsonrpc: "2.0", id: 2, result: {} });
    await client.end();
    expect(client.warned).toEqual(["line_fault"]);
  });

  test("the server's own stream is not opened, and calls are answered", async () => {
    let looks = 0;
    // The third and the fourth look are for the stream.
    const client = await openClient(() => {
      looks += 1;
      return looks !== 3 && looks !== 4;
    });
    client.send({ id: 1, method: "initialize", params: INITIALIZED });
    await client.answer();
    client.send({ method: "notifications/initialized" });
    client.send({ id: 2, method: "ping" });
    expect(await client.answer()).toEqual({ jsonrpc: "2.0", id: 2, result: {} });
    await client.end();
    expect(client.warned).toEqual(["line_fault", "line_fault"]);
  });

  test("what waits for no answer gets none, and the process lives", async () => {
    const client = await openClient(() => false);
    client.send({ method: "notifications/initialized" });
    client.send({ id: 7, method: "ping" });
    expect(await client.answer()).toMatchObject({ id: 7, error: { code: -32603 } });
    await client.end();
    expect(client.warned).toEqual(["line_fault", "line_fault"]);
  });
});
