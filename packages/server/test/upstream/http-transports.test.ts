import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { Exchange } from "../../src/call/ports.ts";
import type { HttpTransport, Server } from "../../src/call/records.ts";
import { HttpTransports } from "../../src/upstream/http-transports.ts";
import { listTools } from "../../src/upstream/inspect.ts";
import { SseUpstreams } from "../../src/upstream/sse/sse-upstreams.ts";
import { UpstreamDirectory } from "../../src/upstream/upstreams.ts";
import { Cleanup, openUpstreams, serverAt } from "./harness.ts";
import { serveMcp } from "./mcp-fixture.ts";
import { answerAll, type SseServer, serveSse } from "./sse/harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const NO_STDIO = {
  open: (): Exchange => {
    throw new Error("no process here");
  },
  closeChannel: () => {},
};
const INITIALIZED = {
  protocolVersion: "2024-11-05",
  capabilities: {},
  serverInfo: { name: "x", version: "1" },
};

interface Opened {
  readonly upstreams: UpstreamDirectory;
  readonly transports: HttpTransports;
  readonly sse: SseUpstreams;
}

function open(monotonicMs: () => number = () => 0): Opened {
  const http = openUpstreams(cleanup);
  const sse = new SseUpstreams({ http });
  cleanup.add(() => sse[Symbol.asyncDispose]());
  const transports = new HttpTransports(http, sse, monotonicMs);
  return { upstreams: new UpstreamDirectory(transports, NO_STDIO, monotonicMs), transports, sse };
}

function at(url: string, transport?: HttpTransport, more: Partial<Server> = {}): Server {
  return serverAt(url, { target: { kind: "http", url, credential: undefined, transport }, ...more });
}

interface Counted extends SseServer {
  /** What was posted to the URL itself, and how often the stream was asked for. */
  readonly asked: { posts: number; gets: number };
}

/** A server of HTTP+SSE with one tool, which answers a POST to its own URL with `refuse`. */
async function serveOld(refuse: (response: ServerResponse) => void): Promise<Counted> {
  const asked = { posts: 0, gets: 0 };
  const server = await serveSse(cleanup, {
    onGet: () => {
      asked.gets += 1;
      return false;
    },
    onPost: ({ path }, response) => {
      if (path !== "/sse") return false;
      asked.posts += 1;
      refuse(response);
      return true;
    },
    onMessage: (message, stream) => {
      const { id, method } = message;
      if (method === "initialize") stream.send({ jsonrpc: "2.0", id, result: INITIALIZED });
      else if (method === "tools/list")
        stream.send({ jsonrpc: "2.0", id, result: { tools: [{ name: "old" }] } });
      else answerAll(message, stream);
    },
  });
  return { ...server, asked };
}

const withStatus = (status: number) => (response: ServerResponse) =>
  void response.writeHead(status).end("no");

describe("which transport a server speaks (2025-11-25 transports, Backwards Compatibility)", () => {
  test.each([400, 404, 405])(
    "POST is answered %i, GET opens a stream with an endpoint: HTTP+SSE",
    async (status) => {
      const server = await serveOld(withStatus(status));
      const { upstreams } = open();
      const target = at(server.url);
      expect(await upstreams.detectEra(target)).toEqual({ ok: true, value: "legacy" });
      await server.streams[0]?.closed;
      expect(server.asked).toEqual({ posts: 2, gets: 1 });
      const listed = await listTools(upstreams, target, "legacy");
      expect(listed.ok && listed.value.tools).toEqual([{ name: "old" }]);
      await server.streams[1]?.closed;
      // Known by now: nothing more is posted to the URL itself.
      expect(server.asked).toEqual({ posts: 2, gets: 2 });
    },
  );

  test.each([401, 403, 429, 500])(
    "%i says nothing of the transport: no stream is asked for",
    async (status) => {
      const server = await serveOld(withStatus(status));
      const listed = await listTools(open().upstreams, at(server.url), "legacy");
      expect(listed.ok ? "ok" : listed.error).toEqual({ kind: "garbage", sent: true, httpStatus: status });
      expect(server.asked).toEqual({ posts: 1, gets: 0 });
    },
  );

  test.each([-32020, -32021, -32022])("a modern server's %i is no sign of the old one", async (code) => {
    const server = await serveOld((response) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message: "no" } }));
    });
    expect((await listTools(open().upstreams, at(server.url), "legacy")).ok).toBe(false);
    expect(server.asked).toEqual({ posts: 1, gets: 0 });
  });

  test("where there is no stream either, the first answer stands", async () => {
    const { url } = await serveMcp(cleanup, { initialize: { status: 400, text: "no" } });
    expect(await listTools(open().upstreams, at(url), "legacy")).toEqual({
      ok: false,
      error: { kind: "garbage", sent: true, httpStatus: 400 },
    });
  });

  test("a server that answers the POST is never asked for a stream", async () => {
    const { url, seen } = await serveMcp(cleanup, {
      initialize: { result: INITIALIZED, session: "s-1" },
      "notifications/initialized": {},
      "tools/list": { result: { tools: [] } },
    });
    expect((await listTools(open().upstreams, at(url), "legacy")).ok).toBe(true);
    expect(seen.map(({ verb }) => verb)).not.toContain("GET");
  });
});

describe("what the operator set holds", () => {
  test("`sse` asks for the stream at once and needs no probe of the era", async () => {
    const server = await serveOld(withStatus(404));
    const { upstreams } = open();
    const target = at(server.url, "sse");
    expect(upstreams.knownEra(target)).toBe("legacy");
    expect((await listTools(upstreams, target, "legacy")).ok).toBe(true);
    expect(server.asked).toEqual({ posts: 0, gets: 1 });
  });

  test("`http` never asks for one", async () => {
    const server = await serveOld(withStatus(404));
    expect((await listTools(open().upstreams, at(server.url, "http"), "legacy")).ok).toBe(false);
    expect(server.asked).toEqual({ posts: 1, gets: 0 });
  });
});

describe("what was found out is kept for a while", () => {
  /** Finds the transport out, lets `pass` do what it does, and lists again. */
  async function postsAfter(pass: (opened: Opened, target: Server, move: (ms: number) => void) => void) {
    const server = await serveOld(withStatus(405));
    let nowMs = 0;
    const opened = open(() => nowMs);
    const target = at(server.url);
    await listTools(opened.upstreams, target, "legacy");
    pass(opened, target, (ms) => {
      nowMs += ms;
    });
    await listTools(opened.upstreams, target, "legacy");
    return server.asked.posts - 1;
  }

  test.each<{ name: string; posts: number; pass: Parameters<typeof postsAfter>[0] }>([
    { name: "for ten minutes", posts: 0, pass: (_, __, move) => move(600_000 - 1) },
    { name: "and no longer", posts: 1, pass: (_, __, move) => move(600_000) },
    {
      name: "until a failure makes it doubtful",
      posts: 1,
      pass: ({ transports }, target, move) => {
        transports.noteFailure(target, { kind: "cut", sent: true });
        move(30_000);
      },
    },
    {
      name: "but failures do not make the gateway ask more than twice a minute",
      posts: 0,
      pass: ({ transports }, target, move) => {
        transports.noteFailure(target, { kind: "cut", sent: true });
        move(30_000 - 1);
      },
    },
    {
      name: "and a slow answer is no doubt",
      posts: 0,
      pass: ({ transports }, target, move) => {
        transports.noteFailure(target, { kind: "deadline", sent: true });
        move(30_000);
      },
    },
  ])("$name", async ({ posts, pass }) => {
    expect(await postsAfter(pass)).toBe(posts);
  });
});
