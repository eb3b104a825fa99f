import { existsSync, statSync } from "node:fs";
import { slope } from "../../bench/figures.ts";
import { type Random, seededRandom } from "../../packages/policy/test/reference/random.ts";
import { atMost, type Experiment, exactly, type Figure, info, promises } from "./experiment.ts";
import { Load, percentile } from "./load.ts";
import { heldMiB, openFiles, PROBED, residentMiB } from "./process-figures.ts";
import { brokenPromises, type Reconciliation } from "./reconciler.ts";
import { Rig, type Served } from "./rig.ts";
import { RollingBooks } from "./rolling-books.ts";
import { Churn } from "./soak-churn.ts";
import { SoakFaults } from "./soak-faults.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const MIB = 1024 * 1024;
const PART_OF_LOAD = 0.6;
const FAULT_ONE_IN = 100;
const CAP = 10_000;
const CONNECTIONS = 128;
const SATURATION_MS = 10 * SECOND_MS;
/** Often, so that none takes long: the calls come from this process, too. */
const SWEEP_MS = SECOND_MS / 2;
/** Until caches are full and code is compiled: this part of the time. */
const WARM_PART = 0.25;
/** By this part of itself may memory grow from then on, however long the run is. */
const MAX_GROWTH = 0.05;
const MAX_HELD_MIB = 8;
const MAX_FILES = 16;
/** A kept connection of a client that went away is given up after 65 s. */
const OVER_MS = 75 * SECOND_MS;

/** The gateway's process at one moment. */
interface Look {
  readonly atMs: number;
  readonly memoryMiB: number;
  readonly files: number;
}

/** What was seen from the warm state on. */
interface Watched {
  readonly looks: readonly Look[];
  /** The p99 of each minute by the gateway's clock, in ms; the first one from the start on. */
  readonly p99sMs: readonly number[];
  /** Calls that met no fault of their own and failed all the same. */
  readonly failed: number;
}

/** F36: so many minutes at 60 % of the load that the rig bears, with 1 % faults of all kinds beside it. */
export async function soak(minutes: number, seed: number): Promise<readonly Figure[]> {
  const random = seededRandom(seed);
  await using rig = await Rig.open({ cap: CAP });
  const served = await rig.serve({ node: PROBED });
  const most = new Load(rig.target(served), CONNECTIONS);
  const mostPerSecond = await saturate(most);
  const books = new RollingBooks(rig);
  books.note(most.calls.splice(0));
  await most.close();
  const files = openFiles(served.pid);
  const beforeMiB = await heldMiB(served);
  const load = new Load(rig.target(served), CONNECTIONS);
  await using faults = await SoakFaults.open(rig, served, random, seed);
  const churn = new Churn(rig, served);
  const offering = load.offer(PART_OF_LOAD * mostPerSecond, () => nextTool(random, faults));
  const watched = await watch({ served, load, faults, churn, books }, minutes * MINUTE_MS);
  load.end();
  const perSecond = await offering;
  await faults.over();
  books.note([...load.calls.splice(0), ...faults.takeCalls(), ...churn.takeCalls()]);
  await load.close();
  const filesAfter = await restingFiles(served, files);
  const afterMiB = await heldMiB(served);
  const bytes = sizeOf(rig.folder.ledgerFile) + sizeOf(`${rig.folder.ledgerFile}-wal`);
  await rig.stop(served);
  const found = books.close();
  const share = `${perSecond.toFixed(0)} a second of ${mostPerSecond.toFixed(0)}`;
  return [
    ...memoryFigures(watched, [beforeMiB, afterMiB]),
    ...fileFigures(watched, filesAfter - files),
    ...bookFigures(found, churn),
    info(
      "calls",
      `${found.calls}, ${share}, ${found.executions} ran, ${(bytes / MIB).toFixed(0)} MiB of log`,
    ),
    info("  p99 of plain ones by the gateway's clock, by the minute", told(watched.p99sMs)),
    info("  failed, beside the faults", String(watched.failed)),
    info("faults", [...faults.happened].map(([name, times]) => `${name} ${times}`).join(", ")),
  ];
}

/** Calls a second that are reached when clients do not wait. */
async function saturate(load: Load): Promise<number> {
  const running = load.run(CONNECTIONS / 2, () => "pay");
  await new Promise((resolve) => setTimeout(resolve, SATURATION_MS / 2));
  const seen = load.calls.length;
  await new Promise((resolve) => setTimeout(resolve, SATURATION_MS / 2));
  const perSecond = (load.calls.length - seen) / (SATURATION_MS / 2 / SECOND_MS);
  load.end();
  await running;
  return perSecond;
}

