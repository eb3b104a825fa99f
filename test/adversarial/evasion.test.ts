import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Baseline, checkAftermath, takeBaseline } from "./aftermath.ts";
import { openWorld, type World } from "./cells.ts";
import { openPlace, say } from "./conversation.ts";
import { readEvasion } from "./evasion.ts";
import { runBrokenLogs, runCuts } from "./run-evasion.ts";
import { runOutlets } from "./run-outlets.ts";

const { logs, cuts, outlets } = readEvasion();

describe("nothing runs that no row tells of (threat 75)", () => {
  let world: World;
  let baseline: Baseline;

  beforeAll(async () => {
    world = await openWorld();
    baseline = await takeBaseline(world);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test("whatever is done to the log, nothing runs meanwhile, or it is found out", async () => {
    expect(logs.length).toBeGreaterThanOrEqual(12);
    expect((await runBrokenLogs(logs, world)).failures).toEqual([]);
  });

  test("whenever a client leaves, what it asked for is on record, and nothing is left open", async () => {
    const run = await runCuts(cuts, world);
    expect(run.failures).toEqual([]);
    expect(run.cells).toBeGreaterThanOrEqual(120);
  });

  test("wherever `run` cannot write its rows, nothing runs", async () => {
    expect((await runOutlets(outlets, world)).failures).toEqual([]);
  });

  test("what a row cuts short it still tells apart", async () => {
    const policy = { version: "1", default: "allow" };
    const place = await openPlace(world, "modern", policy, () => undefined);
    const long = "x".repeat(100_000);
    const many = Array.from({ length: 5_000 }, (_, at) => `"key-${at}":1`).join(",");
    const texts = [
      `{"a":"${long}1"}`,
      `{"a":"${long}2"}`,
      `{${many},"last":1}`,
      `{${many},"last":2}`,
      `{"${long.slice(0, 900)}1":1}`,
      `{"${long.slice(0, 900)}2":1}`,
    ];
    const since = world.ledger.newest();
    for (const text of texts) await say(world, place.one, { arguments: text });
    const told = world.ledger.intents(since).map((body) => {
      const { argumentBytes, argumentsHmac } = JSON.parse(body) as { [name: string]: unknown };
      return { argumentBytes, argumentsHmac, isShort: body.length < 16_384 };
    });
    expect(told.map(({ argumentBytes }) => argumentBytes)).toEqual(texts.map(({ length }) => length));
    expect(new Set(told.map(({ argumentsHmac }) => argumentsHmac)).size).toBe(texts.length);
    expect(told.filter(({ isShort }) => !isShort)).toEqual([]);
  });

  test("hundreds of refusals hide no call", async () => {
    const policy = { version: "1", default: "deny", tools: { any: {} } };
    const place = await openPlace(world, "modern", policy, () => undefined);
    const since = world.ledger.newest();
    const lane = async (): Promise<void> => {
      for (let times = 0; times < 30; times += 1)
        await say(world, place.one, times === 15 ? {} : { tool: "delete" });
    };
    await Promise.all(Array.from({ length: 25 }, lane));
    const rows = world.ledger.after(since).filter(({ grant }) => grant === place.labels.one);
    const effects = Map.groupBy(rows, ({ effect }) => effect);
    expect([effects.get("deny")?.length, effects.get("allow")?.length]).toEqual([25 * 29, 25]);
    const numbers = rows.map(({ seq }) => seq);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  test("nothing leaked, everything is on record, nothing is left open", async () => {
    expect(await checkAftermath(world, baseline)).toEqual([]);
  });
});
