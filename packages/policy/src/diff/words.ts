import type { ApprovalTerms } from "../decision.ts";
import type { Condition, Leaf, Operator } from "../document.ts";
import type { JsonValue } from "../json.ts";
import { quote } from "../schema-report.ts";
import type { LimitRule } from "./limit-rule.ts";
import type { Rule } from "./rule.ts";

/** `60 calls a minute for each grant`, with the name of the counter. */
export function limitWords(limit: LimitRule): string {
  const { window, algorithm, scope, amount, refundOnError, counter } = limit;
  const what = amount === 1 ? plural(limit.max, "call") : `${limit.max} of ${amountWords(amount)}`;
  const sliding = algorithm === "sliding" ? ", at any time" : "";
  const refund = refundOnError ? ", errors given back" : "";
  return `${what} ${windowWords(window)} for each ${scope}${sliding}${refund} (counter ${quote(counter)})`;
}

/** `15m, 1 person, not the one who asks`. */
export function approvalWords({ timeoutMs, approvers, excludeRequester }: ApprovalTerms): string {
  const who = `${plural(approvers, "person", "persons")}${excludeRequester ? " other than the grant's owner" : ""}`;
  return `${who}, within ${durationWords(timeoutMs)}`;
}

/** What a rule does: `` denied when `args.amount` > 100 ``. */
export function ruleWords(rule: Rule): string {
  if (rule.list !== "require" && rule.conditions.length === 0) return `${verbOf(rule)}, whatever the call`;
  return `${verbOf(rule)} ${whenWords(rule)}`;
}

/** The same without the verb, where it was said before. */
export function whenWords(rule: Rule): string {
  return `${rule.list === "require" ? "unless" : "when"} ${conditionWords(rule)}`;
}

/** What becomes of the calls that the rule stops. */
export function verbOf({ list }: Pick<Rule, "list">): "denied" | "held" {
  return list === "approve_if" ? "held" : "denied";
}

/** `` `args.amount` > 100 and `args.currency` = "eur" ``. */
function conditionWords({ conditions, unknownPasses }: Rule): string {
  const said = joined(conditions, "and");
  return unknownPasses ? `${said}, where that can be told` : said;
}

function joined(conditions: readonly Condition[], word: "and" | "or"): string {
  return conditions.map((condition) => one(condition)).join(` ${word} `);
}

function one(condition: Condition): string {
  if ("path" in condition) return leafWords(condition);
  if ("not" in condition) return `not (${one(condition.not)})`;
  return "all" in condition ? `(${joined(condition.all, "and")})` : `(${joined(condition.any, "or")})`;
}

function leafWords({ path, op, value }: Leaf): string {
  if (op === "exists") return `${quote(path)} is ${value === true ? "present" : "missing"}`;
  return `${quote(path)} ${VERBS[op]} ${valueWords(value)}`;
}

const VERBS: { readonly [op in Exclude<Operator, "exists">]: string } = {
  eq: "=",
  neq: "≠",
  in: "is one of",
  not_in: "is none of",
  lt: "<",
  lte: "≤",
  gt: ">",
  gte: "≥",
  contains: "contains",
  regex: "matches",
  starts_with: "begins with",
  ends_with: "ends with",
  length_lte: "is no longer than",
  path_within: "lies within",
  host_in: "has the host",
};

/** More of a list than this is counted, not read. */
const MAX_LISTED = 8;

function valueWords(value: JsonValue): string {
  if (!Array.isArray(value)) return cut(JSON.stringify(value));
  const shown = value.slice(0, MAX_LISTED).map((item) => cut(JSON.stringify(item)));
  const more = value.length > MAX_LISTED ? [`${value.length - MAX_LISTED} more`] : [];
  return [...shown, ...more].join(", ");
}

function cut(text: string): string {
  const maxUnits = 120;
  return text.length <= maxUnits ? text : `${text.slice(0, maxUnits).toWellFormed()}…`;
}

function amountWords(amount: number | string): string {
  return typeof amount === "string" ? quote(amount) : `${amount} a call`;
}

const WINDOWS: ReadonlyMap<number, string> = new Map([
  [60, "a minute"],
  [3600, "an hour"],
  [86_400, "a day"],
]);

function windowWords(window: LimitRule["window"]): string {
  if (typeof window === "string") return `a ${window}`;
  return WINDOWS.get(window) ?? `in ${window} s`;
}

function durationWords(ms: number): string {
  const minutes = ms / 60_000;
  return Number.isInteger(minutes) ? plural(minutes, "minute") : plural(ms / 1000, "second");
}

function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}
