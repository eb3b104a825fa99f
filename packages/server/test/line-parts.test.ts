import { PassThrough } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { JsonLinesAudit } from "../src/audit/json-lines-audit.ts";
import { MemoryCounters } from "../src/counters/memory-counters.ts";
import { assembleLine, SYSTEM_CLOCK } from "../src/line-parts.ts";
import { addServer } from "../src/storage/server-rows.ts";
import { KEYS, NOW_MS, openTestState, taken } from "./storage/fixtures.ts";
import { Cleanup } from "./upstream/harness.ts";
import { serveMcp } from "./upstream/mcp-fixture.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

test("the sweep takes a list that changed while it was taken", async () => {
  const again = Promise.withResolvers<void>();
  let asked = 0;
  const { url } = await serveMcp(cleanup, {
    "server/discover": { result: { resultType: "complete", supportedVersions: ["2026-07-28"] } },
    "tools/list": () => {
      asked += 1;
      if (asked === 2) again.resolve();
      return { result: { resultType: "complete", tools: [] } };
    },
  });
  const state = openTestState();
  const target = { kind: "http", url, headers: [] } as const;
  const registered = { name: "s", target, era: "modern", deadlineMs: 5_000, onChange: "block" } as const;
  const { id } = taken(addServer(state, KEYS.credentialKey, registered, NOW_MS));
  const {
    line,
    snapshot,
    [Symbol.asyncDispose]: close,
  } = assembleLine({
    state,
    keys: KEYS,
    audit: new JsonLinesAudit(new PassThrough().resume()),
    counters: new MemoryCounters(SYSTEM_CLOCK),
    observer: { refused: () => {}, answered: () => {}, warn: () => {} },
    config: { maxBodyBytes: 1_000, allowedHosts: new Set(), allowedOrigins: new Set() },
    clock: SYSTEM_CLOCK,
  });
  cleanup.add(async () => {
    await close();
    state.db.close();
  });
  const server = snapshot.server(id);
  if (server === undefined) throw new Error("no server");
  const first = line.ports.tools.refresh(server);
  line.ports.tools.noteListChanged(server);
  await first;
  await again.promise;
  expect(asked).toBe(2);
});