function nextTool(random: Random, faults: SoakFaults): string {
  if (random.oneIn(FAULT_ONE_IN)) faults.happen();
  return random.pick(["pay", "pay", "pay", "capped", "drop"]);
}

interface World {
  readonly served: Served;
  readonly load: Load;
  readonly faults: SoakFaults;
  readonly churn: Churn;
  readonly books: RollingBooks;
}

const FAILED = new Set(["failed", "cut", "unavailable"]);

/** Looks at the process and at the books until the time is over. */
async function watch({ served, load, faults, churn, books }: World, ms: number): Promise<Watched> {
  const startedMs = performance.now();
  const passedMs = () => performance.now() - startedMs;
  const looks: Look[] = [];
  const p99sMs: number[] = [];
  let failed = 0;
  while (passedMs() < ms) {
    await new Promise((resolve) => setTimeout(resolve, SWEEP_MS));
    await churn.turn();
    const calls = load.calls.splice(0);
    failed += calls.filter(({ outcome }) => FAILED.has(outcome)).length;
    books.note([...calls, ...faults.takeCalls(), ...churn.takeCalls()]);
    books.sweep();
    if (passedMs() < WARM_PART * ms) continue;
    looks.push({
      atMs: performance.now(),
      memoryMiB: residentMiB(served.pid),
      files: openFiles(served.pid),
    });
    if (looks.length % (MINUTE_MS / SWEEP_MS) !== 0) continue;
    p99sMs.push(percentile(books.takeLatencies(), 0.99));
  }
  return { looks, p99sMs, failed };
}

function memoryFigures(
  { looks }: Watched,
  [beforeMiB, afterMiB]: readonly [number, number],
): readonly Figure[] {
  const perMs = slope(looks.map(({ atMs, memoryMiB }) => [atMs, memoryMiB]));
  const mean = looks.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0) / looks.length;
  const growth = perMs * ((looks.at(-1)?.atMs ?? 0) - (looks[0]?.atMs ?? 0));
  const perHour = `${(perMs * HOUR_MS).toFixed(1)} MiB/h`;
  return [
    {
      what: "growth of resident memory, by its slope",
      required: `≤ ${100 * MAX_GROWTH} % in all`,
      measured: `${((100 * growth) / mean).toFixed(1)} % of ${mean.toFixed(0)} MiB, ${perHour}`,
      ok: growth <= MAX_GROWTH * mean,
    },
    atMost(
      `  held at rest after it, beyond ${beforeMiB.toFixed(0)} MiB`,
      afterMiB - beforeMiB,
      MAX_HELD_MIB,
      " MiB",
    ),
  ];
}

function fileFigures({ looks }: Watched, after: number): readonly Figure[] {
  const third = Math.ceil(looks.length / 3);
  const middle = (some: readonly Look[]) =>
    percentile(
      some.map(({ files }) => files),
      0.5,
    );
  const [first, last] = [middle(looks.slice(0, third)), middle(looks.slice(-third))];
  return [
    atMost(`open files in the last third, beyond ${first} in the first`, last - first, MAX_FILES),
    atMost("  when all is over, beyond those before", after, MAX_FILES),
  ];
}

function bookFigures(found: Reconciliation, churn: Churn): readonly Figure[] {
  return [
    exactly("executions without an intent", found.lost, 0),
    exactly("over-admission", found.overAdmitted, 0),
    exactly("tokens that worked after their end, or did not before", churn.wrong, 0),
    // What failed or was cut may have been charged and not have run: how much, is told.
    promises(brokenPromises(found, { drift: found.calls })),
    info("unknown outcomes, and charges of what did not run", `${found.unknown}, ${found.drift}`),
  ];
}

async function restingFiles({ pid }: Served, enough: number): Promise<number> {
  const startedMs = performance.now();
  while (openFiles(pid) > enough && performance.now() - startedMs < OVER_MS)
    await new Promise((resolve) => setTimeout(resolve, SECOND_MS));
  return openFiles(pid);
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

function told(times: readonly number[]): string {
  return `${percentile(times, 0.5).toFixed(1)} ms, at worst ${Math.max(...times).toFixed(1)} ms`;
}

export const F36: Experiment = {
  id: "F36",
  fault: "1 % faults of all kinds at 60 % load",
  isLong: true,
  run: ({ seed, minutes }) => soak(minutes, seed),
};
