import type { PolicyDocument } from "../document.ts";
import { isGuarded } from "../lint-guard.ts";
import { type LintPredicate, listHolders } from "../lint-rules.ts";

/**
 * What is stricter here than in the JSON dialect that a document may be pasted from (policy-spec A6), a sentence each.
 * Only what this document leaves to our defaults: whoever writes it out, one way or the other, is told nothing.
 */
export function strictnessNotes(document: PolicyDocument): readonly string[] {
  // Who names our schema writes in this language, and knows it.
  if (document.$schema !== undefined) return [];
  return [...unknownNotes(document), ...defaultNotes(document)];
}

/** The same for a document that was Intercept's YAML: it has no `deny_if` on arguments. */
export function interceptNotes(document: PolicyDocument): readonly string[] {
  const holders = listHolders(document);
  const operators = holders.flatMap(({ predicates }) =>
    predicates.flatMap(({ leaves }) => leaves.map(({ leaf }) => leaf.op)),
  );
  const limits = holders.flatMap(({ rules }) => rules.limits ?? []);
  return [
    ...(operators.some((op) => COMPARING.has(op)) ? [TYPES] : []),
    ...(limits.length > 0 ? [LIMITS] : []),
    ...(limits.some((limit) => limit.increment_from !== undefined) ? [AMOUNTS] : []),
    ...defaultNotes(document),
    ...(document.default === "allow" ? [SAMPLING] : []),
  ];
}

const COMPARING: ReadonlySet<string> = new Set(["eq", "neq", "in", "not_in", "contains"]);

const TYPES =
  'values of different JSON types are never compared: where a rule says 5, a call with `"5"` or null is denied';
const LIMITS =
  'limits are shared by every grant of the server, as Intercept counts them (`"scope": "grant"` counts each by itself); a failed call counts, unless the tool provably did not run';
const AMOUNTS =
  "a call whose amount is negative, above 9000000000 or has more than 6 decimals is denied; decimals are counted, not cut off";
const SAMPLING =
  'sampling requests of the server are denied; `"server_requests": {"sampling": "allow"}` allows them';

function unknownNotes(document: PolicyDocument): readonly string[] {
  if (document.on_unknown !== undefined) return [];
  const open = listHolders(document).flatMap(({ predicates }) => predicates.filter(dependsOnPresence));
  const [first] = open;
  if (first === undefined) return [];
  const which = open.length === 1 ? first.pointer : `${first.pointer} and ${open.length - 1} more`;
  return [
    `${which}: a \`deny_if\` also denies a call without the argument, or with one of another type; put \`exists\` beside it, or \`"on_unknown": "pass"\` in the rule, to let such a call pass`,
  ];
}

/** C2: true when a missing argument makes the predicate unknown, and its author has not said what then. */
function dependsOnPresence({ list, predicate, leaves }: LintPredicate): boolean {
  return (
    list === "deny_if" &&
    predicate.on_unknown === undefined &&
    leaves.some(
      ({ leaf, path, guards }) =>
        path.root === "args" && leaf.op !== "exists" && !isGuarded(path, path.steps.length, guards),
    )
  );
}

/** M2: `default` decides more than tools. */
function defaultNotes(document: PolicyDocument): readonly string[] {
  if (document.default === "allow") return [];
  const open = (["resources", "prompts"] as const).filter((section) => document[section] === undefined);
  if (open.length === 0) return [];
  const sections = open.map((section) => `\`${section}\``).join(" and ");
  return [`\`default: "deny"\` also denies ${open.join(" and ")}; the section ${sections} can allow them`];
}
