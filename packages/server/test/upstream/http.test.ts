import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { UpstreamFailure, UpstreamRequest } from "../../src/call/ports.ts";
import { Cleanup, exchange, open, openUpstreams, postTo, serveHttp, serverAt } from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const JSON_ANSWER = '{"jsonrpc":"2.0","id":1,"result":{}}';

function answerJson(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers });
  response.end(JSON_ANSWER);
}

describe("what is sent", () => {
  test("the judged bytes, the given headers, no compression and the credential", async () => {
    const seen = Promise.withResolvers<{ headers: string[]; body: string; method: string; url: string }>();
    const url = await serveHttp(cleanup, (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url: path = "", rawHeaders } = request;
        seen.resolve({ headers: rawHeaders, body: Buffer.concat(chunks).toString(), method, url: path });
        answerJson(response);
      });
    });
    const upstreams = openUpstreams(cleanup, {
      credentialHeaders: () => ["authorization", "Bearer upstream"],
    });
    await exchange(upstreams, postTo(serverAt(`${url}?tenant=a`), { headers: ["accept", "text/plain"] }));
    const { headers, ...rest } = await seen.promise;
    const given = ["accept", "text/plain", "accept-encoding", "identity", "authorization", "Bearer upstream"];
    expect(rest).toEqual({
      method: "POST",
      url: "/mcp?tenant=a",
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
    });
    expect(headers).toEqual([
      ...["host", new URL(url).host, "connection", "keep-alive"],
      ...given,
      ...["content-length", "46"],
    ]);
  });

  test("connections are kept alive", async () => {
    const ports = new Set<number | undefined>();
    const url = await serveHttp(cleanup, (request, response) => {
      ports.add(request.socket.remotePort);
      answerJson(response);
    });
    const upstreams = openUpstreams(cleanup);
    for (let call = 0; call < 20; call += 1) await exchange(upstreams, postTo(serverAt(url)));
    // Two, because a connection rests for one turn of the event loop before it is used again.
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});

describe("what comes back", () => {
  const rows: readonly {
    readonly name: string;
    readonly verb?: UpstreamRequest["verb"];
    readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
    readonly told: readonly unknown[];
  }[] = [
    {
      name: "JSON with a session",
      answer: (_, response) => answerJson(response, { "mcp-session-id": "s-1" }),
      told: [{ answer: 200, body: JSON_ANSWER, session: "s-1" }],
    },
    {
      name: "JSON with a charset, in capitals",
      answer: (_, response) => answerJson(response, { "content-type": "Application/JSON; charset=UTF-8" }),
      told: [{ answer: 200, body: JSON_ANSWER }],
    },
    {
      name: "202 without a body",
      answer: (_, response) => response.writeHead(202).end(),
      told: [{ answer: 202, body: "" }],
    },
    {
      name: "202 with a word of text",
      answer: (_, response) => response.writeHead(202, { "content-type": "text/plain" }).end("Accepted"),
      told: [{ answer: 202, body: "" }],
    },
    {
      name: "204",
      answer: (_, response) => response.writeHead(204).end(),
      told: [{ answer: 204, body: "" }],
    },
    {
      name: "200 without a body to DELETE",
      verb: "DELETE",
      answer: (_, response) => response.writeHead(200).end(),
      told: [{ answer: 200, body: "" }],
    },
    {
      name: "405 to GET",
      verb: "GET",
      answer: (_, response) => response.writeHead(405, { allow: "POST" }).end("Method Not Allowed"),
      told: [{ answer: 405, body: "" }],
    },
    {
      name: "a JSON-RPC error with 400",
      answer: (_, response) =>
        response.writeHead(400, { "content-type": "application/json" }).end('{"error":1}'),
      told: [{ answer: 400, body: '{"error":1}' }],
    },
    {
      name: "an error page longer than 64 KiB",
      answer: (_, response) =>
        response.writeHead(502, { "content-type": "text/html" }).end("<p>".repeat(100_000)),
      told: [{ answer: 502, body: "" }],
    },
    {
      name: "an event stream",
      answer: (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream", "mcp-session-id": "s-2" });
        response.write('id: 7\ndata: {"a":1}\n\n');
        response.end('data: {"b":2}\n\n');
      },
      told: [
        { stream: true, session: "s-2" },
        { event: '{"a":1}', id: "7" },
        { event: '{"b":2}' },
        { end: true },
      ],
    },
    {
      name: "a redirect is not followed",
      answer: (_, response) => response.writeHead(307, { location: "http://127.0.0.1:1/" }).end(),
      told: [failed({ kind: "redirect", httpStatus: 307 })],
    },
    {
      name: "HTML instead of MCP",
      answer: (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>Hi</h1>"),
      told: [failed({ kind: "garbage", httpStatus: 200 })],
    },
    {
      name: "compression that nobody asked for (F7)",
      answer: (_, response) => answerJson(response, { "content-encoding": "gzip" }),
      told: [failed({ kind: "garbage", httpStatus: 200 })],
    },
    {
      name: "a session id outside visible ASCII",
      answer: (_, response) => answerJson(response, { "mcp-session-id": "a b" }),
      told: [failed({ kind: "garbage", httpStatus: 200 })],
    },
    {
      name: "two content types",
      answer: (_, response) => {
        response.writeHead(200, ["content-type", "application/json", "content-type", "text/event-stream"]);
        response.end(JSON_ANSWER);
      },
      told: [failed({ kind: "garbage", httpStatus: 200 })],
    },
    {
      name: "a body that announces more than the cap (threat 44)",
      answer: (_, response) => answerJson(response, { "content-length": "9000000" }),
      told: [failed({ kind: "too-large", httpStatus: 200 })],
    },
    {
      name: "a chunked body above the cap (threat 44)",
      answer: (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write(Buffer.alloc(5_000_000, "1"));
        response.end(Buffer.alloc(5_000_000, "1"));
      },
      told: [failed({ kind: "too-large", httpStatus: 200 })],
    },
  ];

  test.each(rows)("$name", async ({ verb = "POST", answer, told }) => {
    const url = await serveHttp(cleanup, answer);
    const body = verb === "POST" ? Buffer.from("{}") : undefined;
    const heard = await exchange(openUpstreams(cleanup), postTo(serverAt(url), { verb, body }));
    expect(heard).toEqual(told);
  });

  test("a body in many chunks is one buffer", async () => {
    const text = JSON.stringify({ text: "é".repeat(300_000) });
    const url = await serveHttp(cleanup, (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += 9_999) response.write(bytes.subarray(at, at + 9_999));
      response.end();
    });
    const heard = await exchange(openUpstreams(cleanup), postTo(serverAt(url)));
    expect(heard).toEqual([{ answer: 200, body: text }]);
  });

  test("an event above the cap, and a stream above its cap (threat 44)", async () => {
    const url = await serveHttp(cleanup, (request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (request.headers["accept"] === "one") response.write(`data: ${"x".repeat(2_000)}`);
      else for (let at = 0; at < 10; at += 1) response.write(`data: ${"x".repeat(500)}\n\n`);
    });
    const upstreams = openUpstreams(cleanup, { maxBodyBytes: 1_000, maxStreamBytes: 3_000 });
    const tooLarge = failed({ kind: "too-large", httpStatus: 200 });
    const one = await exchange(upstreams, postTo(serverAt(url), { headers: ["accept", "one"] }));
    expect(one.at(-1)).toEqual(tooLarge);
    const many = await exchange(upstreams, postTo(serverAt(url)));
    expect(many.at(-1)).toEqual(tooLarge);
    const endless = open(upstreams, postTo(serverAt(url), { deadlineMs: 0 }));
    await endless.until(() => endless.told.length === 11);
    endless.exchange.cancel();
    expect(endless.told.at(-1)).toEqual({ event: "x".repeat(500) });
  });
});

