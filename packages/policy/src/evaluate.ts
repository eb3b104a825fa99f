import type { CompiledPolicy, Governing } from "./compile.ts";
import { type Reading, TRUE, type Truth, UNKNOWN } from "./condition-truth.ts";
import type { CallFacts, Decision, Reservation, TraceStep } from "./decision.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import type { LimitCharge } from "./limit.ts";
import {
  deniedByRuleMessage,
  deniedToolMessage,
  HOLD_MESSAGE,
  INTERNAL_ERROR_MESSAGE,
  NO_POLICY_MESSAGE,
  notPermittedMessage,
  toUnknownText,
  unknownToolMessage,
  withUnknown,
} from "./message.ts";
import type { CompiledPredicate, RuleSet } from "./rule-set.ts";
import { nothingKept } from "./shared-reads.ts";

export interface EvaluateOptions {
  /** Lists every predicate read in `Decision.trace` (R1). */
  readonly trace?: boolean;
}

/** The decision for a grant that has no policy (section 6, step 1). */
export const NO_POLICY: Decision = deny("(no policy)", NO_POLICY_MESSAGE);

/** The decision when deciding failed (R2): a bug never widens access. */
export const INTERNAL_ERROR: Decision = deny("(error)", INTERNAL_ERROR_MESSAGE);

/**
 * Decides one `tools/call` (section 6, steps 2 to 7). An allow carries the reservations of step 8, which the
 * caller must make, all or none, before the call may run. Never throws (M7, R2).
 */
export function evaluateCall(policy: CompiledPolicy, call: CallFacts, options?: EvaluateOptions): Decision {
  const trace: TraceStep[] | undefined = options?.trace === true ? [] : undefined;
  try {
    const decision = decide(policy, call, trace);
    return trace === undefined ? decision : { ...decision, trace };
  } catch {
    return trace === undefined ? INTERNAL_ERROR : { ...INTERNAL_ERROR, trace };
  }
}

/** Which part of section 2 answers for a tool name. */
export function governs(
  policy: CompiledPolicy,
  toolName: string,
): "hidden" | "entry" | "default-allow" | "default-deny" {
  return policy.governing(toolName).kind;
}

/** True when `tools/list` shows the tool: not hidden, and an entry or `default: "allow"` governs it (R6). */
export function isToolListed(policy: CompiledPolicy, toolName: string): boolean {
  const kind = governs(policy, toolName);
  return kind === "entry" || kind === "default-allow";
}

/**
 * Decides `tasks/*` about a task that a tool made (R7): denied where every call of the tool is, whatever its
 * arguments (steps 2 to 4). Never throws (R2).
 */
export function decideTask(policy: CompiledPolicy, toolName: string): Decision {
  try {
    const outright = rulesOrDenial(policy.governing(toolName), toolName);
    return "effect" in outright ? outright : ALLOW;
  } catch {
    return INTERNAL_ERROR;
  }
}

const ALLOW: Decision = { effect: "allow", rule: "", message: "", reservations: [] };

function decide(policy: CompiledPolicy, call: CallFacts, trace: TraceStep[] | undefined): Decision {
  const rules = rulesOrDenial(policy.governing(call.tool), call.tool);
  if ("effect" in rules) return rules;
  const reading = toReading(call);
  return (
    firstFailing(rules.require, reading, trace) ??
    firstMatching(rules.denyIf, reading, trace) ??
    allowOrHold(rules, reading, trace)
  );
}

/** Steps 2 to 4, which no argument can change; the rules where they do not deny. */
function rulesOrDenial(governing: Governing, tool: string): RuleSet | Decision {
  if (governing.kind === "hidden") return deny("(hidden)", unknownToolMessage(tool));
  if (governing.kind === "default-deny") return deny("(default deny)", notPermittedMessage("Tool", tool));
  if (governing.denial === undefined) return governing;
  return deny(governing.denial.rule, governing.denial.reason ?? deniedToolMessage(tool));
}

const NO_ARGUMENTS: JsonObject = Object.freeze({});

