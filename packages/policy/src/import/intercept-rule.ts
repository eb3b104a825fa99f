import type { Condition, Leaf, Limit, Operator, Predicate } from "../document.ts";
import type { JsonValue } from "../json.ts";
import { MAX_AMOUNT } from "../limit.ts";
import { quote } from "../schema-report.ts";
import { validatePolicy } from "../validate.ts";
import { type Counter, type Counters, type InterceptWindow, scopeOf, windowOf } from "./intercept-counter.ts";
import type { SourceCondition, SourceRule, SourceTool, StrangeKey } from "./intercept-source.ts";
import { readValue, toArgsPath, toPlainText } from "./intercept-value.ts";
import type { Located, Lose } from "./loss.ts";

/** What surrounds a rule. */
export interface RuleContext {
  readonly tool: SourceTool;
  readonly counters: Counters;
  readonly lose: Lose;
}

/** What a rule comes to. */
export type RuleResult =
  | { readonly kind: "deny"; readonly reason: string | undefined }
  | { readonly kind: "rules"; readonly require: readonly Predicate[]; readonly limits: readonly Limit[] };

/**
 * One rule. An `evaluate` rule must pass, so that its argument conditions are one `require` and its counter
 * conditions are limits. What cannot be carried over is taken down, and the rule denies.
 */
export function convertRule(rule: SourceRule, context: RuleContext): RuleResult {
  const { lose } = context;
  const onDeny = toMessage(rule.onDeny.text, rule.onDeny, lose);
  const message = onDeny ?? (rule.name.text === "" ? undefined : `Denied by rule ${nameOf(rule)}.`);
  const broken: RuleResult = { kind: "deny", reason: brokenMessage(rule) };
  if (!judgeRule(rule, lose)) return broken;
  if (rule.action.text === "deny") return { kind: "deny", reason: message };
  const parts = rule.conditions.flatMap((condition) => convertCondition(condition, rule, context) ?? []);
  const counter = context.counters.ofRule.get(rule);
  const isLost = parts.length < rule.conditions.length;
  if (isLost || (rule.state !== undefined && counter === undefined)) return broken;
  const conditions = parts.flatMap((part) => part.conditions);
  const limits = parts.flatMap((part) => part.limits);
  if (onDeny !== undefined && limits.length > 0)
    lose(
      rule.onDeny,
      "text",
      "a limit says by itself what it is and when to try again; these words are lost",
    );
  const counted = counter === undefined ? [] : amountGuard(counter, limits);
  const all = [...conditions, ...counted];
  const require = all.length === 0 ? [] : [withMessage(all, message)];
  return { kind: "rules", require, limits };
}

/** What a `rate_limit` is short for, as Intercept itself writes it out. Undefined: none, or none that can be read. */
export function expandRateLimit(rule: SourceRule, tool: string): SourceRule {
  const limit = parseRateLimit(rule.rateLimit.text);
  if (limit === undefined || rule.conditions.length > 0 || rule.state !== undefined) return rule;
  if (rule.action.text === "deny") return rule;
  const where = { place: rule.rateLimit.place, at: rule.rateLimit.at };
  const text = (value: string) => ({ ...where, text: value });
  const counter = `_rate_${limit.window}`;
  const condition: SourceCondition = {
    ...where,
    path: text(`state.${scopeOf(tool)}.${counter}`),
    op: text("lte"),
    value: { kind: "scalar", at: where.at, value: limit.max },
    strange: [],
  };
  const state = {
    ...where,
    counter: text(counter),
    window: text(limit.window),
    increment: undefined,
    incrementFrom: text(""),
    strange: [],
  };
  return { ...rule, rateLimit: text(""), conditions: [condition], state };
}

function parseRateLimit(
  text: string,
): { readonly max: number; readonly window: InterceptWindow } | undefined {
  const [, count, unit = ""] = /^\+?([0-9]{1,15})\/(.*)$/s.exec(text) ?? [];
  const window = windowOf(unit);
  return window !== undefined && Number(count) > 0 ? { max: Number(count), window } : undefined;
}

/** False, with a loss, for a rule that Intercept itself refuses, or whose meaning is not known. */
function judgeRule(rule: SourceRule, lose: Lose): boolean {
  const { action, rateLimit, conditions, strange } = rule;
  const isDeny = action.text === "deny";
  if (loseStrange(strange, "a rule", lose)) return false;
  if (!isDeny && !["", "evaluate"].includes(action.text)) {
    const instead = /approv|ask|confirm/i.test(action.text) ? '; write `"action": "require_approval"`' : "";
    lose(action, "denied", `Intercept has no action ${quote(action.text)}${instead}`);
    return false;
  }
  if (rateLimit.text !== "" && !isDeny) {
    const text =
      "`rate_limit` stands alone and is a count and `minute`, `hour` or `day`, such as `5/hour`; write a limit";
    lose(rateLimit, "denied", text);
    return false;
  }
  if (isDeny || conditions.length > 0) return true;
  lose(
    rule,
    "denied",
    "a rule without conditions and without `rate_limit` says nothing; Intercept refuses it",
  );
  return false;
}

/** Keys without a meaning, whatever program reads them. */
const HARMLESS = /^(?:description|comment|x-.*)$/s;

