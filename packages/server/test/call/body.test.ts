import { once } from "node:events";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { readBody } from "../../src/call/body.ts";

const CONFIG = { maxBodyBytes: 5 };
const TOO_LARGE = { ok: false, error: { kind: "body-too-large", maxBytes: 5 } };

/** A request whose body the test writes. */
function request(declared?: string): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  if (declared !== undefined) message.headers["content-length"] = declared;
  return message;
}

describe("the body, whole and within its bound", () => {
  test.each<[string, readonly string[], string]>([
    ["none", [], ""],
    ["one piece", ["abc"], "abc"],
    ["two pieces", ["ab", "c"], "abc"],
    ["many pieces, to the last byte that is allowed", ["a", "b", "c", "d", "e"], "abcde"],
  ])("%s", async (_, chunks, text) => {
    const message = request();
    const read = readBody(message, CONFIG);
    for (const chunk of chunks) message.push(chunk);
    message.push(null);
    expect(await read).toEqual({ ok: true, value: Buffer.from(text) });
  });

  test("a declared length within the bound is read", async () => {
    const message = request("5");
    const read = readBody(message, CONFIG);
    message.push("abcde");
    message.push(null);
    expect(await read).toEqual({ ok: true, value: Buffer.from("abcde") });
  });

  test("a declared length beyond the bound is not even begun", async () => {
    const message = request("6");
    expect(await readBody(message, CONFIG)).toEqual(TOO_LARGE);
    expect(message.listenerCount("data")).toBe(0);
  });

  test("one that says too little is counted, and nothing more is kept (threat 9)", async () => {
    const message = request("1");
    const read = readBody(message, CONFIG);
    message.push("abc");
    message.push("def");
    expect(await read).toEqual(TOO_LARGE);
    expect(message.listenerCount("data")).toBe(0);
    // Bytes that nobody reads would make the end of the connection take the answer with it.
    message.push("ghi");
    message.push(null);
    await once(message, "end");
  });

  test("one that is cut off", async () => {
    const message = request();
    const read = readBody(message, CONFIG);
    message.push("abc");
    message.destroy();
    expect(await read).toEqual({ ok: false, error: { kind: "body-aborted" } });
    expect(["data", "end", "close"].map((name) => message.listenerCount(name))).toEqual([0, 0, 0]);
  });
});
