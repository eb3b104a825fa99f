import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Baseline, checkAftermath, takeBaseline } from "./aftermath.ts";
import { openWorld, type World } from "./cells.ts";
import { readCorpus, readFamily } from "./corpus.ts";
import { differentInPython } from "./python-reader.ts";
import type { Admitted } from "./run-case.ts";
import { runCorpus } from "./run-corpus.ts";

const FAMILIES = readCorpus();
const CASES = FAMILIES.flatMap(({ cases }) => cases);

describe("the corpus", () => {
  let world: World;
  let baseline: Baseline;
  const admitted: Admitted[] = [];

  beforeAll(async () => {
    world = await openWorld();
    baseline = await takeBaseline(world);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test.each(FAMILIES)("$family: every case comes to its end on every cell", async (family) => {
    const run = await runCorpus([family], world);
    expect(run.failures).toEqual([]);
    expect(run.cells).toBeGreaterThanOrEqual(family.cases.length);
    admitted.push(...run.admitted);
  });

  test("Python reads in every admitted call what was judged", () => {
    expect(admitted.length).toBeGreaterThan(100);
    const different = differentInPython(admitted);
    // A machine without Python has no second reader; whoever builds the release has one.
    expect(different ?? []).toEqual([]);
  });

  test("nothing leaked, everything is on record, nothing is left open", async () => {
    expect(await checkAftermath(world, baseline)).toEqual([]);
  });
});

test("the corpus has the size that it promises", () => {
  expect(CASES.length).toBeGreaterThanOrEqual(400);
});

test.each([
  ["an unknown key", "cases: [{id: a, threats: [1], sent: x, expect: {refused: -32600}}]"],
  ["an unknown class", "cases: [{id: a, threats: [1], expect: {shrugged: true}}]"],
  ["two classes", "cases: [{id: a, threats: [1], expect: {refused: -32600, http: 400}}]"],
  ["no class", "cases: [{id: a, threats: [1]}]"],
  ["a threat that does not exist", "cases: [{id: a, threats: [105], expect: {refused: -32600}}]"],
  ["no case", "cases: []"],
])("a family with %s is refused", (_, cases) => {
  expect(() => readFamily("f.yaml", `family: f\nabout: a\n${cases}\n`)).toThrow("f.yaml");
});
