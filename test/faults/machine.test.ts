import { expect, test } from "vitest";
import { F18 } from "./clock.ts";
import { F19 } from "./crowd.ts";
import type { Experiment } from "./experiment.ts";
import { F16, F17 } from "./machine.ts";
import { F33_CHANGES, F34_SWAP } from "./names.ts";

test.each<Experiment>([F16, F17, F18, F19, F33_CHANGES, F34_SWAP])("$id: $fault", async (experiment) => {
  const found = await experiment.run({ seed: 1, kills: 1, minutes: 1 });
  // What this machine cannot do to a process says so, instead of passing.
  if ("skipped" in found) console.log(`${experiment.id} skipped: ${found.skipped}`);
  else expect(found.filter(({ ok }) => !ok)).toEqual([]);
});