/** True when a key is lost that may have meant something. */
export function loseStrange(strange: readonly StrangeKey[], of: string, lose: Lose): boolean {
  for (const key of strange) {
    if (HARMLESS.test(key.key)) lose(key, "text", `${quote(key.key)} has no counterpart`);
    else
      lose(
        key,
        "denied",
        `Intercept passes over ${quote(key.key)}, which is no key of ${of}; remove it or write what it means`,
      );
  }
  return strange.some(({ key }) => !HARMLESS.test(key));
}

interface Parts {
  readonly conditions: readonly Condition[];
  readonly limits: readonly Limit[];
}

/** Undefined, with a loss, when the condition cannot be carried over. */
function convertCondition(
  condition: SourceCondition,
  rule: SourceRule,
  context: RuleContext,
): Parts | undefined {
  const { lose } = context;
  const { path, op } = condition;
  if (loseStrange(condition.strange, "a condition", lose)) return undefined;
  const value = readValue(condition.value);
  if (!value.ok) return refuse(condition, value.error, lose);
  const operator = OPERATORS.find((one) => one === op.text);
  if (operator === undefined) return refuse(op, `Intercept has no operator ${quote(op.text)}`, lose);
  if (path.text.startsWith("state.")) return convertCount(condition, value.value, rule, context);
  if (!path.text.startsWith("args."))
    return refuse(path, `a path begins with \`args.\` or \`state.\`, not ${quote(path.text)}`, lose);
  if (operator === "not_in" && isMixed(value.value))
    return refuse(
      condition,
      "Intercept compares numbers with strings; give the list values of one type",
      lose,
    );
  const leaf: Leaf = { path: toArgsPath(path.text.slice("args.".length)), op: operator, value: value.value };
  const judged = validatePolicy({
    version: "1",
    default: "deny",
    all_tools: { require: [{ conditions: [leaf] }] },
  });
  if (!judged.ok) return refuse(condition, judged.error.map(({ message }) => message).join("; "), lose);
  return { conditions: [leaf], limits: [] };
}

/** C5: there `"5"` is 5, and here a list that has both types knows that it is not. */
function isMixed(value: JsonValue): boolean {
  return Array.isArray(value) && new Set(value.map((item) => typeof item)).size > 1;
}

const OPERATORS: readonly Operator[] = [
  "eq",
  "neq",
  "in",
  "not_in",
  "lt",
  "lte",
  "gt",
  "gte",
  "regex",
  "contains",
  "exists",
];

/** A condition on a counter is a limit: L5 compares the total with this call in it. */
function convertCount(
  condition: SourceCondition,
  value: JsonValue,
  rule: SourceRule,
  { tool, counters, lose }: RuleContext,
): Parts | undefined {
  const path = condition.path.text.slice("state.".length);
  const own = counters.ofRule.get(rule);
  const isOwn = own?.path === path;
  const counter = isOwn ? own : counters.byPath.get(path);
  if (counter === undefined)
    return refuse(condition.path, `nothing counts ${quote(condition.path.text)}; write a limit`, lose);
  if (counter.tool !== tool.key && counter.tool !== "*") {
    const text = `a limit counts the calls that it stops; here it reads those of ${quote(counter.tool)}`;
    return refuse(condition.path, text, lose);
  }
  const op = condition.op.text;
  // A counter always has a value.
  if (op === "exists" && value === true) return { conditions: [], limits: [] };
  if ((op !== "lt" && op !== "lte") || typeof value !== "number")
    return refuse(condition, "a limit has a largest value and nothing else; write `lte` and a number", lose);
  const whole = Math.floor(value) - (op === "lt" ? 1 : 0);
  if (whole > MAX_AMOUNT) lose(condition, "stricter", `a limit is at most ${MAX_AMOUNT}`);
  if (!isOwn)
    lose(condition, "stricter", "Intercept compares the count without this call; a limit counts it too");
  return { conditions: [], limits: [{ ...counter.terms, max: Math.min(Math.max(whole, 0), MAX_AMOUNT) }] };
}

/** Without a limit nothing is counted, but Intercept still stops a call whose amount is no number. */
function amountGuard({ terms }: Counter, limits: readonly Limit[]): readonly Condition[] {
  const path = terms.increment_from;
  if (path === undefined || limits.some(({ counter }) => counter === terms.counter)) return [];
  return [
    {
      any: [
        { path, op: "lte", value: 0 },
        { path, op: "gt", value: 0 },
      ],
    },
  ];
}

function refuse(where: Located, text: string, lose: Lose): undefined {
  lose(where, "denied", text);
  return undefined;
}

function withMessage(conditions: readonly Condition[], message: string | undefined): Predicate {
  return message === undefined ? { conditions } : { conditions, on_deny: message };
}

/** Longest message in code points (E3). */
const MAX_MESSAGE = 500;

/** E3: plain text of at most 500 characters. Undefined where nothing is written. */
function toMessage(text: string, where: Located, lose: Lose): string | undefined {
  if (text === "") return undefined;
  const characters = [...toPlainText(text)];
  const isLong = characters.length > MAX_MESSAGE;
  const fitting = isLong ? `${characters.slice(0, MAX_MESSAGE - 1).join("")}…` : characters.join("");
  if (fitting !== text)
    lose(where, "text", "a message is plain text of at most 500 characters; it was changed");
  return fitting;
}

function brokenMessage(rule: SourceRule): string {
  const which = rule.name.text === "" ? "A rule" : `The rule ${nameOf(rule)}`;
  return `${which} could not be imported from Intercept; what it judged is denied until it is written anew.`;
}

function nameOf({ name }: SourceRule): string {
  return quote(toPlainText(name.text));
}
