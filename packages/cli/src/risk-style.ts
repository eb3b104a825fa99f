import type { Risk } from "@portcullis/catalogue";

/** The colour of each risk, the same in every list. */
export const RISK_STYLES: { readonly [R in Risk]: "green" | "yellow" | "magenta" | "red" } = {
  low: "green",
  medium: "yellow",
  high: "magenta",
  critical: "red",
};
