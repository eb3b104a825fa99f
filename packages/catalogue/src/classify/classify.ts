import type { ToolContext, ToolDefinition } from "../tool.ts";
import { RISK_OF, type Verdict } from "../verdict.ts";
import { toConfidence } from "./confidence.ts";
import { decide } from "./decide.ts";
import { toEvidence } from "./evidence.ts";
import { toPlace } from "./place.ts";
import { toReadings } from "./readings.ts";
import { RULES_VERSION } from "./rules.ts";
import { modifiersOf, toSeverity } from "./severity.ts";

/** Most reasons that a verdict carries. */
const MAX_EVIDENCE = 16;

/** Judges the tools of one server; what surrounds them is looked at once. */
export type Classifier = (tool: ToolDefinition) => Verdict;

/**
 * What a tool does and how dangerous it is, with the reasons. Pure: same input, same verdict. Never throws, whatever the
 * definition holds, and reads only the beginning of what is very long (docs/classifier.md, Limits).
 */
export function classifyTool(tool: ToolDefinition, context: ToolContext = {}): Verdict {
  return createClassifier(context)(tool);
}

/** As {@link classifyTool}, for many tools of the same server. */
export function createClassifier(context: ToolContext = {}): Classifier {
  const place = toPlace(context);
  return (tool) => {
    const readings = toReadings(tool, place);
    const decided = decide(readings);
    const worse = modifiersOf(readings, decided);
    const modifiers = worse.map(({ says }) => says);
    const evidence = [...decided.votes.map((vote) => toEvidence(readings, vote)), ...worse].slice(
      0,
      MAX_EVIDENCE,
    );
    return {
      category: decided.category,
      risk: RISK_OF[decided.category],
      severity: toSeverity(decided.category, modifiers),
      modifiers,
      confidence: toConfidence(readings, decided),
      evidence,
      rules: RULES_VERSION,
    };
  };
}
