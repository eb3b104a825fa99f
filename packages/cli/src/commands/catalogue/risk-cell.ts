import type { Risk } from "@portcullis/catalogue";
import type { Cell } from "../../output.ts";

const STYLES = { low: "green", medium: "yellow", high: "magenta", critical: "red" } as const;

/** A risk in its colour; empty for what has none. */
export function riskCell(risk: Risk | undefined): Cell {
  return risk === undefined ? "" : { text: risk, style: STYLES[risk] };
}
