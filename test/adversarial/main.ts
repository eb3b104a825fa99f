/** Everything hostile at once, with its counts. */
import { join } from "node:path";
import { readOptions, refuseOptions } from "../../scripts/options.ts";
import { checkAftermath, takeBaseline } from "./aftermath.ts";
import { readAnswers, runAnswers } from "./answers.ts";
import { readCatalogues } from "./catalogues.ts";
import { openWorld, type World } from "./cells.ts";
import { openClockWorld } from "./clock-world.ts";
import { readClocks } from "./clocks.ts";
import { type Family, readCorpus } from "./corpus.ts";
import { readDamage } from "./damage.ts";
import { readEvasion } from "./evasion.ts";
import { runFaults } from "./faults.ts";
import { readFraming, runFraming } from "./framing.ts";
import { runLineAnswers } from "./line-answers.ts";
import { runMatrix } from "./matrix.ts";
import { runMoments } from "./moments.ts";
import { differentInPython } from "./python-reader.ts";
import { runCatalogues } from "./run-catalogues.ts";
import { runClocks } from "./run-clocks.ts";
import { type CorpusRun, runCorpus } from "./run-corpus.ts";
import { runBrokenFiles, runDamage } from "./run-damage.ts";
import { runBrokenLogs, runCuts } from "./run-evasion.ts";
import { runMutations } from "./run-mutations.ts";
import { runOutlets } from "./run-outlets.ts";
import { compareAnswers, compareTimes } from "./strangers.ts";
import { keepLog, readTampering, tamper } from "./tampering.ts";

const USAGE = `npm run adversarial -- [--runs N] [--seed N] [--from N]

Sends everything hostile to real gateways, and prints how much of it there was. Exit code 1 on a failure.

  --runs N   mutants of the corpus (default 5000)
  --seed N   the same seed makes the same mutants
  --from N   the mutants alone, from the N-th of that seed on; a multiple of 5,000

  npm run adversarial -- --runs 100000
  npm run adversarial -- --seed 7 --from 20000`;

const { values } = readOptions(USAGE, {
  options: { runs: { type: "string", default: "5000" }, seed: { type: "string" }, from: { type: "string" } },
});
const runs = Number(values.runs);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const from = Number(values.from ?? 0);
if (![runs, seed, from].every((number) => Number.isInteger(number) && number >= 0) || from % 5_000 !== 0)
  refuseOptions("--runs, --seed and --from are whole numbers, --from a multiple of 5,000");

/** Answers to each kind of stranger. */
const TIMED_SAMPLES = 2_500;
const failures: string[] = [];
{
  await using world = await openWorld();
  const baseline = await takeBaseline(world);
  const families = readCorpus();

  if (values.from === undefined) await runAllElse(families, world);

  const mutants = await runMutations(families, world, {
    runs,
    seed,
    from,
    onProgress: (inputs) => console.log(`mutants     ${inputs} of ${runs}, ${memory()}`),
  });
  if (mutants.failure !== undefined) failures.push(`mutants: ${mutants.failure}`);
  console.log(`mutants     ${mutants.inputs} inputs, ${mutants.heard} heard by the upstream, seed ${seed}`);

  for (const process of baseline.keys())
    console.log(`event loop  held up for ${process.longestBlockMs.toFixed(1)} ms at most`);
  failures.push(...(await checkAftermath(world, baseline)));
}
for (const failure of failures) console.log(`FAILED  ${failure}`);
console.log(`${failures.length} failures, seed ${seed}`);
process.exitCode = failures.length === 0 ? 0 : 1;

function memory(): string {
  return `${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB here`;
}

async function runAllElse(families: readonly Family[], world: World): Promise<void> {
  const corpus = await runCorpus(families, world);
  printCounts(corpus);
  failures.push(...corpus.failures);
  const different = differentInPython(corpus.admitted);
  failures.push(...(different ?? []).map((name) => `${name}: Python reads another call`));
  console.log(
    `python      ${different === undefined ? "not on this machine" : `${corpus.admitted.length} calls read again`}`,
  );

  const answers = readAnswers();
  const heard = await runAnswers(answers, world);
  failures.push(...heard.failures);
  console.log(`answers     ${answers.length} answers, ${heard.cells} cells`);

  const onLines = await runLineAnswers(answers, world);
  failures.push(...onLines.failures);
  console.log(`on lines    ${answers.length} answers, ${onLines.cells} cells`);

  const framing = readFraming();
  const framed = await runFraming(framing, world);
  failures.push(...framed.failures);
  console.log(`framing     ${framing.length} cases, ${framed.cells} cells`);

  const catalogues = readCatalogues();
  const listed = await runCatalogues(catalogues, world);
  failures.push(...listed.failures);
  const { http, run } = listed.cells;
  console.log(`tool lists  ${catalogues.length} lists, ${http} cells over HTTP, ${run} with \`run\``);

  const moments = await runMoments(world);
  failures.push(...moments.failures);
  console.log(`moments     ${moments.cells} changes of what governs while a call is on its way`);

  const { cases, files } = readDamage();
  const damaged = await runDamage(cases, world);
  const refused = await runBrokenFiles(files, world);
  failures.push(...damaged.failures, ...refused.failures);
  console.log(
    `damage      ${damaged.cells} ways to damage what governs, ${refused.cells} files that are no policy`,
  );

  const faults = await runFaults();
  failures.push(...faults.failures);
  console.log(`faults      ${faults.cells} calls of the line to its parts, each of which failed once`);

  const { logs, cuts, outlets } = readEvasion();
  const broken = await runBrokenLogs(logs, world);
  const cut = await runCuts(cuts, world);
  const outlet = await runOutlets(outlets, world);
  failures.push(...broken.failures, ...cut.failures, ...outlet.failures);
  console.log(
    `evasion     ${broken.cells} broken logs, ${cut.cells} ways to leave, ${outlet.cells} runs without a log`,
  );

  const tampering = readTampering();
  const kept = await keepLog(join(world.folder, "kept.db"));
  const missed = tampering.filter(
    (written) =>
      tamper(join(world.folder, "changed.db"), written, kept).ok !== (written.expect === "verified"),
  );
  failures.push(...missed.map(({ name, expect }) => `tampering ${name}: it is not ${expect}`));
  console.log(`tampering   ${tampering.length} changes of a log on the disk`);

  await using clockWorld = await openClockWorld();
  const clocks = readClocks();
  const set = await runClocks(clocks, clockWorld);
  failures.push(...set.failures);
  console.log(`clocks      ${clocks.length} limits and conditions, ${set.cells} settings of the clock`);

  const matrix = await runMatrix(world);
  failures.push(...matrix.failures);
  console.log(`matrix      ${matrix.cells} cells, ${matrix.successes} of them may succeed`);

  const told = await compareAnswers(world);
  const timed = await compareTimes(TIMED_SAMPLES, world);
  failures.push(...told.failures, ...timed.failures);
  console.log(`strangers   ${told.cells} answers compared, ${timed.cells} timed`);
}

function printCounts({ counts, cells }: CorpusRun): void {
  let cases = 0;
  for (const [family, byClass] of counts) {
    const parts = [...byClass].map(([kind, count]) => `${count} ${kind}`);
    for (const count of byClass.values()) cases += count;
    console.log(`corpus      ${family}: ${parts.join(", ")}`);
  }
  console.log(`corpus      ${cases} cases in ${counts.size} families, ${cells} cells`);
}
