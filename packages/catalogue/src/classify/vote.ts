import type { Category, EvidenceSource } from "../verdict.ts";
import type { Trust } from "./lexicon/verb-forms.ts";
import type { RuleId } from "./rules.ts";

/** One reading of one source: what it says, and where it stands there. */
export interface Vote {
  readonly category: Category;
  readonly rule: RuleId;
  readonly source: EvidenceSource;
  readonly trust: Trust;
  readonly verb: string;
  /** Offsets in the seen text of the source, or the place in the schema or the annotations. */
  readonly at:
    | { readonly start: number; readonly end: number }
    | { readonly pointer: string; readonly text: string };
}

const GRAVITY: { readonly [C in Category]: number } = {
  Read: 0,
  Write: 1,
  Execute: 2,
  Destructive: 3,
  Financial: 4,
};

/** True when `a` is a graver category than `b`. */
export function isGraver(a: Category, b: Category): boolean {
  return GRAVITY[a] > GRAVITY[b];
}

/** The gravest; the first of equals. */
export function gravest<T extends { readonly category: Category }>(votes: readonly T[]): T | undefined {
  return votes.reduce<T | undefined>(
    (best, vote) => (best === undefined || isGraver(vote.category, best.category) ? vote : best),
    undefined,
  );
}
