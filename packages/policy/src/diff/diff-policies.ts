import type { PolicyDocument } from "../document.ts";
import { compareSections } from "./compare-sections.ts";
import { compareTools } from "./compare-tools.ts";
import type { PolicyChange } from "./policy-change.ts";

export interface DiffOptions {
  /** Names of the server's tools, when known: each change then says which of them it concerns. */
  readonly tools?: readonly string[];
}

/**
 * What two documents do differently, computed from the rules and not from the text (policy-spec A5); empty when they
 * decide every request alike, in the same words. Both are documents that `parsePolicy` or `validatePolicy` returned.
 * A difference is never missed; where it cannot be told that a change has no effect, it is reported. The order of
 * limits and of predicates, which only chooses among several reasons to deny, is not compared.
 */
export function diffPolicies(
  before: PolicyDocument,
  after: PolicyDocument,
  { tools }: DiffOptions = {},
): readonly PolicyChange[] {
  return [...compareTools(before, after, tools), ...compareSections(before, after)];
}
