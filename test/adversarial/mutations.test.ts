import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "./cells.ts";
import { readCorpus } from "./corpus.ts";
import { mutate } from "./mutations.ts";
import { runMutations } from "./run-mutations.ts";
import { readPlainCall } from "./unambiguous.ts";

const SEED = Number(process.env["PORTCULLIS_SEED"] ?? Date.now() % 1_000_000);

describe("mutants of the corpus", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test(`5,000 of them, from seed ${SEED}, say one thing to every reader or reach nobody`, async () => {
    const run = await runMutations(readCorpus(), world, { runs: 5_000, seed: SEED });
    expect(run.failure).toBeUndefined();
    expect(run.inputs).toBe(5_000);
    // A mutator that breaks everything would prove nothing.
    expect(run.heard).toBeGreaterThan(100);
  });
});

describe("the second opinion", () => {
  test.each([
    [
      "a plain call",
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"n":1.0}}}',
      true,
    ],
    ["a name twice", '{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}', false],
    ["an escaped name twice", '{"jsonrpc":"2.0","id":1,"method":"a","params":{"a":1,"\\u0061":2}}', false],
    ["a folded name", '{"jsonrpc":"2.0","id":1,"method":"a","params":{"Name":1}}', false],
    ["a long s", '{"jsonrpc":"2.0","id":1,"method":"a","params":{"argument\\u017f":1}}', false],
    [
      "a number that is another",
      '{"jsonrpc":"2.0","id":1,"method":"a","params":{"a":9007199254740993}}',
      false,
    ],
    ["a lone surrogate", '{"jsonrpc":"2.0","id":1,"method":"a","params":{"a":"\\ud800"}}', false],
    ["a byte order mark", '\ufeff{"jsonrpc":"2.0","id":1,"method":"a"}', false],
    ["a list", "[]", false],
  ])("%s", (_, text, isPlain) => {
    expect(readPlainCall(Buffer.from(text)) !== undefined).toBe(isPlain);
  });
});

test.each([
  ["duplicate", '{"a":1,"a":1,"b":2}'],
  ["respell", '{"a":1.0,"b":2}'],
  ["truncate", ""],
  ["rename", '{"name":1,"b":2}'],
  ["recase", '{"A":1,"b":2}'],
  ["delete", '"a":1,"b":2}'],
] as const)("%s changes a message", (kind, changed) => {
  expect(mutate('{"a":1,"b":2}', { kind, at: 0, pick: 0 })).toBe(changed);
});
