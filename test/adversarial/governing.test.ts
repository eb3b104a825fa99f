import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Baseline, checkAftermath, takeBaseline } from "./aftermath.ts";
import { openWorld, type World } from "./cells.ts";
import { runMoments } from "./moments.ts";

describe("what governs, while it changes and when it is damaged", () => {
  let world: World;
  let baseline: Baseline;

  beforeAll(async () => {
    world = await openWorld();
    baseline = await takeBaseline(world);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test("whatever changes at whatever moment, the call is judged by what governs then", async () => {
    const run = await runMoments(world);
    expect(run.failures).toEqual([]);
    expect(run.cells).toBeGreaterThanOrEqual(130);
  });

  test("nothing leaked, everything is on record, nothing is left open", async () => {
    expect(await checkAftermath(world, baseline)).toEqual([]);
  });
});
