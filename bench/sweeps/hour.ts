/** Calls for an hour: whether memory grows, and whether calls get slower as the log gets longer. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Context } from "../bench.ts";
import { sitePath } from "../contestants/contestant.ts";
import { makeDataFolder, register } from "../contestants/data-folder.ts";
import { realisticPolicy } from "../contestants/policies.ts";
import { startGateway, toContestant } from "../contestants/portcullis.ts";
import { startUpstream } from "../contestants/running.ts";
import { median, type Spread, shown, shownSpread, slope, spreadOf } from "../figures.ts";
import { prove } from "../proof.ts";
import type { Result, Table } from "../report.ts";
import { MAX_FOREIGN, type Visit, visit } from "../rounds.ts";

export const hour: Bench = {
  what: "an hour at 1,500 calls/s (--minutes N): memory, latency and CPU as time goes on",
  run: measure,
};

const PER_SECOND = 1_500;
const MINUTE_S = 60;
const LOOK_MS = 1_000;
const MB = 1e6;
/** Until caches are full and code is compiled: this part of the time. */
const WARM_PART = 0.25;
/** Rows of the table. */
const PARTS = 6;

/** What one minute showed. */
interface Minute extends Visit {
  /** Resident memory, each second. */
  readonly looks: readonly number[];
  /** What the data folder had grown to at its end; the log, in the main. */
  readonly dataBytes: number;
}

async function measure({ programs, cleanup, minutes }: Context): Promise<Result> {
  const upstream = cleanup.use(await startUpstream(programs));
  const dataDir = makeDataFolder(cleanup);
  const kind = { name: "governed", title: "Portcullis, governed", era: "modern" } as const;
  const upstreamUrl = upstream.url + sitePath("modern");
  const registered = register(dataDir, { ...kind, upstreamUrl, policy: realisticPolicy(20) });
  const proxy = cleanup.use(await startGateway(dataDir, { programs }));
  const contestant = await toContestant(kind, proxy, registered);
  await prove(contestant);
  const load = { seconds: MINUTE_S, perSecond: PER_SECOND };
  const plan = { contestants: [contestant], rounds: minutes, load, upstream, programs };
  const seen: Minute[] = [];
  while (seen.length < minutes) {
    const looks: number[] = [];
    const looking = setInterval(() => looks.push(proxy.residentBytes()), LOOK_MS);
    const found = await visit(contestant, plan).finally(() => clearInterval(looking));
    seen.push({ ...found, looks, dataBytes: sizeOf(dataDir) });
    console.error(`minute ${seen.length} of ${minutes}: ${shown(median(looks) / MB)} MB`);
  }
  return {
    name: "hour",
    tables: [byParts(seen)],
    measured: { "hour-growth-percent": growth(seen.slice(Math.floor(WARM_PART * seen.length))) },
    notes: notesOf(seen),
  };
}

/** How much of itself resident memory grew by from the first minute to the last, by its slope, in percent. */
function growth(seen: readonly Minute[]): Spread {
  const looks = seen.flatMap((minute) => minute.looks);
  const perLook = slope(looks.map((bytes, at) => [at, bytes]));
  return spreadOf([(100 * perLook * looks.length) / median(looks)]);
}

function byParts(seen: readonly Minute[]): Table {
  const size = Math.ceil(seen.length / PARTS);
  const parts = Array.from({ length: PARTS }, (_, at) => seen.slice(at * size, (at + 1) * size));
  const rows = parts
    .filter((part) => part.length > 0)
    .map((part, at) => {
      const of = (figure: (minute: Minute) => number) => shownSpread(spreadOf(part.map(figure)));
      return [
        `${at * size + 1} to ${at * size + part.length}`,
        shownSpread(spreadOf(part.flatMap(({ looks }) => looks).map((bytes) => bytes / MB))),
        of(({ callsPerSecond }) => callsPerSecond),
        of(({ p50Ms }) => p50Ms),
        of(({ p99Ms }) => p99Ms),
        of(({ cpuMicros }) => cpuMicros),
        shown((part.at(-1)?.dataBytes ?? Number.NaN) / MB),
      ];
    });
  return {
    title: `Portcullis, governed, at ${PER_SECOND.toLocaleString("en-US")} calls/s`,
    head: ["minutes", "MB resident", "calls/s", "p50 ms", "p99 ms", "CPU µs per call", "MB of data folder"],
    rows,
  };
}

function notesOf(seen: readonly Minute[]): readonly string[] {
  const calls = seen.reduce((sum, minute) => sum + minute.calls, 0);
  const disturbed = seen.filter(({ foreign }) => foreign > MAX_FOREIGN).length;
  const said = `${calls.toLocaleString("en-US")} calls, none failed; 32 new connections each minute.`;
  return disturbed === 0 ? [said] : [said, `The machine was not quiet in ${disturbed} minutes.`];
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { name }) => sum + statSync(join(folder, name)).size, 0);
}
