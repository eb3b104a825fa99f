import type { AllTools, Entry, PolicyDocument, Predicate } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";
import { judgePredicate, type ReferenceFacts } from "./conditions.ts";
import {
  type Located,
  orderLimits,
  type ReferenceCounters,
  type ReferenceIds,
  refuseAmounts,
  reserveLimits,
} from "./limits.ts";
import { FREE_WORDING } from "./operators.ts";
import { matchesGlob } from "./sections.ts";

/** One call as the reference sees it. */
export interface ReferenceCall {
  readonly tool: string;
  readonly args?: JsonValue | undefined;
  readonly nowMs: number;
  readonly grantLabel?: string | undefined;
  readonly ids: ReferenceIds;
}

/** Effect, rule and message (policy-spec R1, R5). */
export interface ReferenceDecision {
  readonly effect: "allow" | "deny" | "hold";
  readonly rule: string;
  readonly message: string;
}

interface Governing {
  readonly how: "exact" | "longest glob" | "denying glob";
  readonly pointer: string;
  readonly key: string;
  readonly entry: Entry;
}

/** Steps 2 to 8 of policy-spec section 6, written from its text; charges `counters` when the call is allowed. */
export function referenceDecide(
  document: PolicyDocument,
  call: ReferenceCall,
  counters: ReferenceCounters,
  observe?: (event: string) => void,
): ReferenceDecision {
  const facts: ReferenceFacts = { ...call, timeZone: document.time_zone ?? "UTC", observe };
  const governing = findGoverning(document, call.tool);
  observe?.(`governed by ${governing?.how ?? "none"}`);
  if (isHidden(document, call.tool)) return deny("(hidden)", `Unknown tool: ${call.tool}`);
  if (governing === undefined && document.default === "deny") {
    return deny("(default deny)", `Tool "${call.tool}" is not permitted by policy.`);
  }
  if (governing?.entry.action === "deny") {
    return deny(
      `${governing.pointer}/action`,
      governing.entry.reason ?? `Tool "${call.tool}" is denied by policy.`,
    );
  }
  const limits = orderLimits(governing, document.all_tools?.limits);
  const before = checkRequire(document, governing, facts) ?? checkDenyIf(document, governing, facts);
  if (before !== undefined) return before;
  const fault = refuseAmounts(limits, facts);
  if (fault !== undefined) return deny(fault.rule, fault.message);
  const hold = checkHold(document, governing, facts);
  if (hold !== undefined) return hold;
  const over = reserveLimits(limits, facts, call.ids, counters);
  return over === undefined ? { effect: "allow", rule: "", message: "" } : deny(over.rule, over.message);
}

/** policy-spec R6, T4, T5. */
export function referenceToolListed(document: PolicyDocument, tool: string): boolean {
  return (
    !isHidden(document, tool) && (findGoverning(document, tool) !== undefined || document.default === "allow")
  );
}

function deny(rule: string, message: string): ReferenceDecision {
  return { effect: "deny", rule, message };
}

// ---- section 2: which entry ----

function isHidden(document: PolicyDocument, tool: string): boolean {
  return (document.hide ?? []).some((pattern) => matchesGlob(pattern, tool));
}

function findGoverning(document: PolicyDocument, tool: string): Governing | undefined {
  const matching = Object.entries(document.tools ?? {})
    .filter(([key]) => matchesGlob(key, tool))
    .map(([key, entry]) => ({ key, entry, pointer: `/tools/${escapePointer(key)}` }))
    .sort((left, right) => literals(right.key) - literals(left.key));
  const exact = matching.find(({ key }) => !key.includes("*"));
  if (exact !== undefined) return { how: "exact", ...exact };
  const [longest] = matching;
  if (longest === undefined) return undefined;
  const denying = matching.find(({ key, entry }) => entry.action === "deny" && !liesInside(longest.key, key));
  if (longest.entry.action === "deny" || denying === undefined) return { how: "longest glob", ...longest };
  return { how: "denying glob", ...denying };
}

function literals(key: string): number {
  return [...key].filter((point) => point !== "*").length;
}

/** T3: `inner` lies inside `outer` iff `outer` matches it with each `*` replaced by one fresh character. */
function liesInside(inner: string, outer: string): boolean {
  return matchesGlob(outer, inner.replaceAll("*", "\ue001"));
}

function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

// ---- section 6, steps 5 to 7 ----

function predicatesOf(
  document: PolicyDocument,
  governing: Governing | undefined,
  list: "require" | "deny_if" | "approve_if",
): { readonly all: Located<Predicate>[]; readonly own: Located<Predicate>[] } {
  const locate = (pointer: string, holder: AllTools | undefined): Located<Predicate>[] =>
    (holder?.[list] ?? []).map((item, index) => ({ pointer: `${pointer}/${list}/${index}`, item }));
  return {
    all: locate("/all_tools", document.all_tools),
    own: locate(governing?.pointer ?? "", governing?.entry),
  };
}

function checkRequire(
  document: PolicyDocument,
  governing: Governing | undefined,
  facts: ReferenceFacts,
): ReferenceDecision | undefined {
  const { all, own } = predicatesOf(document, governing, "require");
  for (const { pointer, item } of [...all, ...own]) {
    const verdict = judgePredicate(item, "require", facts);
    facts.observe?.(`require ${verdict.truth}`);
    const message = item.on_deny ?? `Denied by rule ${pointer}.`;
    if (verdict.truth === "unknown") return deny(pointer, `${message} (${verdict.why})`);
    if (verdict.truth === "false") return deny(pointer, message);
  }
  return undefined;
}

function checkDenyIf(
  document: PolicyDocument,
  governing: Governing | undefined,
  facts: ReferenceFacts,
): ReferenceDecision | undefined {
  const { all, own } = predicatesOf(document, governing, "deny_if");
  for (const { pointer, item } of [...all, ...own]) {
    const verdict = judgePredicate(item, "deny_if", facts);
    facts.observe?.(`deny_if ${verdict.truth}`);
    const message = item.on_deny ?? `Denied by rule ${pointer}.`;
    if (verdict.truth === "true") return deny(pointer, message);
    if (verdict.truth === "unknown" && !passes(document, item, facts)) {
      return deny(pointer, `${message} (${verdict.why})`);
    }
  }
  return undefined;
}

/** C2: whether an unknown predicate counts as false. */
function passes(document: PolicyDocument, predicate: Predicate, facts: ReferenceFacts): boolean {
  const pass = (predicate.on_unknown ?? document.on_unknown) === "pass";
  facts.observe?.(pass ? "unknown passed" : "unknown matched");
  return pass;
}

function checkHold(
  document: PolicyDocument,
  governing: Governing | undefined,
  facts: ReferenceFacts,
): ReferenceDecision | undefined {
  if (governing?.entry.action === "require_approval") {
    return {
      effect: "hold",
      rule: `${governing.pointer}/action`,
      message: governing.entry.reason ?? FREE_WORDING,
    };
  }
  const { all, own } = predicatesOf(document, governing, "approve_if");
  for (const { pointer, item } of [...own, ...all]) {
    const verdict = judgePredicate(item, "approve_if", facts);
    facts.observe?.(`approve_if ${verdict.truth}`);
    const message = item.reason ?? FREE_WORDING;
    if (verdict.truth === "true") return { effect: "hold", rule: pointer, message };
    if (verdict.truth === "unknown" && !passes(document, item, facts)) {
      return { effect: "hold", rule: pointer, message: `${message} (${verdict.why})` };
    }
  }
  return undefined;
}
