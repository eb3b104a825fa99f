import type { RunOptions } from "@portcullis/server";

/** The first line that a host of runs is told: what is run behind the lines that follow. */
export interface HostedRun {
  readonly policy: unknown;
  readonly target: RunOptions["target"];
  readonly era: "legacy" | "modern";
  /** Where its rows go. */
  readonly rows: string;
}

/** The id with which it says that it has heard. */
export const HOSTED = "hosted";
