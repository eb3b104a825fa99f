import type { Random } from "../../packages/policy/test/reference/random.ts";
import type { Agenda } from "./agenda.ts";
import type { CallRecord } from "./call-record.ts";
import type { QuotaWatch } from "./quota-watch.ts";
import type { SimulatedLoop } from "./simulated-loop.ts";

/** What everybody in one simulated history shares. */
export interface Surroundings {
  readonly random: Random;
  readonly loop: SimulatedLoop;
  readonly agenda: Agenda;
  readonly quotas: QuotaWatch;
  /** All requests so far: number n is at n - 1. */
  readonly calls: CallRecord[];
  /** True while the process of that life runs. */
  readonly isAlive: (life: number) => boolean;
  /** A part of the history. */
  readonly note: (event: string) => void;
  /** A promise was broken. */
  readonly complain: (text: string) => void;
}
