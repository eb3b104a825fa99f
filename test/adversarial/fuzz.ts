/** Fuzzes the reader of messages and the parser of policies. */
import { readOptions, refuseOptions } from "../../scripts/options.ts";
import { JSON_POLICIES, STRICT_READING, YAML_POLICIES } from "./fuzz-targets.ts";
import { runFuzz } from "./run-fuzz.ts";

const USAGE = `npm run fuzz -- [--seconds N] [--seed N]

Fuzzes the reader of messages and the parsers of policies, guided by what they cover. Exit code 1 on a failure.

  --seconds N   for all together (default 60)
  --seed N      the same seed makes the same inputs

  npm run fuzz -- --seconds 600`;

const { values } = readOptions(USAGE, {
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const targets = [STRICT_READING, JSON_POLICIES, YAML_POLICIES];
if (!(seconds > 0 && Number.isFinite(seconds)) || !Number.isInteger(seed))
  refuseOptions("--seconds is a number above 0, and --seed a whole number");
for (const target of targets) {
  const { inputs, kept, branches, failure } = runFuzz(target, seconds / targets.length, seed);
  const rate = Math.round(inputs / (seconds / targets.length));
  console.log(
    `${target.name}: ${inputs} inputs (${rate}/s), ${branches} branches, ${kept} kept, seed ${seed}`,
  );
  if (failure === undefined) continue;
  console.log(`FAILED  ${target.name}: ${failure}`);
  process.exitCode = 1;
}
