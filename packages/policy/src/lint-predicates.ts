import { judgedKinds } from "./lint-argument.ts";
import { demandedPaths } from "./lint-guard.ts";
import { lintPattern } from "./lint-pattern.ts";
import type { Holder, LintLeaf, LintPredicate } from "./lint-rules.ts";
import { toWarning, type Warning } from "./lint-warning.ts";
import type { Path } from "./path.ts";
import { quote } from "./schema-report.ts";

/** What can be said of each predicate by itself (A4, C6, section 4). `demanding` are the holders it is read with. */
export function lintPredicates(holder: Holder, demanding: readonly Holder[]): readonly Warning[] {
  const demanded = demandedPaths(demanding);
  return holder.predicates.flatMap((predicate) => [
    ...lintText(predicate),
    ...predicate.leaves.flatMap((located) => [
      ...lintFixedRoot(located),
      ...lintEmptyList(predicate, located, demanded),
      ...lintPathWithin(predicate, located),
      ...lintPattern(predicate, located),
    ]),
  ]);
}

/** `on_deny` speaks where a rule denies, `reason` where it holds (section 3). */
function lintText({ list, pointer, predicate }: LintPredicate): Warning[] {
  const [read, unread] =
    list === "approve_if" ? (["reason", "on_deny"] as const) : (["on_deny", "reason"] as const);
  const text = predicate[unread];
  if (text === undefined) return [];
  const at = `${pointer}/${unread}`;
  const message = `\`${unread}\` is not read in \`${list}\`; write \`${read}\``;
  if (predicate[read] !== undefined)
    return [toWarning(at, "unread_text", message, { op: "remove", pointer: at })];
  const renamed = Object.entries(predicate).map(
    ([key, value]) => [key === unread ? read : key, value] as const,
  );
  return [
    toWarning(at, "unread_text", message, { op: "replace", pointer, value: Object.fromEntries(renamed) }),
  ];
}

/** The clock and the names are always there and always of one type (C3). */
function lintFixedRoot({ leaf, path, pointer }: LintLeaf): Warning[] {
  const judged = judgedKinds(leaf);
  if (path.root === "args" || judged === undefined) return [];
  const kind = path.root.startsWith("time.") && path.root !== "time.date" ? "number" : "string";
  if (judged.includes(kind)) return [];
  const message = `${quote(path.text)} is always a ${kind}, but \`${leaf.op}\` with this value judges only ${judged.join(" or ")}`;
  return [toWarning(`${pointer}/value`, "impossible_type", message)];
}

/** C6: where a leaf must hold for all values, none at all is enough. */
function lintEmptyList(
  { list }: LintPredicate,
  { path, pointer, isPositive, guards }: LintLeaf,
  demanded: readonly Path[],
): Warning[] {
  const every = path.steps.findIndex((step) => step.kind === "every");
  if (every === -1 || (list === "require") !== isPositive) return [];
  const hasFirst = [...guards, ...demanded].some(
    ({ steps }) =>
      steps[every]?.kind === "element" &&
      JSON.stringify(steps.slice(0, every)) === JSON.stringify(path.steps.slice(0, every)),
  );
  if (hasFirst) return [];
  const message = `${quote(path.text)} holds for an empty list, too; ask \`exists\` of its element \`[0]\` if there must be one`;
  return [toWarning(`${pointer}/path`, "empty_list_passes", message)];
}

function lintPathWithin({ list }: LintPredicate, { leaf, pointer, isPositive }: LintLeaf): Warning[] {
  if (leaf.op !== "path_within" || list !== "deny_if" || !isPositive) return [];
  const message =
    "a path may reach these directories by a symbolic link or in another spelling; allow the right ones in `require`";
  return [toWarning(`${pointer}/op`, "path_within_in_deny_if", message)];
}
