import { type Place, toPlainMessage, toPointer } from "../schema-report.ts";

/**
 * What came of a part that could not be carried over as it was: `denied`, what it let pass is denied now; `stricter`,
 * it is carried over and lets less pass; `text`, only words are lost.
 */
export type Severity = "denied" | "stricter" | "text";

/** One part of a source that has no counterpart of its own here (policy-spec A6). */
export interface NotCarried {
  /** RFC 6901 pointer into the source. */
  readonly pointer: string;
  readonly severity: Severity;
  /** What it is, why, and what to do instead. */
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** A part of the source, for losses and errors to name. */
export interface Located {
  readonly place: Place;
  /** Position in the sense of `SourceNode.at`. */
  readonly at: number;
}

/** A loss before its position is turned into line and column. */
export interface Loss extends Omit<NotCarried, "line" | "column"> {
  readonly at: number;
}

/** Takes down what is lost. */
export type Lose = (where: Located, severity: Severity, text: string) => void;

/** A list of losses, and the function that adds to it. */
export function createLosses(): { readonly losses: readonly Loss[]; readonly lose: Lose } {
  const losses: Loss[] = [];
  const lose: Lose = ({ place, at }, severity, text) => {
    losses.push({ pointer: toPointer(place), severity, text: toPlainMessage(text), at });
  };
  return { losses, lose };
}
