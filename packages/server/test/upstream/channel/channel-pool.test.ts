import { expect, test } from "vitest";
import type { UpstreamFailure, UpstreamRequest } from "../../../src/call/ports.ts";
import { ChannelPool } from "../../../src/upstream/channel/channel-pool.ts";
import { serverAt } from "../harness.ts";

test("a wire that cannot be opened is a failed exchange, whatever went wrong", async () => {
  const warned: unknown[] = [];
  const pool = new ChannelPool({
    openWire: () => {
      throw new RangeError("the folder is gone");
    },
    idleMs: 1_000,
    maxPerServer: 1,
    now: () => 0,
    warn: (event, fields) => warned.push([event, fields]),
    events: { stray: "stray", crashed: "crashed" },
  });
  const message = { kind: "request", id: 1, method: "tools/list", params: {} } as const;
  const request: UpstreamRequest = {
    server: serverAt("https://mcp.example.com/"),
    verb: "POST",
    body: Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/list"}'),
    message,
    era: "modern",
    headers: [],
    channel: "c",
    grant: undefined,
    upstreamSession: undefined,
    deadlineMs: 1_000,
  };
  const { promise, resolve } = Promise.withResolvers<UpstreamFailure>();
  const unasked = () => {
    throw new Error("nothing was opened");
  };
  pool.open(request, {
    onAnswer: unasked,
    onStream: unasked,
    onEvent: unasked,
    onEnd: unasked,
    onFail: resolve,
  });
  expect(await promise).toEqual({ kind: "unreachable", sent: false });
  expect(warned).toEqual([["line_fault", { server: "notes", fault: "RangeError" }]]);
});
