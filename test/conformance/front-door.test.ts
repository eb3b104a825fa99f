import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FrontDoor, openFrontDoor } from "./front-door.ts";

let door: FrontDoor;
let behind: ReturnType<typeof createServer>;
let arrived: Promise<{ readonly incoming: IncomingMessage; readonly response: ServerResponse }>;

beforeEach(async () => {
  const { promise, resolve } = Promise.withResolvers<Awaited<typeof arrived>>();
  arrived = promise;
  behind = createServer((incoming, response) => resolve({ incoming, response })).listen(0, "127.0.0.1");
  await once(behind, "listening");
  door = await openFrontDoor();
  door.open("/mcp/a", { port: (behind.address() as AddressInfo).port, token: "t" });
});

afterEach(async () => {
  await door[Symbol.asyncDispose]();
  behind.closeAllConnections();
  behind.close();
});

/** Sends header lines as they are. */
function knock(method: string, headers: readonly string[], body?: string) {
  const sent = request(`${door.url}/mcp/a`, { method, headers: [...headers], agent: false });
  sent.on("error", () => {});
  // Text would make Node write the header in UTF-8 too.
  sent.end(body === undefined ? undefined : Buffer.from(body));
  return sent;
}

async function textOf(message: IncomingMessage): Promise<string> {
  message.setEncoding("utf8");
  let text = "";
  for await (const piece of message) text += String(piece);
  return text;
}

describe("the front door changes nothing but the token", () => {
  const SENT = ["Host", "evil.example.com", "X-Mixed-CASE", " é ", "Mcp-Name", "a", "mcp-name", "b"];
  for (const [method, body] of [
    ["POST", '{"a":1}'],
    ["GET", undefined],
    ["DELETE", undefined],
  ] as const) {
    test(`of a ${method}`, async () => {
      const length = body === undefined ? [] : ["Content-Length", String(body.length)];
      knock(method, [...SENT, ...length, "Connection", "close"], body);
      const { incoming } = await arrived;
      expect(await textOf(incoming)).toBe(body ?? "");
      expect([incoming.method, incoming.rawHeaders]).toEqual([
        method,
        // A field's value begins and ends with what is no blank (RFC 9110 5.5).
        [...SENT.map((part) => part.trim()), ...length, "Connection", "close", "Authorization", "Bearer t"],
      ]);
    });
  }

  test("of an answer: status, raw headers, bytes as they come", async () => {
    const sent = knock("GET", ["Host", "x"]);
    const { response } = await arrived;
    response.sendDate = false;
    response.writeHead(418, "Short", [
      "Set-Cookie",
      "a",
      "set-cookie",
      "b",
      "Content-Type",
      "text/event-stream",
    ]);
    response.write("data: first\n\n");
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    // The first piece is here before there is a second.
    const [first] = (await once(answer, "data")) as [Buffer];
    response.end("data: second\n\n");
    expect(first.toString() + (await textOf(answer))).toBe("data: first\n\ndata: second\n\n");
    expect([answer.statusCode, answer.statusMessage]).toEqual([418, "Short"]);
    expect(answer.rawHeaders.slice(0, 6)).toEqual([
      "Set-Cookie",
      "a",
      "set-cookie",
      "b",
      "Content-Type",
      "text/event-stream",
    ]);
  });

  test("of an end: a client that leaves is gone behind the door too", async () => {
    const sent = knock("GET", ["Host", "x"]);
    const { response } = await arrived;
    response.writeHead(200).flushHeaders();
    await once(sent, "response");
    sent.destroy();
    await once(response, "close");
    expect(response.writableFinished).toBe(false);
  });

  test("a path that was not opened leads nowhere", async () => {
    expect((await fetch(`${door.url}/mcp/b`)).status).toBe(404);
  });
});
