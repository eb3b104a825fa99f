export { type Classifier, classifyTool, createClassifier } from "./classify/classify.ts";
export { RULES, RULES_VERSION, type Rule, type RuleId } from "./classify/rules.ts";
export type { ToolAnnotations, ToolContext, ToolDefinition } from "./tool.ts";
export {
  CATEGORIES,
  type Category,
  type Evidence,
  type EvidenceSource,
  MODIFIERS,
  type Modifier,
  RISK_OF,
  RISKS,
  type Risk,
  type Verdict,
} from "./verdict.ts";
