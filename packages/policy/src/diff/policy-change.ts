/**
 * What a change does to access: some call that was stopped now passes (`widens`), or the other way round (`narrows`);
 * `both`, one call this way and another that; `same`, no call. Whoever was held is counted between denied and allowed.
 * What cannot be told for certain counts as widened or narrowed, never as `same`.
 */
export type AccessChange = "widens" | "narrows" | "both" | "same";

/**
 * What a change is about. `name` of `tools` is a glob, or two joined by ` and `: tools that match both. `other_tools`
 * are those that neither document names; `all_tools` is what every tool has in common that both documents let through.
 */
export type DiffSubject =
  | { readonly kind: "tool" | "tools" | "server_request"; readonly name: string }
  | { readonly kind: "other_tools" | "all_tools" | "resources" | "prompts" };

/** What happens: `condition`, `limit` and `approval` are rules of both documents that changed. */
export type ChangeKind =
  | "allowed"
  | "denied"
  | "held"
  | "hidden"
  | "shown"
  | "limited"
  | "unlimited"
  | "condition"
  | "limit"
  | "approval"
  | "message";

/** One difference between two documents, in words (policy-spec A5). */
export interface PolicyChange {
  readonly subject: DiffSubject;
  readonly kind: ChangeKind;
  readonly access: AccessChange;
  /** What is different, as the end of a sentence about the subject; quotes the documents, so escape it for its place. */
  readonly text: string;
  /** Every rule that a newly allowed or held tool has to pass; absent where there is none. */
  readonly rules?: readonly string[];
  /** RFC 6901 pointer of the rule in the old document, where one rule says it. */
  readonly before?: string;
  /** The same in the new document. */
  readonly after?: string;
  /** The server's tools concerned, where its list is known: those that the subject names or matches. */
  readonly tools?: readonly string[];
}

/** True when the change lets pass what was stopped, or may do so. */
export function widensAccess({ access }: Pick<PolicyChange, "access">): boolean {
  return access === "widens" || access === "both";
}

/** From the two questions that are asked of every change. */
export function toAccessChange(widens: boolean, narrows: boolean): AccessChange {
  if (widens) return narrows ? "both" : "widens";
  return narrows ? "narrows" : "same";
}
