/** The table: what a call costs with each contestant, in one interleaved run. */
import type { Bench, Context } from "./bench.ts";
import type { Contestant } from "./contestants/contestant.ts";
import { direct, startBare, startNginx, startTransport } from "./contestants/pass-through.ts";
import { KINDS, startPortcullis } from "./contestants/portcullis.ts";
import { type Running, startUpstream } from "./contestants/running.ts";
import { startMcpProxy, startSdk } from "./contestants/sdk.ts";
import { type Spread, shown, shownSpread, spreadOf } from "./figures.ts";
import { measurePaced } from "./paced.ts";
import { prove } from "./proof.ts";
import type { Result, Table } from "./report.ts";
import { MAX_FOREIGN, runRounds, type Visit, type Visits } from "./rounds.ts";
import { measureStarts } from "./starts.ts";
import { measureTurns, type Turns } from "./turns.ts";

export const line: Bench = {
  what: "calls/s and CPU per call of every contestant, latency at 1,500 calls/s, memory, start",
  run: measure,
};

/** Below this a proxy waits for its load, and has no batches to commit together. */
const SATURATED = 0.9;
const MB = 1e6;
/** Engines compile for seconds before they are what they will be. */
const WARM_UP = { rounds: 2, load: { seconds: 3 }, repeats: 0 } as const;

async function measure(context: Context): Promise<Result> {
  const { programs, cleanup, rounds, seconds } = context;
  const upstream = cleanup.use(await startUpstream(programs));
  const starts = await measureStarts(context, upstream);
  const contestants = await startAll(context, upstream);
  for (const contestant of contestants) await prove(contestant);
  const idle = new Map(contestants.map(({ name, proxy }) => [name, proxy?.residentBytes() ?? Number.NaN]));
  const plan = { contestants, rounds, load: { seconds }, upstream, programs };
  const compiling = contestants.filter(({ name }) => name !== "direct" && name !== "nginx");
  await runRounds({ ...plan, ...WARM_UP, contestants: compiling });
  const visits = await runRounds(plan);
  const turns = await measureTurns(contestants, programs);
  const paced = await measurePaced(plan);
  return {
    name: "line",
    tables: [mainTable(contestants, visits, idle), turns.table, paced.table, starts.table],
    measured: { ...ratios(visits, turns), ...memory(visits, idle), ...paced.measured, ...starts.measured },
    notes: [...notesOf(contestants, visits), ...paced.notes],
  };
}

async function startAll(context: Context, upstream: Running): Promise<readonly Contestant[]> {
  const { programs, cleanup } = context;
  const own = (contestant: Contestant) => {
    cleanup.use(contestant.proxy);
    return contestant;
  };
  const nginx = await startNginx(programs, upstream, cleanup);
  const contestants = [direct(upstream), ...(nginx === undefined ? [] : [nginx])];
  for (const start of [startBare, startTransport]) contestants.push(own(await start(programs, upstream)));
  for (const kind of KINDS) contestants.push(await startPortcullis(kind, programs, upstream, cleanup));
  for (const version of [1, 2] as const) contestants.push(own(await startSdk(version, programs, upstream)));
  contestants.push(own(await startMcpProxy(programs)));
  return contestants;
}

function mainTable(
  contestants: readonly Contestant[],
  visits: Visits,
  idle: ReadonlyMap<string, number>,
): Table {
  const of = (name: string, figure: (visit: Visit) => number) =>
    spreadOf((visits.get(name) ?? []).map(figure));
  const rows = contestants.map(({ name, title }) => {
    const resident = of(name, (visit) => visit.residentBytes / MB).max;
    return [
      title,
      shownSpread(of(name, (visit) => visit.callsPerSecond)),
      shownSpread(of(name, (visit) => visit.cpuMicros)),
      shownSpread(ratio(visits, name, "bare", (visit) => visit.callsPerSecond)),
      `${shown(of(name, (visit) => visit.p50Ms).median)} / ${shown(of(name, (visit) => visit.p99Ms).median)}`,
      shown(of(name, (visit) => visit.busy).median),
      `${shown((idle.get(name) ?? Number.NaN) / MB)} / ${shown(resident)}`,
    ];
  });
  const head = ["what", "calls/s", "CPU µs per call", "calls/s against bare", "p50 / p99 ms", "core used"];
  return {
    title: "One core for the proxy, 32 connections, 503-byte `tools/call`",
    head: [...head, "MB idle / saturated"],
    rows,
  };
}

/** Round by round, so that a slow minute of the machine is the same for both. */
function ratio(visits: Visits, name: string, base: string, figure: (visit: Visit) => number): Spread {
  const bases = visits.get(base) ?? [];
  const values = (visits.get(name) ?? []).map((visit, round) => {
    const other = bases[round];
    return other === undefined ? Number.NaN : figure(visit) / figure(other);
  });
  return spreadOf(values);
}

function ratios(visits: Visits, turns: Turns): Record<string, Spread> {
  const calls = (visit: Visit) => visit.callsPerSecond;
  return {
    "governed-to-bare": ratio(visits, "governed", "bare", calls),
    ...(visits.has("nginx") ? { "governed-cpu-to-nginx": turns.ratio("governed", "nginx") } : {}),
    "governed-to-line": turns.ratio("line-allow-all", "governed"),
    "sdk-1-cpu": turns.ratio("sdk-1", "governed-legacy"),
    "sdk-2-cpu": turns.ratio("sdk-2", "governed-legacy"),
    "mcp-proxy-cpu": turns.ratio("mcp-proxy", "governed-legacy"),
  };
}

function memory(visits: Visits, idle: ReadonlyMap<string, number>): Record<string, Spread> {
  const saturated = spreadOf((visits.get("governed") ?? []).map((visit) => visit.residentBytes / MB));
  return {
    "memory-idle-mb": spreadOf([(idle.get("governed") ?? Number.NaN) / MB]),
    "memory-saturated-mb": spreadOf([saturated.max]),
  };
}

function notesOf(contestants: readonly Contestant[], visits: Visits): readonly string[] {
  const notes: string[] = [];
  for (const { name, title, proxy } of contestants) {
    const list = visits.get(name) ?? [];
    const busy = spreadOf(list.map((visit) => visit.busy)).median;
    if (proxy !== undefined && busy < SATURATED) {
      notes.push(
        `${title}: used ${shown(busy)} of its core, so it was not saturated; its calls/s are the load's limit.`,
      );
    }
    const disturbed = list.filter(({ foreign }) => foreign > MAX_FOREIGN);
    if (disturbed.length > 0) {
      const most = shown(Math.max(...disturbed.map(({ foreign }) => foreign)) * 100);
      notes.push(
        `${title}: the machine was not quiet in ${disturbed.length} of ${list.length} rounds (others used up to ${most} % of it).`,
      );
    }
  }
  return notes;
}
