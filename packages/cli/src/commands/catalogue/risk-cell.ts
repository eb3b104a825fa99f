import type { Risk } from "@portcullis/catalogue";
import type { Cell } from "../../output.ts";
import { RISK_STYLES } from "../../risk-style.ts";

/** A risk in its colour; empty for what has none. */
export function riskCell(risk: Risk | undefined): Cell {
  return risk === undefined ? "" : { text: risk, style: RISK_STYLES[risk] };
}