describe("cancel, pause and resume", () => {
  test("cancel closes the connection and silences the sink", async () => {
    const closed = Promise.withResolvers<void>();
    const url = await serveHttp(cleanup, (request, response) => {
      request.socket.on("close", () => closed.resolve());
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
    });
    const heard = open(openUpstreams(cleanup), postTo(serverAt(url)));
    await heard.until((told) => "event" in told);
    heard.exchange.cancel();
    await closed.promise;
    expect(heard.told).toEqual([{ stream: true }, { event: "1" }]);
  });

  test.each([
    ["is still to be made", 0],
    ["waits", 1],
  ])(
    "a cancel in the turn of `open` is silent, and nothing is sent on a connection that %s",
    async (_, before) => {
      let arrived = 0;
      const url = await serveHttp(cleanup, (_request, response) => {
        arrived += 1;
        answerJson(response);
      });
      const upstreams = openUpstreams(cleanup);
      for (let times = 0; times < before; times += 1) await exchange(upstreams, postTo(serverAt(url)));
      const cancelled = open(upstreams, postTo(serverAt(url)));
      cancelled.exchange.cancel();
      const next = await exchange(upstreams, postTo(serverAt(url)));
      expect({ cancelled: cancelled.told, next, arrived }).toEqual({
        cancelled: [],
        next: [{ answer: 200, body: JSON_ANSWER }],
        arrived: before + 1,
      });
    },
  );

  test("a paused stream stops the server and goes on where it stopped", async () => {
    const stuck = Promise.withResolvers<number>();
    const size = 64 * 1024;
    const url = await serveHttp(cleanup, (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      let count = 0;
      while (response.write(`data: ${"x".repeat(size)}\n\n`)) count += 1;
      const timer = setInterval(() => {
        // Full buffers on both sides: the other end has stopped reading.
        while (response.writableLength < 32 * 1024 * 1024 && count < 400) {
          response.write(`data: ${"x".repeat(size)}\n\n`);
          count += 1;
        }
        clearInterval(timer);
        response.end();
        stuck.resolve(count + 1);
      }, 1);
    });
    const upstreams = openUpstreams(cleanup, { stallMs: 50 });
    const heard = open(upstreams, postTo(serverAt(url)));
    await heard.until((told) => "event" in told);
    heard.exchange.pause();
    const sent = await stuck.promise;
    const atPause = heard.told.length;
    expect(atPause).toBeLessThan(sent);
    heard.exchange.resume();
    const told = await heard.done;
    expect({ events: told.length - 2, last: told.at(-1) }).toEqual({ events: sent, last: { end: true } });
  });
});

function failed(failure: Omit<UpstreamFailure, "sent">): { fail: UpstreamFailure } {
  return { fail: { sent: true, ...failure } };
}
