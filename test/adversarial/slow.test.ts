import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "./cells.ts";
import { openPlace } from "./conversation.ts";

/** Time beyond the promised one that a loaded machine may need. */
const SLACK_MS = 4_000;

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Sends `head`, then a byte at a time, until the gateway has had enough. */
function trickle(head: string, everyMs: number): Promise<{ readonly tookMs: number; readonly said: string }> {
  const { port, hostname } = new URL(world.rig.gateway.url);
  const sinceMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let said = "";
    socket.write(head);
    const timer = setInterval(() => socket.write("a"), everyMs);
    socket.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      resolve({ tookMs: performance.now() - sinceMs, said: said.slice(0, "HTTP/1.1 408".length) });
    });
  });
}

test("a head that takes more than 10 s and a body that takes more than 15 s are cut (threat 11)", async () => {
  const place = await openPlace(world, "modern", { version: "1", default: "allow" }, () => undefined);
  const { path, host, token } = place.one;
  const start = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\n`;
  const known = `${start}Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
  const [head, body, chunks] = await Promise.all([
    trickle(`${start}X-Slow: `, 1_000),
    trickle(`${known}Content-Length: 1000\r\n\r\n{`, 1_000),
    trickle(`${known}Transfer-Encoding: chunked\r\n\r\n3e8\r\n{`, 1_000),
  ]);
  expect([head.said, body.said, chunks.said]).toEqual(["HTTP/1.1 408", "HTTP/1.1 408", "HTTP/1.1 408"]);
  expect(head.tookMs).toBeLessThan(10_000 + SLACK_MS);
  expect(body.tookMs).toBeLessThan(15_000 + SLACK_MS);
  expect(chunks.tookMs).toBeLessThan(15_000 + SLACK_MS);
  expect(world.upstream.seen.filter(({ message }) => message?.["method"] === "tools/call")).toEqual([]);
});
