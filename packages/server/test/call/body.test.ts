import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { readBody } from "../../src/call/body.ts";
import { NodeRequest } from "../../src/front/node-request.ts";

const CONFIG = { maxBodyBytes: 5 };
const TOO_LARGE = { ok: false, error: { kind: "body-too-large", maxBytes: 5 } };

/** A request whose body the test writes. */
function request(declared?: string): NodeRequest {
  const message = new NodeRequest(new Socket());
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
    for (const chunk of chunks) message.push(Buffer.from(chunk));
    message.push(null);
    expect(await read).toEqual({ ok: true, value: Buffer.from(text) });
  });

  test("a declared length within the bound is read", async () => {
    const message = request("5");
    const read = readBody(message, CONFIG);
    message.push(Buffer.from("abcde"));
    message.push(null);
    expect(await read).toEqual({ ok: true, value: Buffer.from("abcde") });
  });

  test("a declared length beyond the bound is not even begun", async () => {
    const message = request("6");
    expect(await readBody(message, CONFIG)).toEqual(TOO_LARGE);
  });

  test("one that says too little is counted, and nothing more is kept (threat 9)", async () => {
    const message = request("1");
    const read = readBody(message, CONFIG);
    message.push(Buffer.from("abc"));
    message.push(Buffer.from("def"));
    expect(await read).toEqual(TOO_LARGE);
    // Bytes that nobody reads would make the end of the connection take the answer with it.
    expect(message.push(Buffer.from("ghi"))).toBe(true);
    message.push(null);
    expect(message.readableEnded).toBe(true);
  });

  test("one that nobody took in time is not read in part", async () => {
    const message = request();
    message.push(Buffer.from("ab"));
    await expect(readBody(message, CONFIG)).rejects.toThrow("the body has begun");
  });

  test("one that is cut off", async () => {
    const message = request();
    const read = readBody(message, CONFIG);
    message.push(Buffer.from("abc"));
    message.destroy();
    expect(await read).toEqual({ ok: false, error: { kind: "body-aborted" } });
  });
});
