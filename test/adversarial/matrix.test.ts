import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "./cells.ts";
import { runMatrix } from "./matrix.ts";
import { compareAnswers, compareTimes } from "./strangers.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

test("no route, verb, principal and era has a success that is not on the list (threat 50)", async () => {
  const run = await runMatrix(world);
  expect(run.failures).toEqual([]);
  expect(run.cells).toBeGreaterThanOrEqual(2_000);
  expect(run.successes).toBeGreaterThan(0);
});

test("a stranger is told the same, byte for byte, of every token and every server (threat 55)", async () => {
  const run = await compareAnswers(world);
  expect(run.failures).toEqual([]);
  expect(run.cells).toBe(72);
});

test("and in the same time", async () => {
  expect((await compareTimes(250, world)).failures).toEqual([]);
});
