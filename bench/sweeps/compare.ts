/** What sweeps have in common: bare pass-through and the governed gateway, point by point. */

import type { Context } from "../bench.ts";
import type { Contestant } from "../contestants/contestant.ts";
import type { Running } from "../contestants/running.ts";
import { type Spread, shownSpread, spreadOf } from "../figures.ts";
import { MAX_FOREIGN, runRounds, type Visit, type Visits } from "../rounds.ts";

/** Sweeps have many points; three rounds each are enough to see a shape. */
const MAX_ROUNDS = 3;

export async function sweep(
  context: Context,
  upstream: Running,
  contestants: readonly Contestant[],
): Promise<Visits> {
  const { programs, seconds } = context;
  const plan = { contestants, upstream, programs };
  await runRounds({ ...plan, rounds: 1, load: { seconds: 1 }, repeats: 0 });
  return runRounds({ ...plan, rounds: Math.min(MAX_ROUNDS, context.rounds), load: { seconds } });
}

export function figureOf(visits: Visits, name: string, figure: (visit: Visit) => number): Spread {
  return spreadOf((visits.get(name) ?? []).map(figure));
}

export const callsPerSecond = (visit: Visit): number => visit.callsPerSecond;
export const cpuMicros = (visit: Visit): number => visit.cpuMicros;

/** CPU per call that `name` costs more than `base`, µs, round by round. */
export function addedMicros(visits: Visits, name: string, base: string): Spread {
  const bases = visits.get(base) ?? [];
  return spreadOf(
    (visits.get(name) ?? []).map((visit, round) => visit.cpuMicros - (bases[round]?.cpuMicros ?? Number.NaN)),
  );
}

/** CPU per call of `name` against `base`, round by round. */
export function cpuRatio(visits: Visits, name: string, base: string): Spread {
  const bases = visits.get(base) ?? [];
  return spreadOf(
    (visits.get(name) ?? []).map((visit, round) => visit.cpuMicros / (bases[round]?.cpuMicros ?? Number.NaN)),
  );
}

/** `calls/s`, `CPU µs` of bare and governed, and the difference. */
export const HEAD = [
  "bare calls/s",
  "governed calls/s",
  "bare CPU µs",
  "governed CPU µs",
  "added CPU µs",
] as const;

export function cells(visits: Visits, point: string): readonly string[] {
  const [bare, governed] = [`bare-${point}`, `governed-${point}`];
  return [
    shownSpread(figureOf(visits, bare, callsPerSecond)),
    shownSpread(figureOf(visits, governed, callsPerSecond)),
    shownSpread(figureOf(visits, bare, cpuMicros)),
    shownSpread(figureOf(visits, governed, cpuMicros)),
    shownSpread(addedMicros(visits, governed, bare)),
  ];
}

/** One line when the machine was not quiet. */
export function quietNotes(visits: Visits): readonly string[] {
  const all = [...visits.values()].flat();
  const disturbed = all.filter(({ foreign }) => foreign > MAX_FOREIGN).length;
  return disturbed === 0 ? [] : [`The machine was not quiet in ${disturbed} of ${all.length} visits.`];
}
