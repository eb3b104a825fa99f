import { expect, test } from "vitest";
import { keptByItsOwner } from "../../src/call/answer-list.ts";

const MINUTES = 60_000;

// 2026-07-28 server/utilities/caching: a whole number of milliseconds, at least 0.
test.each([
  [0, 0],
  [1, 1],
  [5 * MINUTES, 5 * MINUTES],
  [5 * MINUTES + 1, 5 * MINUTES],
  [1e300, 5 * MINUTES],
  [-1, 0],
  [0.5, 0],
  ["60000", 0],
  [null, 0],
  [[MINUTES], 0],
])("a list that may be kept for %j is kept for %i ms, by its owner (threat 39)", (ttlMs, keptMs) => {
  expect(keptByItsOwner({ ttlMs, cacheScope: "public" })).toEqual({ cacheScope: "private", ttlMs: keptMs });
});

test("nothing is said of how long where the server says nothing", () => {
  expect(keptByItsOwner({ cacheScope: "public" })).toEqual({ cacheScope: "private" });
});
