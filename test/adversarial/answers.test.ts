import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Baseline, checkAftermath, takeBaseline } from "./aftermath.ts";
import { readAnswers, runAnswers } from "./answers.ts";
import { openWorld, type World } from "./cells.ts";
import { runLineAnswers } from "./line-answers.ts";
import { runAnswerMutations } from "./run-answer-mutations.ts";

const SEED = Number(process.env["PORTCULLIS_SEED"] ?? Date.now() % 1_000_000);

describe("hostile answers", () => {
  let world: World;
  let baseline: Baseline;

  beforeAll(async () => {
    world = await openWorld();
    baseline = await takeBaseline(world);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test("every answer comes to its end in both eras, with and without sessions", async () => {
    const answers = readAnswers();
    expect(answers.length).toBeGreaterThanOrEqual(200);
    const run = await runAnswers(answers, world);
    expect(run.failures).toEqual([]);
    expect(run.cells).toBeGreaterThan(2 * answers.length);
  });

  test("every answer that lines can say, from a child process and to a client on stdio", async () => {
    const answers = readAnswers();
    const run = await runLineAnswers(answers, world);
    expect(run.failures).toEqual([]);
    expect(run.cells).toBeGreaterThan(3 * answers.length);
  });

  test(`1,000 mutants of them, from seed ${SEED}, end in an answer`, async () => {
    expect(await runAnswerMutations(readAnswers(), world, 1_000, SEED)).toBeUndefined();
  });

  test("nothing leaked, everything is on record, nothing is left open", async () => {
    expect(await checkAftermath(world, baseline)).toEqual([]);
  });
});
