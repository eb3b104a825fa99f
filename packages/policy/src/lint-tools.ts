import { compilePolicy } from "./compile.ts";
import type { PolicyDocument } from "./document.ts";
import { evaluateCall } from "./evaluate.ts";
import { globMatches, isGlob } from "./glob.ts";
import { escapeToken, type Holder } from "./lint-rules.ts";
import { type LintTool, toWarning, type Warning } from "./lint-warning.ts";
import { quote } from "./schema-report.ts";
import { suggest } from "./schema-suggest.ts";

/** Tools whose schemas are looked at; no client works with as many. */
const MAX_JUDGED_TOOLS = 2000;
/** Names that are compared with those of the document. */
const MAX_NAMES = 20_000;

/** The part of a tool list whose schemas the linter reads. */
export function judgedTools(tools: readonly LintTool[]): readonly LintTool[] {
  return tools.slice(0, MAX_JUDGED_TOOLS);
}

/** Names and globs that match no tool of the server: keys of `tools`, then items of `hide`. Of a longer list nothing is known. */
export function lintToolNames(document: PolicyDocument, tools: readonly LintTool[]): readonly Warning[] {
  if (tools.length > MAX_NAMES) return [];
  const names = new Set(tools.map(({ name }) => name));
  let hints = 0;
  const hint = (key: string): string => {
    hints += 1;
    return hints > MAX_HINTS ? "" : suggest(key, nearNames(key, names));
  };
  const lint = (pointer: string, key: string): Warning[] => {
    const isKnown = isGlob(key) ? [...names].some((name) => globMatches(key, name)) : names.has(key);
    if (isKnown) return [];
    const message = isGlob(key)
      ? `${quote(key)} matches no tool of the server; remove it or change it`
      : `the server has no tool ${quote(key)}${hint(key)}`;
    return [toWarning(pointer, "unknown_tool", message)];
  };
  return [
    ...Object.keys(document.tools ?? {}).flatMap((key) => lint(`/tools/${escapeToken(key)}`, key)),
    ...(document.hide ?? []).flatMap((entry, index) => lint(`/hide/${index}`, entry)),
  ];
}

/** Misspelt names for which a near one is searched; with more, it is another server's policy. */
const MAX_HINTS = 100;

/** Names that may be near: comparing is quadratic in their length, and a server chooses them. */
export function nearNames(written: string, names: Iterable<string>): readonly string[] {
  const maxCompared = 100;
  const near: string[] = [];
  for (const name of names) {
    if (Math.abs(name.length - written.length) <= 3) near.push(name);
    if (near.length === maxCompared) break;
  }
  return near;
}

interface HolderTools {
  readonly holder: Holder;
  readonly tools: readonly LintTool[];
}

/** The tools whose calls the rules of each holder judge, in the order of the holders. Who governs is asked of the evaluator itself (section 2). */
export function toolsByHolder(
  document: PolicyDocument,
  holders: readonly Holder[],
  tools: readonly LintTool[],
): readonly HolderTools[] {
  const policy = compilePolicy(toSkeleton(document));
  const byRule = Map.groupBy(tools, ({ name }) => {
    const { effect, rule } = evaluateCall(policy, { tool: name, nowMs: 0 });
    return effect === "deny" ? undefined : rule;
  });
  const judged = [...byRule].flatMap(([rule, some]) => (rule === undefined ? [] : some));
  return holders.map((holder) => ({
    holder,
    tools: holder.key === undefined ? judged : (byRule.get(`${holder.pointer}/action`) ?? []),
  }));
}

/** The document without its rules: what remains is answered with the pointer of the governing entry. */
function toSkeleton({ default: otherwise, hide, tools }: PolicyDocument): PolicyDocument {
  const entries = Object.entries(tools ?? {}).map(
    ([key, { action }]) => [key, { action: action === "deny" ? "deny" : "require_approval" }] as const,
  );
  return {
    version: "1",
    default: otherwise,
    ...(hide === undefined ? {} : { hide }),
    tools: Object.fromEntries(entries),
  };
}
