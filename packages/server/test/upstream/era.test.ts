import { afterEach, describe, expect, test } from "vitest";
import type { Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../../src/call/ports.ts";
import type { Era, Server } from "../../src/call/records.ts";
import { UpstreamDirectory } from "../../src/upstream/upstreams.ts";
import { Cleanup, openUpstreams, serverAt } from "./harness.ts";
import { type Script, serveMcp } from "./mcp-fixture.ts";
import { stdioServer } from "./stdio/harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const INITIALIZED = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  serverInfo: { name: "x", version: "1" },
};
/** What policy can let servers ask of clients. */
const CAPABILITIES = {
  roots: { listChanged: true },
  sampling: { context: {}, tools: {} },
  elicitation: { form: {}, url: {} },
};
const NO_STDIO = {
  open: (): Exchange => {
    throw new Error("no process here");
  },
  closeChannel: () => {},
};

function directory(monotonicMs?: () => number): UpstreamDirectory {
  return new UpstreamDirectory(openUpstreams(cleanup), NO_STDIO, monotonicMs);
}

describe("over HTTP (2026-07-28 streamable-http Backward Compatibility)", () => {
  const unsupported = (supported: readonly string[]) => ({
    code: -32022,
    message: "no",
    data: { supported },
  });
  const legacy = { initialize: { result: INITIALIZED, session: "s-1" } };
  const rows: readonly { readonly name: string; readonly script: Script; readonly era: Era }[] = [
    {
      name: "DiscoverResult",
      script: { "server/discover": { result: found(["2026-07-28"]) } },
      era: "modern",
    },
    {
      name: "DiscoverResult on a stream",
      script: { "server/discover": { result: found(["2026-07-28"]), stream: true } },
      era: "modern",
    },
    {
      name: "a server of both eras",
      script: { "server/discover": { result: found(["2026-07-28", "2025-11-25"]) }, ...legacy },
      era: "modern",
    },
    {
      name: "-32022 with modern versions",
      script: { "server/discover": { status: 400, error: unsupported(["2027-01-01"]) } },
      era: "modern",
    },
    {
      name: "-32022 with legacy versions",
      script: { "server/discover": { status: 400, error: unsupported(["2025-11-25"]) }, ...legacy },
      era: "legacy",
    },
    {
      name: "-32021",
      script: { "server/discover": { status: 400, error: { code: -32021, message: "no" } } },
      era: "modern",
    },
    {
      name: "-32020",
      script: { "server/discover": { status: 400, error: { code: -32020, message: "no" } } },
      era: "modern",
    },
    { name: "400 without a JSON-RPC error", script: legacy, era: "legacy" },
    {
      name: "-32601 with 200",
      script: { "server/discover": { error: { code: -32601, message: "no" } }, ...legacy },
      era: "legacy",
    },
    {
      name: "-32000 with 400",
      script: { "server/discover": { status: 400, error: { code: -32000, message: "no" } }, ...legacy },
      era: "legacy",
    },
    {
      name: "text with 200",
      script: { "server/discover": { text: "hello" }, ...legacy },
      era: "legacy",
    },
    { name: "silence", script: { "server/discover": { silent: true }, ...legacy }, era: "legacy" },
  ];

  test.each(rows)("$name is $era", async ({ script, era }) => {
    const { url } = await serveMcp(cleanup, script);
    const server = serverAt(url, { deadlineMs: 300 });
    const upstreams = directory();
    expect(upstreams.knownEra(server)).toBe(undefined);
    expect(await upstreams.detectEra(server)).toEqual({ ok: true, value: era });
    expect(upstreams.knownEra(server)).toBe(era);
  });

  test("the probe is a whole modern request, and the session of the second one is closed", async () => {
    const { url, seen } = await serveMcp(cleanup, legacy);
    await directory().detectEra(serverAt(url));
    await expect.poll(() => seen.length).toBe(3);
    expect(seen).toEqual([
      {
        verb: "POST",
        method: "server/discover",
        headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "server/discover" },
        params: {
          _meta: {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { name: "portcullis", version: "0.1.0" },
            "io.modelcontextprotocol/clientCapabilities": {
              ...CAPABILITIES,
              extensions: { "io.modelcontextprotocol/tasks": {} },
            },
          },
        },
      },
      {
        verb: "POST",
        method: "initialize",
        headers: {},
        params: {
          protocolVersion: "2025-11-25",
          capabilities: {
            ...CAPABILITIES,
            tasks: {
              list: {},
              cancel: {},
              requests: { sampling: { createMessage: {} }, elicitation: { create: {} } },
            },
          },
          clientInfo: { name: "portcullis", version: "0.1.0" },
        },
      },
      { verb: "DELETE", method: undefined, headers: { "mcp-session-id": "s-1" }, params: undefined },
    ]);
  });

  test.each([401, 403, 429, 500, 503])("%i is no evidence", async (status) => {
    const refusal = { status, error: { code: -32022, message: "no" } };
    const { url } = await serveMcp(cleanup, {
      "server/discover": refusal,
      initialize: { result: INITIALIZED },
    });
    const upstreams = directory();
    const failure = { kind: "garbage", sent: true, httpStatus: status };
    expect(await upstreams.detectEra(serverAt(url))).toEqual({ ok: false, error: failure });
    expect(upstreams.knownEra(serverAt(url))).toBe(undefined);
  });

  test("nobody there is a failure", async () => {
    const failure = { kind: "unreachable", sent: false };
    expect(await directory().detectEra(serverAt("http://127.0.0.1:1/"))).toEqual({
      ok: false,
      error: failure,
    });
  });
});

