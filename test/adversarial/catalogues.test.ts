import { afterAll, beforeAll, expect, test } from "vitest";
import { readCatalogues } from "./catalogues.ts";
import { openWorld, type World } from "./cells.ts";
import { runCatalogues } from "./run-catalogues.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

test("every list shows and lets call what it should, in both eras, over HTTP and with `run`", async () => {
  const catalogues = readCatalogues();
  expect(catalogues.length).toBeGreaterThanOrEqual(150);
  const run = await runCatalogues(catalogues, world, true);
  expect(run.failures).toEqual([]);
  expect(run.cells.http).toBeGreaterThan(catalogues.length);
  expect(run.cells.run).toBe(run.cells.http);
});
