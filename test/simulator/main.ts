/** The line of a call with injected clock, network and store, from a printed seed. */
import { randomInt } from "node:crypto";
import { readOptions, refuseOptions } from "../../scripts/options.ts";
import { simulate } from "./simulate.ts";
import type { WorldReport } from "./world.ts";

const USAGE = `npm run simulate -- [--seed N] [--calls N] [--json]

Runs the line of a call, the counters and the log with injected clock, network and store. The same seed is the same
history. Exit code 1 when a promise was broken.

  --seed N    of the first history (default: a random one, which is printed)
  --calls N   default 1000000
  --json      one object in place of lines

  npm run simulate -- --seed 7 --calls 25000`;

const { values } = readOptions(USAGE, {
  options: {
    seed: { type: "string" },
    calls: { type: "string", default: "1000000" },
    json: { type: "boolean", default: false },
  },
});
const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : Number(values.seed);
const calls = Number(values.calls);
if (!Number.isInteger(seed) || !Number.isInteger(calls) || calls < 1)
  refuseOptions("--seed and --calls are whole numbers");

const startedMs = performance.now();
if (!values.json) console.log(`seed ${seed}, ${calls} calls\n`);
const report = await simulate(seed, calls, values.json ? undefined : printWorld);
const violations = report.worlds.flatMap((world) => world.violations);
const seconds = (performance.now() - startedMs) / 1000;
if (values.json) console.log(JSON.stringify({ ...report, seconds, violations: violations.length }));
else printTotal();
process.exit(violations.length === 0 ? 0 : 1);

function printWorld(world: WorldReport): void {
  const { calls, ran, deniedByLimit, refunds, crashes, storeFaults, revocations, edits, clockJumps } = world;
  const told = { calls, ran, deniedByLimit, refunds, crashes, storeFaults, revocations, edits, clockJumps };
  const text = Object.entries(told).map(([name, count]) => `${name} ${count}`);
  console.log(
    `${world.violations.length === 0 ? "ok    " : "FAILED"} seed ${world.seed}: ${text.join(", ")}`,
  );
  for (const violation of world.violations) console.log(`       ${violation}`);
}

function printTotal(): void {
  const perCall = ((seconds * 1e6) / report.calls).toFixed(0);
  console.log(
    `\n${report.calls} calls in ${seconds.toFixed(1)} s (${perCall} µs each), history ${report.history}`,
  );
  console.log(`${violations.length} violations; play again with --seed ${seed} --calls ${calls}`);
}
