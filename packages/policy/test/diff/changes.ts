import { diffPolicies } from "../../src/diff/diff-policies.ts";
import type { PolicyChange } from "../../src/diff/policy-change.ts";
import type { Entry, PolicyDocument, Predicate } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";
import { validatePolicy } from "../../src/validate.ts";

/** A document without the keys that every test would repeat. */
export type Part = Partial<PolicyDocument>;

/** A row of a table: two documents, and the lines of {@link lines}. */
export type Row = readonly [name: string, before: Part, after: Part, lines: readonly string[]];

export function diff(before: Part, after: Part, tools?: readonly string[]): readonly PolicyChange[] {
  return diffPolicies(parse(before), parse(after), tools === undefined ? {} : { tools });
}

/** `widens t: newly allowed`, a line for each change. */
export function lines(before: Part, after: Part): readonly string[] {
  return diff(before, after).map(({ access, subject, text }) => `${access} ${nameOf(subject)}: ${text}`);
}

export function nameOf(subject: PolicyChange["subject"]): string {
  return "name" in subject ? subject.name : `(${subject.kind})`;
}

/** A predicate of one condition. */
export function when(path: string, op: string, value: JsonValue, more: Partial<Predicate> = {}): Predicate {
  return { conditions: [{ path, op, value }], ...more } as Predicate;
}

/** A predicate that is true of every call (E2). */
export const always: Predicate = { conditions: [] };

/** A document with one tool. */
export function t(entry: Entry): Part {
  return { tools: { t: entry } };
}

function parse(part: Part): PolicyDocument {
  const valid = validatePolicy({ version: "1", default: "deny", ...part });
  if (!valid.ok) throw new Error(JSON.stringify(valid.error));
  return valid.value;
}
