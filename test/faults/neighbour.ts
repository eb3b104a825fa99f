import { type Figure, info } from "./experiment.ts";
import { type Load, percentile } from "./load.ts";

export interface NeighbourOptions {
  readonly rounds: number;
  readonly perSecond: number;
  readonly windowMs: number;
}

/** What a client of one server sees while another is well, and while it is ill. */
export interface Beside {
  readonly wellMs: readonly number[];
  readonly illMs: readonly number[];
}

/**
 * Calls a server at a rate, in turn while another one is well and while `makeIll` has its way with it, so that other
 * work on the machine moves both. `makeIll` gets the calls to wait for, and makes the other one well again.
 */
export async function measureBeside(
  load: Load,
  { rounds, perSecond, windowMs }: NeighbourOptions,
  makeIll: (measure: () => Promise<void>) => Promise<void>,
): Promise<Beside> {
  const wellMs: number[] = [];
  const illMs: number[] = [];
  const measure = async (times: number[]): Promise<void> => {
    const seen = load.calls.length;
    await load.offer(perSecond, () => "pay", windowMs);
    times.push(...load.calls.slice(seen).map(({ ms }) => ms));
  };
  for (let round = 0; round < rounds; round += 1) {
    await measure(wellMs);
    await makeIll(() => measure(illMs));
  }
  return { wellMs, illMs };
}

/** What a p99 of milliseconds moves by from one minute to the next. */
const NOISE_MS = 1;

/** The p99 of the calls beside an ill server, against that beside a well one. */
export function besideFigures(
  { wellMs, illMs }: Beside,
  part: number,
  noiseMs = NOISE_MS,
): readonly Figure[] {
  const [well, ill] = [percentile(wellMs, 0.99), percentile(illMs, 0.99)];
  const more = 100 * (ill / well - 1);
  const measured = `${more.toFixed(1)} % (${well.toFixed(2)} → ${ill.toFixed(2)} ms)`;
  const required = `≤ ${100 * part} % or ${noiseMs} ms`;
  const ok = ill <= Math.max(well * (1 + part), well + noiseMs);
  const p50 = [wellMs, illMs].map((times) => `${percentile(times, 0.5).toFixed(2)} ms`).join(" → ");
  return [
    { what: "p99 of another server, more meanwhile", required, measured, ok },
    info("  its p50", `${p50}, ${wellMs.length} and ${illMs.length} calls`),
  ];
}
