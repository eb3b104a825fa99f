/** Runs benches and reports what they measured. See README.md. */
import { readOptions, refuseOptions } from "../scripts/options.ts";
import type { Bench } from "./bench.ts";
import { LOAD_CORE, pinSelf } from "./cpu.ts";
import { line } from "./line.ts";
import { describeMachine, findPrograms } from "./machine.ts";
import { judge, keepResult, readThresholds, toMarkdown, writeResult } from "./report.ts";
import { answers } from "./sweeps/answers.ts";
import { audit } from "./sweeps/audit.ts";
import { catalogue } from "./sweeps/catalogue.ts";
import { hour } from "./sweeps/hour.ts";
import { grants, policies } from "./sweeps/kept.ts";
import { micro } from "./sweeps/micro.ts";
import { sizes } from "./sweeps/sizes.ts";
import { streams } from "./sweeps/streams.ts";
import { tools } from "./sweeps/tools.ts";

const BENCHES: Readonly<Record<string, Bench>> = {
  line,
  micro,
  sizes,
  answers,
  tools,
  policies,
  grants,
  streams,
  audit,
  catalogue,
  hour,
};

/** As shells have it for a program that was stopped. */
const STOPPED = 130;
const DEFAULT_ROUNDS = "9";
const DEFAULT_SECONDS = "2";
const DEFAULT_MINUTES = "60";

const { values, positionals } = readOptions(usage(), {
  allowPositionals: true,
  options: {
    check: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    rounds: { type: "string", default: DEFAULT_ROUNDS },
    seconds: { type: "string", default: DEFAULT_SECONDS },
    minutes: { type: "string", default: DEFAULT_MINUTES },
  },
});

function usage(): string {
  const list = Object.entries(BENCHES).map(([name, { what }]) => `  ${name.padEnd(10)}${what}`);
  return `npm run bench -- [<what> …] [--check] [--keep] [--rounds N] [--seconds N] [--minutes N]

Measures, and prints tables with what must hold. See bench/README.md.

${list.join("\n")}

  --check       exit code 1 when a ratio of thresholds.json does not hold
  --keep        puts what was measured into results.md
  --rounds N    visits to each contestant (default ${DEFAULT_ROUNDS}; three at most in sweeps)
  --seconds N   of each visit (default ${DEFAULT_SECONDS})
  --minutes N   of \`hour\` (default ${DEFAULT_MINUTES})

  npm run bench -- line --rounds 15
  npm run bench -- sizes streams --keep`;
}

function readCount(name: "rounds" | "seconds" | "minutes"): number {
  const count = Number(values[name]);
  return Number.isInteger(count) && count > 0
    ? count
    : refuseOptions(`--${name} must be a whole number above 0`);
}

/** Runs one bench and reports it; true when every threshold that it has a figure for holds. */
async function runBench(name: string, bench: Bench): Promise<boolean> {
  await using cleanup = new AsyncDisposableStack();
  const stop = () => {
    isStopped = true;
    void cleanup.disposeAsync().finally(() => process.exit(STOPPED));
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
  const result = await bench.run({ programs, cleanup, ...extent });
  const judgements = judge(result, thresholds[name] ?? {});
  const markdown = toMarkdown(result, judgements, machine);
  writeResult(result, judgements, machine, markdown);
  console.log(markdown);
  if (values.keep) keepResult(name, markdown, Object.keys(BENCHES));
  for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, stop);
  for (const { what, holds } of judgements) if (!holds) console.error(`${name}: does not hold: ${what}`);
  return judgements.every(({ holds }) => holds);
}

const names = positionals.length === 0 ? ["line"] : positionals;
const unknown = names.filter((name) => BENCHES[name] === undefined);
if (unknown.length > 0) refuseOptions(`no such bench: ${unknown.join(", ")}`);
const extent = {
  rounds: readCount("rounds"),
  seconds: readCount("seconds"),
  minutes: readCount("minutes"),
};
if (process.platform !== "linux") {
  console.error("the benches read CPU time and memory from /proc; run them on Linux");
  process.exit(2);
}
const thresholds = readThresholds();
const programs = findPrograms();
const machine = describeMachine();
if (programs.taskset !== undefined) pinSelf(LOAD_CORE);
let isStopped = false;
let doAllHold = true;
for (const name of names) {
  const bench = BENCHES[name];
  if (bench === undefined) continue;
  const holds = await runBench(name, bench).catch((cause: unknown) => {
    if (!isStopped) throw cause;
    // What was stopped fails everywhere; the end of the process is under way.
    return new Promise<boolean>(() => {});
  });
  if (!holds) doAllHold = false;
}
if (values.check && !doAllHold) process.exit(1);
