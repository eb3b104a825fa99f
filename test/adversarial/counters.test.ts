import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "./cells.ts";
import { openPlace, type Place, read, say } from "./conversation.ts";
import { emptyReply, jsonReply, type RawReply, type Seen } from "./raw-upstream.ts";

const limit = (counter: string, max: number, more: object = {}) => ({
  counter,
  window: "month",
  max,
  ...more,
});
const POLICY = {
  version: "1",
  default: "deny",
  tools: {
    few: { limits: [limit("few", 50)] },
    pair: { limits: [limit("wide", 1_000, { increment_from: "args.amount" }), limit("narrow", 3)] },
    spend: { limits: [limit("spend", 1_000, { increment_from: "args.amount" })] },
    tenths: { limits: [limit("tenths", 1, { increment_from: "args.amount" })] },
    again: { limits: [limit("again", 100)] },
  },
};
const TOOLS = Object.keys(POLICY.tools).map((name) => ({ name, inputSchema: { type: "object" } }));

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** A server of its own, whose calls are answered as the test says. */
async function place(answer: (seen: Seen) => object | RawReply = () => ({ content: [] })): Promise<Place> {
  return openPlace(world, "modern", POLICY, (seen) => {
    if (seen.message?.["method"] === "tools/list") return { tools: TOOLS };
    return seen.message?.["method"] === "tools/call" ? answer(seen) : undefined;
  });
}

async function call({ one }: Place, tool: string, args = "{}"): Promise<string> {
  return (await say(world, one, { tool, arguments: args })).body.toString("utf8");
}

/** What a counter has left, as its own denial tells. */
async function left(at: Place, tool: string): Promise<number> {
  const said = await call(at, tool, '{"amount":1000000}');
  return Number(/left ([\d.]+)\)/.exec(said)?.[1]);
}

describe("consumed is what was admitted, exactly (threats 66, 72)", () => {
  test("200 at once, 50 allowed", async () => {
    let ran = 0;
    const at = await place(() => {
      ran += 1;
      return { content: [] };
    });
    const said = await Promise.all(Array.from({ length: 200 }, () => call(at, "few")));
    const admitted = said.filter((text) => !text.includes("[POLICY DENIED]")).length;
    expect({ admitted, ran }).toEqual({ admitted: 50, ran: 50 });
  });

  test("of several limits all are charged or none", async () => {
    const at = await place();
    const said = [];
    for (let times = 0; times < 6; times += 1) said.push(await call(at, "pair", '{"amount":10}'));
    expect(said.filter((text) => text.includes("[POLICY DENIED]")).length).toBe(3);
    expect(await left(at, "pair")).toBe(970);
  });

  test("tenths add up as on paper", async () => {
    const at = await place();
    const said = [];
    for (let times = 0; times < 12; times += 1) said.push(await call(at, "tenths", '{"amount":0.1}'));
    expect(said.map((text) => text.includes("[POLICY DENIED]"))).toEqual([
      ...Array.from({ length: 10 }, () => false),
      true,
      true,
    ]);
  });

  test("the same call five times is five calls, with five rows", async () => {
    const at = await place();
    const before = world.rig.rows().length;
    const body =
      '{"jsonrpc":"2.0","id":"same","method":"tools/call","params":{{{meta}},"name":"again","arguments":{}}}';
    for (let times = 0; times < 5; times += 1) await say(world, at.one, { tool: "again", body });
    expect(world.rig.rows().length - before).toBe(5);
  });
});

describe("what is given back after a call that cost 100 (threat 67)", () => {
  const http = (status: number) => (): RawReply => emptyReply(status);
  const rpc = (code: number) => (seen: Seen) =>
    jsonReply({ jsonrpc: "2.0", id: seen.message?.["id"], error: { code, message: "no" } });
  const raw = (text: string, ends: "close" | "reset") => (): RawReply => ({
    pieces: [Buffer.from(text)],
    ends,
  });
  const rows: readonly (readonly [string, (seen: Seen) => object | RawReply, 900 | 1000])[] = [
    ...[400, 401, 403, 404, 405, 406, 413, 415, 429].map(
      (status) => [`HTTP ${status}`, http(status), 1000] as const,
    ),
    ...[402, 408, 409, 410, 418, 422, 500, 501, 502, 503, 504, 599].map(
      (status) => [`HTTP ${status}`, http(status), 900] as const,
    ),
    ...[-32700, -32600, -32601, -32602, -32020, -32021, -32022].map(
      (code) => [`error ${code}`, rpc(code), 1000] as const,
    ),
    ...[-32603, -32000, -32001, -32002, -32023, -1, 0, 1].map(
      (code) => [`error ${code}`, rpc(code), 900] as const,
    ),
    ["a tool's error", () => ({ content: [], isError: true }), 900],
    ["a plain result", () => ({ content: [] }), 900],
    ["a redirect", raw("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "close"), 900],
    ["no answer", raw("", "close"), 900],
    ["a reset", raw("", "reset"), 900],
    [
      "half an answer",
      raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{", "close"),
      900,
    ],
    ["garbage", raw("garbage", "close"), 900],
    [
      "a stream without an answer",
      raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", "close"),
      900,
    ],
    [
      "two things at once",
      (seen) =>
        jsonReply({
          jsonrpc: "2.0",
          id: seen.message?.["id"],
          result: {},
          error: { code: -32602, message: "" },
        }),
      900,
    ],
    [
      "another's refusal",
      () => jsonReply({ jsonrpc: "2.0", id: "other", error: { code: -32602, message: "" } }),
      900,
    ],
  ];

  test.each(rows)("%s", async (_, answer, expected) => {
    const at = await place(answer);
    await call(at, "spend", '{"amount":100}');
    expect(await left(at, "spend")).toBe(expected);
    // A refund comes once: the same ending twice gives no more than was taken.
    await call(at, "spend", '{"amount":100}');
    expect(await left(at, "spend")).toBe(expected === 1000 ? 1000 : 800);
  });

  test("what never ran because it was denied costs nothing", async () => {
    const at = await place();
    for (const amount of ["-1", "1e300", '"5"', "null", "0.0000001"]) {
      const { result } = read(await say(world, at.one, { tool: "spend", arguments: `{"amount":${amount}}` }));
      expect(result?.["isError"]).toBe(true);
    }
    expect(await left(at, "spend")).toBe(1000);
  });
});
