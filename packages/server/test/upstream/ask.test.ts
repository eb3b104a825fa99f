import type { JsonObject } from "@portcullis/policy";
import { afterEach, expect, test } from "vitest";
import type { Exchange } from "../../src/call/ports.ts";
import { ask, type Question } from "../../src/upstream/ask.ts";
import { UpstreamDirectory } from "../../src/upstream/upstreams.ts";
import { Cleanup, openUpstreams, serveHttp, serverAt } from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const REFUSED = { code: -1, message: "The gateway lists tools on its own account and fulfils no requests." };
const REQUESTS = ["roots/list", "sampling/createMessage", "elicitation/create"];

function directory(): UpstreamDirectory {
  const stdio = { open: (): Exchange => fail(), closeChannel: () => {} };
  return new UpstreamDirectory(openUpstreams(cleanup), stdio);
}

function fail(): never {
  throw new Error("no process here");
}

interface Asked {
  readonly url: string;
  /** Everything that the gateway answered, with its session. */
  readonly answers: { readonly session: string | undefined; readonly message: JsonObject }[];
}

/** A server that asks `count` times before it answers what it was asked, and answers once `awaited` came back. */
async function serveAsking(methods: readonly string[], awaited: number): Promise<Asked> {
  const answers: { session: string | undefined; message: JsonObject }[] = [];
  let finish = () => {};
  const url = await serveHttp(cleanup, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const message = JSON.parse(Buffer.concat(chunks).toString()) as JsonObject;
      if (message["method"] === undefined) {
        answers.push({ session: request.headers["mcp-session-id"]?.toString(), message });
        response.writeHead(202).end();
        if (answers.length === awaited) finish();
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream", "mcp-session-id": "s-1" });
      const send = (value: object) => response.write(`data: ${JSON.stringify(value)}\n\n`);
      finish = () =>
        response.end(`data: {"jsonrpc":"2.0","id":${JSON.stringify(message["id"])},"result":{}}\n\n`);
      for (const [at, method] of methods.entries()) send({ jsonrpc: "2.0", id: `ask-${at}`, method });
      if (awaited === 0) finish();
    });
  });
  return { url, answers };
}

function question(url: string, more: Partial<Question> = {}): Question {
  return {
    server: serverAt(url),
    era: "legacy",
    method: "initialize",
    params: {},
    protocolVersion: undefined,
    session: undefined,
    channel: "inspect",
    deadlineMs: 5_000,
    ...more,
  };
}

test("what a server asks of the gateway itself is refused, in the session that it just began", async () => {
  const { url, answers } = await serveAsking(REQUESTS, REQUESTS.length);
  const reply = await ask(directory(), question(url));
  expect(reply.ok && reply.value.message).toEqual({ jsonrpc: "2.0", id: "portcullis-1", result: {} });
  const expected = REQUESTS.map((_, at) => ({
    session: "s-1",
    message: { jsonrpc: "2.0", id: `ask-${at}`, error: REFUSED },
  }));
  expect(answers.toSorted((a, b) => String(a.message["id"]).localeCompare(String(b.message["id"])))).toEqual(
    expected,
  );
});

test("a flood of requests is not answered without end", async () => {
  const { url, answers } = await serveAsking(Array<string>(100).fill("roots/list"), 16);
  const reply = await ask(directory(), question(url));
  expect(reply.ok).toBe(true);
  expect(answers).toHaveLength(16);
});

test("a modern server's request is no message of its revision and gets no answer", async () => {
  const { url, answers } = await serveAsking(REQUESTS, 0);
  const reply = await ask(directory(), question(url, { era: "modern", method: "tools/list" }));
  expect(reply.ok).toBe(true);
  expect(answers).toEqual([]);
});
