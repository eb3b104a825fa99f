import { expect, test } from "vitest";
import { own } from "../src/json.ts";

test("inherited members are not there (threat 7)", () => {
  expect([own({ a: 1 }, "a"), own({}, "constructor"), own({}, "__proto__")]).toEqual([
    1,
    undefined,
    undefined,
  ]);
});
