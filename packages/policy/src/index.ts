export { type CompiledPolicy, compilePolicy, type Governing } from "./compile.ts";
export type { CounterState, FixedState, SlidingState } from "./counter-state.ts";
export type {
  ApprovalTerms,
  CallFacts,
  CompiledLimit,
  Decision,
  Effect,
  Reservation,
  TraceStep,
} from "./decision.ts";
export { type DiffOptions, diffPolicies } from "./diff/diff-policies.ts";
export {
  type AccessChange,
  type ChangeKind,
  type DiffSubject,
  type PolicyChange,
  widensAccess,
} from "./diff/policy-change.ts";
export { type Directory, parseDirectory, pathWithin } from "./directory.ts";
export {
  type Algorithm,
  type AllTools,
  type Condition,
  type Entry,
  type Group,
  type Leaf,
  type Limit,
  type OnUnknown,
  OPERATORS,
  type Operator,
  type PolicyDocument,
  type Predicate,
  type Scope,
  type Section,
  type WindowName,
} from "./document.ts";
export { POLICY_ERRORS, type PolicyError, type PolicyErrorCode } from "./errors.ts";
export {
  decideTask,
  type EvaluateOptions,
  evaluateCall,
  governs,
  INTERNAL_ERROR,
  isToolListed,
  NO_POLICY,
} from "./evaluate.ts";
export { globLiesInside, globMatches, globsOverlap, isGlob, literalCount } from "./glob.ts";
export { type HostEntry, hostMatches, hostOf, parseHostEntry } from "./host.ts";
export {
  type Dialect,
  type ImportedPolicy,
  type ImportOptions,
  importPolicy,
} from "./import/import-policy.ts";
export type { NotCarried, Severity } from "./import/loss.ts";
export { strictnessNotes } from "./import/strictness.ts";
export { isJsonObject, type JsonObject, type JsonValue, own } from "./json.ts";
export { policyJsonSchema } from "./json-schema.ts";
export { type LintOptions, lintPolicy, MAX_WARNINGS } from "./lint.ts";
export {
  type Fix,
  LINT_WARNINGS,
  type LintTool,
  type Warning,
  type WarningCode,
} from "./lint-warning.ts";
export { HOLD_MESSAGE, INTERNAL_ERROR_MESSAGE, unknownToolMessage } from "./message.ts";
export { isExactNumberToken } from "./number-token.ts";
export { type ParsePolicyOptions, type PolicyFormat, parsePolicy } from "./parse.ts";
export { hasEvery, type Path, type PathRoot, parsePath, type Step } from "./path.ts";
export { compilePattern, MAX_PATTERN_INSTRUCTIONS, type Pattern } from "./pattern.ts";
export {
  type ExpectedDecision,
  type PolicyTest,
  type PolicyTestResult,
  parsePolicyTests,
  runPolicyTests,
} from "./policy-test.ts";
export {
  type Charge,
  type CounterIds,
  type CounterStore,
  counterKey,
  type QuotaDenial,
  type QuotaResult,
  refundAll,
  reserveAll,
  toCounterState,
} from "./quota.ts";
export { err, ok, type Result } from "./result.ts";
export {
  type CompiledSections,
  decidePrompt,
  decideResource,
  decideServerRequest,
  isTemplateListed,
  type ServerRequest,
} from "./section.ts";
export { validatePolicy } from "./validate.ts";
export { toWindow, type Window, windowEndMs, windowStartMs } from "./window.ts";
