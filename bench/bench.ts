import type { Programs } from "./machine.ts";
import type { Result } from "./report.ts";

/** What a bench is given. */
export interface Context {
  readonly programs: Programs;
  /** Ends what the bench started. */
  readonly cleanup: AsyncDisposableStack;
  readonly rounds: number;
  /** Of one visit. */
  readonly seconds: number;
  /** Of `hour`. */
  readonly minutes: number;
}

/** One sub-command. */
export interface Bench {
  readonly what: string;
  readonly run: (context: Context) => Promise<Result>;
}
