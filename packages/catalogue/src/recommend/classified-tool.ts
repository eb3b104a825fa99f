import type { ToolDefinition } from "../tool.ts";
import { CATEGORIES, RISKS, type Verdict } from "../verdict.ts";

/** A tool with what we say of it. */
export interface ClassifiedTool {
  readonly tool: ToolDefinition;
  readonly verdict: Verdict;
}

/** Order of a list that begins with the worst: severity, then category, then the name. */
export function compareWorst(a: ClassifiedTool, b: ClassifiedTool): number {
  return (
    RISKS.indexOf(b.verdict.severity) - RISKS.indexOf(a.verdict.severity) ||
    CATEGORIES.indexOf(b.verdict.category) - CATEGORIES.indexOf(a.verdict.category) ||
    compareNames(a.tool.name, b.tool.name)
  );
}

/** By code units: the same on every machine, whatever its language. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
