import type { PolicyDocument } from "./document.ts";
import { lintArguments } from "./lint-argument.ts";
import { lintCurrency } from "./lint-currency.ts";
import { lintLimits } from "./lint-limits.ts";
import { lintNames } from "./lint-names.ts";
import { lintPredicates } from "./lint-predicates.ts";
import { lintReach } from "./lint-reach.ts";
import { type Holder, listHolders } from "./lint-rules.ts";
import type { SchemaBudget } from "./lint-schema.ts";
import { judgedTools, lintToolNames, toolsByHolder } from "./lint-tools.ts";
import { type LintTool, toWarning, type Warning } from "./lint-warning.ts";

export interface LintOptions {
  /** The server's tool list, when known; without it nothing is said of tools and their arguments. */
  readonly tools?: readonly LintTool[];
}

/**
 * What is probably not meant in a document that `parsePolicy` or `validatePolicy` returned (policy-spec A4). At most
 * {@link MAX_WARNINGS}. Tool names and schemas come from a server: any of them is read safely, in bounded time, and
 * what cannot be understood is not warned of.
 */
export function lintPolicy(document: PolicyDocument, { tools }: LintOptions = {}): readonly Warning[] {
  const holders = listHolders(document);
  const warnings = [
    ...lintDocument(document),
    ...lintNames(document),
    ...holders.flatMap((holder) => lintPredicates(holder, demandingOf(holder, holders))),
    ...lintReach(holders, document.on_unknown ?? "deny"),
    ...lintLimits(holders),
    ...(tools === undefined ? [] : lintWithTools(document, holders, tools)),
  ];
  return warnings.slice(0, MAX_WARNINGS);
}

/** More than anybody reads. */
export const MAX_WARNINGS = 1000;

/** Schema nodes read for one document, over all its look-ups: some seconds of work at worst. */
const MAX_SCHEMA_NODES = 300_000;

function lintDocument(document: PolicyDocument): Warning[] {
  if (document.on_unknown !== "pass") return [];
  const message =
    "every `deny_if` and `approve_if` lets calls pass that it cannot judge; set it on the predicates that need it";
  return [toWarning("/on_unknown", "on_unknown_pass", message, { op: "remove", pointer: "/on_unknown" })];
}

function lintWithTools(
  document: PolicyDocument,
  holders: readonly Holder[],
  tools: readonly LintTool[],
): Warning[] {
  const budget: SchemaBudget = { nodes: MAX_SCHEMA_NODES };
  const warnings = [...lintToolNames(document, tools)];
  for (const { holder, tools: own } of toolsByHolder(document, holders, judgedTools(tools))) {
    // A budget that is used up knows nothing more: every further look-up would be in vain.
    if (budget.nodes <= 0 || warnings.length >= MAX_WARNINGS) break;
    const judged = own.filter(({ inputSchema }) => inputSchema !== undefined);
    const demanding = demandingOf(holder, holders);
    const onUnknown = document.on_unknown ?? "deny";
    warnings.push(...lintArguments({ holder, demanding, tools: judged, onUnknown, budget }));
    warnings.push(...lintCurrency(holder, demanding, judged, budget));
  }
  return warnings;
}

/** Whose rules a call has passed, or will, beside those of the holder: `all_tools`. */
function demandingOf(holder: Holder, holders: readonly Holder[]): readonly Holder[] {
  const forAll = holders.filter(({ key }) => key === undefined);
  return holder.key === undefined ? forAll : [...forAll, holder];
}
