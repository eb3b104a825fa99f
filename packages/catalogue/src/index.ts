export type { AttackCase, AttackNeeds, AttackPattern, Defence } from "./attacks/attack-pattern.ts";
export { ATTACKS } from "./attacks/attacks.ts";
export { type ApplicableAttack, attacksFor } from "./attacks/attacks-for.ts";
export { type Classifier, classifyTool, createClassifier } from "./classify/classify.ts";
export { RULES, RULES_VERSION, type Rule, type RuleId } from "./classify/rules.ts";
export { type PackageReference, packageOf } from "./command/package-reference.ts";
export {
  findLookAlike,
  type Likeness,
  type LookAlike,
  type PackageName,
} from "./look-alike/find-look-alike.ts";
export type { ArgumentRule } from "./recommend/argument-rules.ts";
export type { Capability, CapabilityReason } from "./recommend/capabilities.ts";
export type { ClassifiedTool } from "./recommend/classified-tool.ts";
export type { CombinationPart, ToxicCombination } from "./recommend/combinations.ts";
export type { Fill } from "./recommend/fill.ts";
export type { RecommendationWarning } from "./recommend/fit-tools.ts";
export { policyText } from "./recommend/policy-text.ts";
export {
  type CategoryCounts,
  recommendServer,
  type ServerRecommendation,
} from "./recommend/recommend-server.ts";
export { recommendStack, type StackReport, type StackServer } from "./recommend/recommend-stack.ts";
export type { RecommendationKind, ToolRecommendation } from "./recommend/recommend-tool.ts";
export { type FaqItem, toolFaq } from "./recommend/tool-faq.ts";
export { type ToolAnnotations, type ToolContext, type ToolDefinition, toToolDefinition } from "./tool.ts";
export {
  CATEGORIES,
  type Category,
  type Evidence,
  type EvidenceSource,
  type Modifier,
  RISK_OF,
  RISKS,
  type Risk,
  type Verdict,
} from "./verdict.ts";
