import type { ApprovalTerms } from "../decision.ts";
import { quote } from "../schema-report.ts";
import { compareLimits } from "./compare-limits.ts";
import { compareRules, type RuleChange } from "./compare-rules.ts";
import { toAccessChange } from "./policy-change.ts";
import type { Rule } from "./rule.ts";
import type { Governed, Refused, Standing } from "./standing.ts";
import { approvalWords, limitWords, ruleWords } from "./words.ts";

/** How two documents treat the same tools. */
export function compareStandings(before: Standing, after: Standing): readonly RuleChange[] {
  if (before.kind === "governed")
    return after.kind === "governed" ? compareGoverned(before, after) : [refuse(before, after)];
  return after.kind === "governed" ? [admit(before, after)] : compareRefused(before, after);
}

function compareGoverned(before: Governed, after: Governed): readonly RuleChange[] {
  return [
    ...compareRules(before.rules, after.rules),
    ...compareLimits(before.limits, after.limits),
    ...compareApproval(before, after),
  ];
}

/** Denied before, judged by rules now. */
function admit(before: Refused, after: Governed): RuleChange {
  const always = after.rules.find(({ list, conditions }) => list !== "require" && conditions.length === 0);
  const deniesAll = after.rules.some(stopsAll);
  const outcome = deniesAll ? "shown, and denied by a rule" : always === undefined ? "allowed" : "held";
  const rules = [
    ...after.rules.map(ruleWords),
    ...after.limits.map((limit) => `limited to ${limitWords(limit)}`),
  ];
  return {
    kind: deniesAll ? "shown" : always === undefined ? "allowed" : "held",
    access: toAccessChange(!deniesAll, false),
    text: `newly ${outcome}; before ${refusedWords(before)}`,
    ...(rules.length === 0 ? {} : { rules }),
    ...pointersOf(before, after),
    isGeneral: false,
  };
}

/** Judged by rules before, denied now. */
function refuse(before: Governed, after: Refused): RuleChange {
  const deniedAll = before.rules.some(stopsAll);
  return {
    kind: after.kind === "hidden" ? "hidden" : "denied",
    access: toAccessChange(false, !deniedAll),
    text: `newly ${refusedWords(after)}`,
    ...pointersOf(before, after),
    isGeneral: false,
  };
}

/** Denied in both; what differs is whether agents see the tool, and what they are told. */
function compareRefused(before: Refused, after: Refused): readonly RuleChange[] {
  if (before.kind === after.kind && before.reason === after.reason) return [];
  const common = { access: "same", ...pointersOf(before, after), isGeneral: false } as const;
  if (before.kind === after.kind) {
    const text = `denied: the agent is told ${said(after.reason)}; before ${said(before.reason)}`;
    return [{ ...common, kind: "message", text }];
  }
  const kind = after.kind === "default-deny" ? "denied" : after.kind === "hidden" ? "hidden" : "shown";
  return [{ ...common, kind, text: `${refusedWords(after)}; before ${refusedWords(before)}` }];
}

function compareApproval(before: Governed, after: Governed): readonly RuleChange[] {
  const canHold = ({ rules }: Governed): boolean => rules.some(({ list }) => list === "approve_if");
  if (!canHold(before) || !canHold(after)) return [];
  const [old, now] = [before.approval, after.approval];
  const words = [approvalWords(old), approvalWords(now)];
  if (words[0] === words[1]) return [];
  const text = `approval needs ${words[1]}; before ${words[0]}`;
  const access = toAccessChange(isEasier(now, old), isEasier(old, now));
  return [{ kind: "approval", access, text, ...pointersOf(before, after), isGeneral: false }];
}

/** True when some call that nobody could approve in `b` can be approved in `a`. */
function isEasier(a: ApprovalTerms, b: ApprovalTerms): boolean {
  return (
    a.approvers < b.approvers || a.timeoutMs > b.timeoutMs || (b.excludeRequester && !a.excludeRequester)
  );
}

function stopsAll({ list, conditions }: Rule): boolean {
  return list === "deny_if" && conditions.length === 0;
}

function refusedWords({ kind, reason }: Refused): string {
  if (kind === "hidden") return "hidden";
  if (kind === "default-deny") return "denied by default";
  return reason === undefined ? "denied" : `denied: ${quote(reason)}`;
}

function said(words: string | undefined): string {
  return words === undefined ? "the usual words" : quote(words);
}

function pointersOf(before: Standing, after: Standing): { readonly before: string; readonly after: string } {
  return { before: before.pointer, after: after.pointer };
}
