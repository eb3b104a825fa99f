/** `npm run fuzz -- --seconds 60 --seed N`: fuzzes the reader of messages and the parser of policies. */
import { parseArgs } from "node:util";
import { JSON_POLICIES, STRICT_READING, YAML_POLICIES } from "./fuzz-targets.ts";
import { runFuzz } from "./run-fuzz.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const targets = [STRICT_READING, JSON_POLICIES, YAML_POLICIES];
let isFine = Number.isFinite(seconds) && seconds > 0 && Number.isInteger(seed);
if (!isFine) console.error("usage: npm run fuzz -- [--seconds N] [--seed N]");
else {
  for (const target of targets) {
    const { inputs, kept, branches, failure } = runFuzz(target, seconds / targets.length, seed);
    const rate = Math.round(inputs / (seconds / targets.length));
    console.log(
      `${target.name}: ${inputs} inputs (${rate}/s), ${branches} branches, ${kept} kept, seed ${seed}`,
    );
    if (failure !== undefined) console.log(`FAILED  ${target.name}: ${failure}`);
    isFine &&= failure === undefined;
  }
}
process.exitCode = isFine ? 0 : 1;