describe("what is remembered", () => {
  const modern: Script = { "server/discover": { result: found(["2026-07-28"]) } };

  test("an override asks nobody", async () => {
    const server = serverAt("http://127.0.0.1:1/", { era: "legacy" });
    expect(directory().knownEra(server)).toBe("legacy");
    expect(await directory().detectEra(server)).toEqual({ ok: true, value: "legacy" });
  });

  test("one probe at a time, ten minutes long, for one place", async () => {
    const { url, seen } = await serveMcp(cleanup, modern);
    let nowMs = 0;
    const upstreams = directory(() => nowMs);
    const server = serverAt(url);
    await Promise.all([1, 2, 3].map(() => upstreams.detectEra(server)));
    expect(seen.length).toBe(1);
    nowMs = 10 * 60_000 - 1;
    const moved = serverAt(`${url}/other`);
    expect([upstreams.knownEra({ ...server }), upstreams.knownEra(moved)]).toEqual(["modern", undefined]);
    nowMs += 1;
    expect(upstreams.knownEra(server)).toBe(undefined);
  });

  test("a failure makes it doubtful, half a minute after the last probe at the earliest", async () => {
    const { url } = await serveMcp(cleanup, modern);
    let nowMs = 0;
    const upstreams = directory(() => nowMs);
    const server = serverAt(url);
    await upstreams.detectEra(server);
    nowMs = 30_000;
    upstreams.noteFailure(server, { kind: "deadline", sent: true });
    expect(upstreams.knownEra(server)).toBe("modern");
    upstreams.noteFailure(server, { kind: "unreachable", sent: false });
    expect(upstreams.knownEra(server)).toBe(undefined);
    nowMs = 29_999;
    expect(upstreams.knownEra(server)).toBe("modern");
  });
});

describe("over stdio (2026-07-28 stdio Backward Compatibility)", () => {
  const server: Server = stdioServer(["server"]);

  /** A process that answers every request with `answer`, or fails. */
  function processes(answer: { readonly result?: unknown; readonly error?: unknown } | UpstreamFailure) {
    const opened: UpstreamRequest[] = [];
    const closed: string[] = [];
    const open = (request: UpstreamRequest, sink: UpstreamSink): Exchange => {
      opened.push(request);
      const id = request.message?.kind === "request" ? request.message.id : undefined;
      queueMicrotask(() => {
        if ("kind" in answer) sink.onFail(answer);
        else sink.onAnswer(200, Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, ...answer })), undefined);
      });
      return { cancel: () => {}, pause: () => {}, resume: () => {} };
    };
    return { opened, closed, open, closeChannel: (_: Server, channel: string) => closed.push(channel) };
  }

  test.each([
    ["DiscoverResult", { result: found(["2026-07-28"]) }, { ok: true, value: "modern" }],
    ["-32022", { error: { code: -32022 } }, { ok: true, value: "modern" }],
    ["-32601", { error: { code: -32601 } }, { ok: true, value: "legacy" }],
    ["silence", { kind: "deadline", sent: true }, { ok: true, value: "legacy" }],
    ["death", { kind: "exited", sent: true }, { ok: true, value: "legacy" }],
    [
      "no such program",
      { kind: "unreachable", sent: false },
      { ok: false, error: { kind: "unreachable", sent: false } },
    ],
  ] as const)("%s", async (_, answer, result) => {
    const stdio = processes(answer);
    const upstreams = new UpstreamDirectory(openUpstreams(cleanup), stdio);
    expect(await upstreams.detectEra(server)).toEqual(result);
    const [probe] = stdio.opened;
    expect({ count: stdio.opened.length, deadlineMs: probe?.deadlineMs, closed: stdio.closed }).toEqual({
      count: 1,
      deadlineMs: 5_000,
      closed: [probe?.channel],
    });
    expect(probe?.channel).toMatch(/^probe-/);
  });

  test("a session that nobody uses ends its process", () => {
    const stdio = processes({});
    new UpstreamDirectory(openUpstreams(cleanup), stdio).closeSession(server, "session-1", "stdio");
    expect(stdio.closed).toEqual(["session-1"]);
  });
});

function found(supportedVersions: string[]) {
  return { resultType: "complete", supportedVersions, capabilities: { tools: {} } };
}
