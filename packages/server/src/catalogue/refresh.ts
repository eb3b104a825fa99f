import type { State } from "../storage/state.ts";
import { mirrorLive } from "./live/mirror-live.ts";
import { loadSeed } from "./seed/load-seed.ts";
import type { Catalogue } from "./store/open-catalogue.ts";
import { type RejudgeProgress, rejudge } from "./store/rejudge.ts";
import type { Rules } from "./store/rules.ts";

export interface RefreshOptions {
  readonly rules: Rules;
  /** The registered servers; undefined where there is no data folder of a gateway yet. */
  readonly state: State | undefined;
  /** The snapshot to bring in instead of the one that was shipped. */
  readonly seed?: Buffer | undefined;
  readonly nowMs: number;
  /** The longest tools of this registered server are not shown. */
  readonly onSkipped: (server: string) => void;
}

/**
 * Brings the catalogue up to date with what is at hand: the shipped snapshot, rules that judge otherwise, and the
 * registered servers. Yields between pieces of work; what is done before a stop stays done.
 */
export function* refreshCatalogue(
  catalogue: Catalogue,
  { rules, state, seed, nowMs, onSkipped }: RefreshOptions,
): Generator<RejudgeProgress, void> {
  loadSeed(catalogue, rules, seed);
  if (state !== undefined) mirrorLive(catalogue, state, { rules, nowMs, onSkipped });
  yield* rejudge(catalogue.db, rules, nowMs);
}
