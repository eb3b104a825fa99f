/** One figure of an experiment: what is asked for, and what was seen. */
export interface Figure {
  readonly what: string;
  readonly required: string;
  readonly measured: string;
  readonly ok: boolean;
}

export interface RunOptions {
  readonly seed: number;
  /** Of F1. */
  readonly kills: number;
  /** Of F36. */
  readonly minutes: number;
}

/** One fault, done to a real gateway. */
export interface Experiment {
  /** `F1` and so on. */
  readonly id: string;
  readonly fault: string;
  /** Done only when it is asked for by name. */
  readonly isLong?: true;
  /** Resolves with the figures, or with the reason why this machine cannot do it. */
  run(options: RunOptions): Promise<readonly Figure[] | Skipped>;
}

export interface Skipped {
  readonly skipped: string;
}

/** At most so much. */
export function atMost(what: string, measured: number, limit: number, unit = ""): Figure {
  const text = `${round(measured)}${unit}`;
  return { what, required: `≤ ${limit}${unit}`, measured: text, ok: measured <= limit };
}

export function atLeast(what: string, measured: number, limit: number, unit = ""): Figure {
  const text = `${round(measured)}${unit}`;
  return { what, required: `≥ ${limit}${unit}`, measured: text, ok: measured >= limit };
}

/** Exactly that. */
export function exactly(what: string, measured: string | number, required: string | number): Figure {
  return { what, required: String(required), measured: String(measured), ok: measured === required };
}

/** Told, and nothing is asked of it. */
export function info(what: string, measured: string): Figure {
  return { what, required: "", measured, ok: true };
}

/** No promise broken; else which. */
export function promises(broken: readonly string[]): Figure {
  const measured = broken.length === 0 ? "all kept" : broken.join(", ");
  return { what: "I1–I6 reconciled", required: "all kept", measured, ok: broken.length === 0 };
}

function round(value: number): number {
  return Math.abs(value) < 100 ? Math.round(value * 10) / 10 : Math.round(value);
}
