import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "./cells.ts";
import { runMatrix } from "./matrix.ts";

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
