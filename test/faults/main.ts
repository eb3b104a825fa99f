/** Does the faults to a real gateway, and prints what was asked for and what was seen. */
import { randomInt } from "node:crypto";
import { readOptions, refuseOptions } from "../../scripts/options.ts";
import type { Experiment, Figure } from "./experiment.ts";
import { EXPERIMENTS } from "./experiments.ts";

/** What clients left open is given up after a minute: in less a soak sees it grow, and not that it rests. */
const MIN_MINUTES = 5;

const USAGE = `npm run faults -- [F1 F5 …] [--seed N] [--kills N] [--minutes N] [--json]

Does faults to a real gateway, holds client, log, counters and upstream against each other, and prints what was asked for
and what was seen. Exit code 1 when a figure fails.

  --seed N      the same seed does the same (default: a random one, which is printed)
  --kills N     of F1 (default 200)
  --minutes N   of F36, the soak: 5 or more (default 10)
  --json        one object in place of the table

${EXPERIMENTS.map(({ id, fault, isLong }) => `  ${id.padEnd(14)}${fault}${isLong === true ? "; only when it is named" : ""}`).join("\n")}

  npm run faults -- F1 --kills 1000
  npm run faults -- F36 --minutes 60`;

const { values, positionals } = readOptions(USAGE, {
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    kills: { type: "string", default: "200" },
    minutes: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
  },
});
const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : Number(values.seed);
const kills = Number(values.kills);
const minutes = Number(values.minutes);
const problem = problemOf();
if (problem !== undefined) refuseOptions(problem);

interface Result {
  readonly id: string;
  readonly fault: string;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  readonly skipped?: string;
}

const wanted = EXPERIMENTS.filter(({ id, isLong }) =>
  positionals.length === 0 ? isLong !== true : positionals.includes(id),
);
if (!values.json)
  console.log(`seed ${seed}\n\n| fault | what | required | measured | |\n|---|---|---|---|---|`);
const results: Result[] = [];
for (const experiment of wanted) {
  const result = await runOne(experiment);
  results.push(result);
  if (!values.json) printOne(result);
}
const failed = results.flatMap(({ figures }) => figures).filter(({ ok }) => !ok).length;
if (values.json) console.log(JSON.stringify({ seed, failed, results }));
else console.log(`\n${results.length} experiments, ${failed} figures FAILED; again with --seed ${seed}`);
process.exit(failed === 0 ? 0 : 1);

async function runOne(experiment: Experiment): Promise<Result> {
  const { id, fault } = experiment;
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1000;
  try {
    const found = await experiment.run({ seed, kills, minutes });
    if ("skipped" in found) return { id, fault, seconds: seconds(), figures: [], skipped: found.skipped };
    return { id, fault, seconds: seconds(), figures: found };
  } catch (cause) {
    const measured = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    const figure = { what: "the experiment itself", required: "runs to its end", measured, ok: false };
    return { id, fault, seconds: seconds(), figures: [figure] };
  }
}

function printOne({ id, fault, seconds, figures, skipped }: Result): void {
  console.log(
    `| **${id}** ${fault} | | | ${skipped === undefined ? `${seconds.toFixed(0)} s` : `skipped: ${skipped}`} | |`,
  );
  for (const { what, required, measured, ok } of figures)
    console.log(`| | ${what} | ${required} | ${measured} | ${ok ? "ok" : "FAILED"} |`);
}

function problemOf(): string | undefined {
  const known = EXPERIMENTS.map(({ id }) => id);
  const unknown = positionals.filter((id) => !known.includes(id));
  if (unknown.length > 0) return `no experiment ${unknown.join(" ")}`;
  if (![seed, kills, minutes].every((value) => Number.isInteger(value) && value > 0))
    return "--seed, --kills and --minutes are whole numbers above 0";
  return minutes < MIN_MINUTES ? `--minutes is ${MIN_MINUTES} or more` : undefined;
}
