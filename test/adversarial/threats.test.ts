/** Each numbered threat is tried by data, by a test that is there, or is said to be open (`threats.yaml`). */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { readAnswers } from "./answers.ts";
import { readCatalogues } from "./catalogues.ts";
import { readCorpus } from "./corpus.ts";
import { readFraming } from "./framing.ts";

const NUMBERS = Array.from({ length: 104 }, (_, at) => at + 1);
const THREATS = z
  .record(
    z.string(),
    z.strictObject({ name: z.string(), tests: z.array(z.string()).optional(), open: z.string().optional() }),
  )
  .parse(parse(readFileSync(new URL("./threats.yaml", import.meta.url), "utf8"), { schema: "core" }));
const TRIED = new Set(
  [
    ...readCorpus().flatMap(({ cases }) => cases),
    ...readAnswers(),
    ...readFraming(),
    ...readCatalogues(),
  ].flatMap(({ threats }) => threats),
);

test("the table has every threat once", () => {
  expect(Object.keys(THREATS).map(Number)).toEqual(NUMBERS);
});

test.each(NUMBERS)("threat %i is tried, or the table says why it is not", (number) => {
  const { tests, open } = THREATS[number] ?? {};
  expect(TRIED.has(number) || tests !== undefined || open !== undefined).toBe(true);
});

test("every test that the table names is there", () => {
  const named = Object.values(THREATS).flatMap(({ tests }) => tests ?? []);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});
