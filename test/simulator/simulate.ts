import { createHash } from "node:crypto";
import { playWorld, type WorldReport } from "./world.ts";

/** A history is long enough for months of windows and dozens of deaths, and short enough to be played again. */
const CALLS_PER_WORLD = 25_000;

/** What many histories were together. */
export interface SimulationReport {
  readonly seed: number;
  readonly calls: number;
  readonly worlds: readonly WorldReport[];
  /** The same for the same seed and number of calls, on every machine. */
  readonly history: string;
}

/** Plays histories from a seed until there were `calls` calls. */
export async function simulate(
  seed: number,
  calls: number,
  onWorld: (report: WorldReport) => void = () => {},
): Promise<SimulationReport> {
  const worlds: WorldReport[] = [];
  const history = createHash("sha256");
  let played = 0;
  while (played < calls) {
    const report = await playWorld(seed + worlds.length, Math.min(CALLS_PER_WORLD, calls - played));
    played += report.calls;
    worlds.push(report);
    history.update(report.history);
    onWorld(report);
  }
  return { seed, calls: played, worlds, history: history.digest("hex") };
}
