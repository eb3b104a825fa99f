import { CLIENT_REVISIONS, runClientSide } from "./client-side.ts";
import type { Pair } from "./pair.ts";
import { runServerSide, SERVER_REVISIONS } from "./server-side.ts";

/** One revision from one side: its scenarios are run direct and through the gateway, one after the other. */
export interface Job {
  readonly name: string;
  run(): Promise<readonly Pair[]>;
}

export const JOBS: readonly Job[] = [
  ...SERVER_REVISIONS.map((revision) => ({
    name: `servers of ${revision}`,
    run: () => runServerSide(revision),
  })),
  ...CLIENT_REVISIONS.map((revision) => ({
    name: `clients of ${revision}`,
    run: () => runClientSide(revision),
  })),
];
