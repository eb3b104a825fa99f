import type { ConditionCompiler } from "./condition.ts";
import type { Test } from "./condition-truth.ts";
import type { ApprovalTerms, Decision } from "./decision.ts";
import type { AllTools, Entry, OnUnknown, Predicate } from "./document.ts";
import { compileLimit, type LimitCharge } from "./limit.ts";
import type { SharedReads } from "./shared-reads.ts";

/** Every rule that a tool must pass, in the order of section 6: what governs it and `all_tools` in one. */
export interface RuleSet {
  readonly kind: "entry" | "default-allow";
  /** `action: "deny"` (step 4). */
  readonly denial: ActionRule | undefined;
  readonly require: readonly CompiledPredicate[];
  readonly denyIf: readonly CompiledPredicate[];
  /** In the order of L5. */
  readonly charges: readonly LimitCharge[];
  /** `action: "require_approval"` (step 7). */
  readonly approvalAction: ActionRule | undefined;
  readonly approveIf: readonly CompiledPredicate[];
  readonly approval: ApprovalTerms;
  /** The answer when nothing stops the call, where it is the same for every call. */
  readonly plainAllow: Decision | undefined;
}

/** An action that decides, with the words of its author. */
export interface ActionRule {
  readonly rule: string;
  readonly reason: string | undefined;
}

export interface CompiledPredicate {
  /** RFC 6901 pointer (R1). */
  readonly rule: string;
  readonly test: Test;
  /** `on_deny` where the predicate denies, `reason` where it holds. */
  readonly words: string | undefined;
  /** C2: unknown makes it false instead of counting as a match. Never set in `require`. */
  readonly unknownPasses: boolean;
}

/** What of a document every rule set shares. */
export interface Shared {
  readonly allTools: AllTools;
  readonly onUnknown: OnUnknown;
  readonly reads: SharedReads;
  readonly conditions: ConditionCompiler;
}

/** Compiles the rules of a tool that the entry with this key governs. */
export function compileEntry(key: string, entry: Entry, shared: Shared): RuleSet {
  const base = `/tools/${escapePointer(key)}`;
  const rate = entry.rate_limit;
  const own = [
    ...compileLimits(entry, base, shared),
    // The shorthand of section 3.
    ...(rate === undefined
      ? []
      : [
          compileLimit(
            { counter: `${key}_rate`, ...rate, scope: "grant" },
            `${base}/rate_limit`,
            shared.reads,
          ),
        ]),
  ];
  const action: ActionRule = { rule: `${base}/action`, reason: entry.reason };
  return {
    ...joinRules(base, entry, own, shared),
    kind: "entry",
    denial: entry.action === "deny" ? action : undefined,
    approvalAction: entry.action === "require_approval" ? action : undefined,
    approval: toApprovalTerms(entry),
  };
}

/** Compiles the rules of a tool that only `default: "allow"` lets through (T5). */
export function compileDefaultAllow(shared: Shared): RuleSet {
  return {
    ...joinRules("", {}, [], shared),
    kind: "default-allow",
    denial: undefined,
    approvalAction: undefined,
    approval: toApprovalTerms({}),
  };
}

type Joined = Pick<RuleSet, "require" | "denyIf" | "charges" | "approveIf" | "plainAllow">;

/** INVARIANT: `all_tools` goes first in `require` and `deny_if`, last in `approve_if` and limits (section 6, L5). */
function joinRules(base: string, entry: Entry, own: readonly LimitCharge[], shared: Shared): Joined {
  const { allTools } = shared;
  const charges = [...own, ...compileLimits(allTools, ALL_TOOLS, shared)];
  return {
    require: [
      ...compilePredicates(allTools, ALL_TOOLS, "require", shared),
      ...compilePredicates(entry, base, "require", shared),
    ],
    denyIf: [
      ...compilePredicates(allTools, ALL_TOOLS, "deny_if", shared),
      ...compilePredicates(entry, base, "deny_if", shared),
    ],
    charges,
    approveIf: [
      ...compilePredicates(entry, base, "approve_if", shared),
      ...compilePredicates(allTools, ALL_TOOLS, "approve_if", shared),
    ],
    plainAllow: toPlainAllow(charges),
  };
}

const ALL_TOOLS = "/all_tools";

type PredicateList = "require" | "deny_if" | "approve_if";

function compilePredicates(
  rules: AllTools,
  base: string,
  list: PredicateList,
  { onUnknown, conditions }: Shared,
): CompiledPredicate[] {
  return (rules[list] ?? []).map((predicate: Predicate, index) => ({
    rule: `${base}/${list}/${index}`,
    // C6: `require` wants all values of a `[*]`, the other two any.
    test: conditions.compile(predicate.conditions, list === "require" ? "all" : "any"),
    words: list === "approve_if" ? predicate.reason : predicate.on_deny,
    unknownPasses: list !== "require" && (predicate.on_unknown ?? onUnknown) === "pass",
  }));
}

function compileLimits(rules: AllTools, base: string, { reads }: Shared): LimitCharge[] {
  return (rules.limits ?? []).map((limit, index) => compileLimit(limit, `${base}/limits/${index}`, reads));
}

function toPlainAllow(charges: readonly LimitCharge[]): Decision | undefined {
  const reservations = charges.flatMap((charge) => (charge.kind === "constant" ? [charge.reservation] : []));
  if (reservations.length < charges.length) return undefined;
  return Object.freeze({ effect: "allow", rule: "", message: "", reservations: Object.freeze(reservations) });
}

/** The terms of an entry, with their defaults (section 3). */
export function toApprovalTerms({ approval = {} }: Entry): ApprovalTerms {
  const timeout = approval.timeout ?? "15m";
  const unitMs = timeout.endsWith("h") ? 3_600_000 : timeout.endsWith("m") ? 60_000 : 1000;
  return Object.freeze({
    timeoutMs: Number(timeout.slice(0, -1)) * unitMs,
    approvers: approval.approvers ?? 1,
    excludeRequester: approval.exclude_requester ?? true,
  });
}

/** RFC 6901 section 3. */
function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
