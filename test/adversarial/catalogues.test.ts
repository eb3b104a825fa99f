import { afterAll, beforeAll, expect, test } from "vitest";
import { readCatalogues, runCatalogues } from "./catalogues.ts";
import { openWorld, type World } from "./cells.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

test("every list shows and lets call what it should, in both eras", async () => {
  const catalogues = readCatalogues();
  expect(catalogues.length).toBeGreaterThanOrEqual(150);
  const run = await runCatalogues(catalogues, world);
  expect(run.failures).toEqual([]);
  expect(run.cells).toBeGreaterThan(catalogues.length);
});
