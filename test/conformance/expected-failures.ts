import type { Place } from "./pair.ts";

/** A check that may differ or fail through the gateway. */
export interface ExpectedFailure {
  readonly place: Place;
  readonly revision: string;
  readonly scenario: string;
  /** As the report names it. */
  readonly check: string;
  readonly reason: string;
}

/** An entry that is not needed any more fails the gate. */
export const EXPECTED_FAILURES: readonly ExpectedFailure[] = [];
