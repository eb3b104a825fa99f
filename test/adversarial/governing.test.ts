import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Baseline, checkAftermath, takeBaseline } from "./aftermath.ts";
import { openWorld, type World } from "./cells.ts";
import { readDamage } from "./damage.ts";
import { runFaults } from "./faults.ts";
import { runMoments } from "./moments.ts";
import { runBrokenFiles, runDamage } from "./run-damage.ts";

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

  test("whatever is damaged, nothing is let through that was not before", async () => {
    const { cases } = readDamage();
    expect(cases.length).toBeGreaterThanOrEqual(130);
    expect((await runDamage(cases, world)).failures).toEqual([]);
  });

  test("what is no policy lets `run` not even start", async () => {
    const { files } = readDamage();
    expect(files.length).toBeGreaterThanOrEqual(150);
    expect((await runBrokenFiles(files, world)).failures).toEqual([]);
  });

  test("nothing leaked, everything is on record, nothing is left open", async () => {
    expect(await checkAftermath(world, baseline)).toEqual([]);
  });
});

test("whatever part fails at whatever call, the line denies and serves the next one", async () => {
  const run = await runFaults();
  expect(run.failures).toEqual([]);
  expect(run.cells).toBeGreaterThanOrEqual(500);
});