function toReading(call: CallFacts): Reading {
  const args = call.args === undefined ? NO_ARGUMENTS : call.args;
  const members = isJsonObject(args) ? args : NO_ARGUMENTS;
  return { call, args, members, kept: nothingKept(), unknown: undefined };
}

// C2: in `deny_if` and `approve_if` unknown counts as a match, unless it may pass.
function matches(truth: Truth, { unknownPasses }: CompiledPredicate): boolean {
  return truth === TRUE || (truth === UNKNOWN && !unknownPasses);
}

// Two loops that differ in a condition: given it as a function, they cost a tenth of a decision more.

/** C2: in `require` unknown fails, whatever `on_unknown` says. */
function firstFailing(
  predicates: readonly CompiledPredicate[],
  reading: Reading,
  trace: TraceStep[] | undefined,
): Decision | undefined {
  for (const predicate of predicates) {
    const truth = read(predicate, reading, trace);
    if (truth !== TRUE) return denyBy(predicate, truth, reading);
  }
  return undefined;
}

function firstMatching(
  predicates: readonly CompiledPredicate[],
  reading: Reading,
  trace: TraceStep[] | undefined,
): Decision | undefined {
  for (const predicate of predicates) {
    const truth = read(predicate, reading, trace);
    if (matches(truth, predicate)) return denyBy(predicate, truth, reading);
  }
  return undefined;
}

function denyBy({ rule, words }: CompiledPredicate, truth: Truth, reading: Reading): Decision {
  return deny(rule, withUnknown(words ?? deniedByRuleMessage(rule), unknownText(truth, reading)));
}

/** Amounts come before holds: nobody is asked to approve a call that cannot run (L2). */
function allowOrHold(rules: RuleSet, reading: Reading, trace: TraceStep[] | undefined): Decision {
  const allow = rules.plainAllow ?? allowWith(rules.charges, reading);
  if (allow.effect === "deny") return allow;
  const { approvalAction } = rules;
  if (approvalAction !== undefined)
    return hold(rules, approvalAction.rule, approvalAction.reason ?? HOLD_MESSAGE);
  for (const predicate of rules.approveIf) {
    const truth = read(predicate, reading, trace);
    if (matches(truth, predicate)) {
      const message = withUnknown(predicate.words ?? HOLD_MESSAGE, unknownText(truth, reading));
      return hold(rules, predicate.rule, message);
    }
  }
  return allow;
}

function allowWith(charges: readonly LimitCharge[], reading: Reading): Decision {
  // Its size is known: an array that grows makes room for sixteen more.
  const reservations = new Array<Reservation>(charges.length);
  for (const [at, charge] of charges.entries()) {
    if (charge.kind === "constant") {
      reservations[at] = charge.reservation;
      continue;
    }
    const reserved = charge.reserve(reading);
    if (typeof reserved === "string")
      return deny(charge.pointer, withUnknown(deniedByRuleMessage(charge.pointer), reserved));
    reservations[at] = reserved;
  }
  return { effect: "allow", rule: "", message: "", reservations };
}

/** Evaluates a predicate once, for the decision and for the explanation (R1). */
function read(predicate: CompiledPredicate, reading: Reading, trace: TraceStep[] | undefined): Truth {
  const truth = predicate.test(reading);
  if (trace !== undefined) {
    const unknown = unknownText(truth, reading);
    const result = truth === UNKNOWN ? "unknown" : truth === TRUE ? "true" : "false";
    trace.push({ rule: predicate.rule, result, ...(unknown === undefined ? {} : { unknown }) });
  }
  return truth;
}

function unknownText(truth: Truth, { unknown }: Reading): string | undefined {
  return truth === UNKNOWN && unknown !== undefined ? toUnknownText(unknown) : undefined;
}

function deny(rule: string, message: string): Decision {
  return { effect: "deny", rule, message, reservations: [] };
}

function hold({ approval }: RuleSet, rule: string, message: string): Decision {
  return { effect: "hold", rule, message, reservations: [], approval };
}
