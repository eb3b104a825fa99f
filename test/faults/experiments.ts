import type { Experiment } from "./experiment.ts";
import { F1 } from "./kill.ts";
import { F2 } from "./steps.ts";

/** In the order of faults.md. */
export const EXPERIMENTS: readonly Experiment[] = [F1, F2];
