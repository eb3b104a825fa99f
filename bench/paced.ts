/** Latency at a rate that every contestant bears: what governance adds when nothing waits for a core. */
import { type Spread, shownSpread, spreadOf } from "./figures.ts";
import type { Table } from "./report.ts";
import { MAX_FOREIGN, type Plan, runRounds, type Visit } from "./rounds.ts";

const PER_SECOND = 1_500;

export interface Measured {
  readonly table: Table;
  readonly measured: Readonly<Record<string, Spread>>;
  readonly notes: readonly string[];
}

export async function measurePaced(plan: Plan): Promise<Measured> {
  const contestants = plan.contestants.filter(({ name }) => name === "bare" || name === "governed");
  const load = { ...plan.load, perSecond: PER_SECOND };
  const visits = await runRounds({ ...plan, contestants, load });
  const bare = visits.get("bare") ?? [];
  const governed = visits.get("governed") ?? [];
  const p50 = (visit: Visit) => visit.p50Ms;
  const p99 = (visit: Visit) => visit.p99Ms;
  const added = (figure: (visit: Visit) => number) =>
    spreadOf(
      governed.map(
        (visit, round) => figure(visit) - (bare[round] === undefined ? Number.NaN : figure(bare[round])),
      ),
    );
  const rows = contestants.map(({ name, title }) => {
    const list = visits.get(name) ?? [];
    const shownOf = (figure: (visit: Visit) => number) => shownSpread(spreadOf(list.map(figure)));
    return [title, shownOf((visit) => visit.callsPerSecond), shownOf(p50), shownOf(p99)];
  });
  rows.push(["added", "", shownSpread(added(p50)), shownSpread(added(p99))]);
  const disturbed = [...bare, ...governed].filter(({ foreign }) => foreign > MAX_FOREIGN).length;
  return {
    table: { title: "Latency at 1,500 calls/s", head: ["what", "calls/s", "p50 ms", "p99 ms"], rows },
    measured: { "paced-added-p50-ms": added(p50), "paced-added-p99-ms": added(p99) },
    notes:
      disturbed === 0
        ? []
        : [`Latency: the machine was not quiet in ${disturbed} of ${bare.length * 2} visits.`],
  };
}
