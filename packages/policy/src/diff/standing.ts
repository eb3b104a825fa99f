import type { ApprovalTerms } from "../decision.ts";
import type { Entry, PolicyDocument } from "../document.ts";
import { escapeToken } from "../lint-rules.ts";
import { toApprovalTerms } from "../rule-set.ts";
import { type LimitRule, listLimits } from "./limit-rule.ts";
import { listRules, type Rule } from "./rule.ts";

/** What a document does with a tool, in a form that can be compared (policy-spec section 6, steps 2 to 8). */
export type Standing = Refused | Governed;

/** Every call is denied, whatever it says. */
export interface Refused {
  readonly kind: "hidden" | "default-deny" | "denied";
  /** Of `action: "deny"`. */
  readonly reason: string | undefined;
  readonly pointer: string;
}

/** Calls are judged by rules, of which there may be none. */
export interface Governed {
  readonly kind: "governed";
  readonly rules: readonly Rule[];
  readonly limits: readonly LimitRule[];
  readonly approval: ApprovalTerms;
  /** The entry, where one governs. */
  readonly pointer: string;
}

export const HIDDEN: Refused = { kind: "hidden", reason: undefined, pointer: "/hide" };

/** The standing of the tools that the entry governs. */
export function standingOfEntry(document: PolicyDocument, key: string, entry: Entry): Standing {
  const pointer = `/tools/${escapeToken(key)}`;
  if (entry.action === "deny") return { kind: "denied", reason: entry.reason, pointer };
  return toGoverned(document, pointer, key, entry, pointer);
}

/** The standing of the tools that nothing names. */
export function standingByDefault(document: PolicyDocument): Standing {
  if (document.default === "deny") return { kind: "default-deny", reason: undefined, pointer: "/default" };
  return toGoverned(document, "", "", {}, "/default");
}

function toGoverned(
  document: PolicyDocument,
  base: string,
  key: string,
  entry: Entry,
  pointer: string,
): Governed {
  return {
    kind: "governed",
    rules: listRules(document, base, entry),
    limits: listLimits(document, base, key, entry),
    approval: toApprovalTerms(entry),
    pointer,
  };
}
