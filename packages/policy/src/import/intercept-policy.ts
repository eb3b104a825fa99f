import type { AllTools, Entry, Limit, PolicyDocument, Predicate } from "../document.ts";
import { isGlob } from "../glob.ts";
import { quote } from "../schema-report.ts";
import { MAX_TEXT } from "../schema-scalar.ts";
import { validatePolicy } from "../validate.ts";
import { type Counters, readCounters } from "./intercept-counter.ts";
import { convertRule, expandRateLimit, loseStrange } from "./intercept-rule.ts";
import type { SourcePolicy, SourceTool } from "./intercept-source.ts";
import { toPlainText } from "./intercept-value.ts";
import type { Lose } from "./loss.ts";

/**
 * The document that says here what the source says there (policy-spec A6), never letting pass what Intercept stops:
 * what cannot be said denies, and is taken down. The document may still break a limit of the language (M5).
 */
export function convertIntercept(source: SourcePolicy, lose: Lose): PolicyDocument {
  const tools = source.tools.map((tool) => ({
    ...tool,
    rules: tool.rules.map((rule) => expandRateLimit(rule, tool.key)),
  }));
  const counters = readCounters(tools, lose);
  const rulesForAll = tools.filter(({ key }) => key === "*");
  const own = tools.filter((tool) => tool.key !== "*" && isNameable(source, tool, lose));
  const hide = source.hide.map(({ text, ...where }) => {
    if (isGlob(text) && text !== "*")
      lose(where, "stricter", `a \`*\` in ${quote(text)} stands for anything here, so that more is hidden`);
    return text;
  });
  const description = [...toPlainText(source.description.text)].slice(0, MAX_TEXT).join("");
  return {
    version: "1",
    ...(description === "" ? {} : { description }),
    default: source.default,
    ...(hide.length === 0 ? {} : { hide }),
    ...Object.assign({}, ...rulesForAll.map((tool) => ({ all_tools: toAllTools(tool, counters, lose) }))),
    tools: Object.fromEntries(own.map((tool) => [tool.key, toEntry(tool, counters, lose)])),
  };
}

/** A key with a `*` names one tool in Intercept and many here, so that it must not allow any. */
function isNameable(source: SourcePolicy, tool: SourceTool, lose: Lose): boolean {
  if (!isGlob(tool.key)) return true;
  const isStricter = source.default === "allow";
  const text = isStricter
    ? `a \`*\` in ${quote(tool.key)} stands for anything here, so that its rules are for more tools`
    : `Intercept takes ${quote(tool.key)} for the name of one tool; here it would allow many: name each tool`;
  lose(tool, isStricter ? "stricter" : "denied", text);
  return isStricter;
}

interface Rules {
  readonly denials: readonly (string | undefined)[];
  readonly require: readonly Predicate[];
  readonly limits: readonly Limit[];
}

function toRules(tool: SourceTool, counters: Counters, lose: Lose): Rules {
  const results = tool.rules.map((rule) => convertRule(rule, { tool, counters, lose }));
  const isStrange = loseStrange(tool.strange, "a tool", lose);
  return {
    denials: [
      ...results.flatMap((result) => (result.kind === "deny" ? [result.reason] : [])),
      ...(isStrange ? [NOT_IMPORTED] : []),
    ],
    require: results.flatMap((result) => (result.kind === "rules" ? result.require : [])),
    limits: results.flatMap((result) => (result.kind === "rules" ? result.limits : [])),
  };
}

const NOT_IMPORTED =
  "The rules of this tool could not be imported from Intercept; it is denied until they are written anew.";

function toEntry(tool: SourceTool, counters: Counters, lose: Lose): Entry {
  const rules = toRules(tool, counters, lose);
  if (rules.denials.length > 0) return denied(rules.denials[0]);
  const entry = withoutEmpty(rules);
  const fault = faultOf({ tools: { tool: entry } });
  if (fault === undefined) return entry;
  lose(tool, "denied", fault);
  return denied(NOT_IMPORTED);
}

/** The rules of `"*"`: no key here governs every tool besides its own entry, but `all_tools` does. */
function toAllTools(tool: SourceTool, counters: Counters, lose: Lose): AllTools {
  const rules = toRules(tool, counters, lose);
  const denials = rules.denials.slice(0, 1).map(always);
  const own = { ...withoutEmpty(rules), ...(denials.length === 0 ? {} : { deny_if: denials }) };
  const fault = faultOf({ all_tools: own });
  if (fault === undefined) return own;
  lose(tool, "denied", fault);
  return { deny_if: [always(NOT_IMPORTED)] };
}

function denied(reason: string | undefined): Entry {
  return { action: "deny", ...(reason === undefined ? {} : { reason }) };
}

/** E2: an empty list of conditions is true. */
function always(reason: string | undefined): Predicate {
  return { conditions: [], ...(reason === undefined ? {} : { on_deny: reason }) };
}

function withoutEmpty({ require, limits }: Rules): Pick<Entry, "require" | "limits"> {
  return { ...(require.length === 0 ? {} : { require }), ...(limits.length === 0 ? {} : { limits }) };
}

/** The first limit of the language that this part of a document breaks (M5). */
function faultOf(part: Pick<PolicyDocument, "tools" | "all_tools">): string | undefined {
  const judged = validatePolicy({ version: "1", default: "deny", ...part });
  return judged.ok ? undefined : judged.error[0]?.message;
}
