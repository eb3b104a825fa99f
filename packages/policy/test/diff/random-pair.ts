import type { AllTools, Condition, Entry, PolicyDocument, Predicate } from "../../src/document.ts";
import { type GeneratedCase, generateCase } from "../reference/generate.ts";
import type { Random } from "../reference/random.ts";

/** Two documents that mostly agree, and requests to ask them both. */
export interface RandomPair extends Omit<GeneratedCase, "document"> {
  readonly before: PolicyDocument;
  readonly after: PolicyDocument;
}

/** A generated document beside one into which parts of another were mixed, or whose numbers have moved. */
export function makePair(random: Random): RandomPair {
  const { document: before, ...requests } = generateCase(random);
  const other = generateCase(random);
  const after = mixDocuments(random, before, other.document);
  return {
    before,
    after,
    calls: [...requests.calls, ...other.calls],
    uris: [...requests.uris, ...other.uris],
    prompts: [...requests.prompts, ...other.prompts],
    templates: [],
  };
}

function mixDocuments(random: Random, before: PolicyDocument, other: PolicyDocument): PolicyDocument {
  const keys = [...Object.keys(before.tools ?? {}), ...Object.keys(other.tools ?? {})];
  const tools = [...new Set(keys)].flatMap((key): [string, Entry][] => {
    const mixed = mixEntry(random, before.tools?.[key], other.tools?.[key]);
    return mixed === undefined ? [] : [[key, mixed]];
  });
  return {
    ...mixMembers(random, before, other),
    version: "1",
    default: random.oneIn(8) ? other.default : before.default,
    tools: Object.fromEntries(tools),
    ...(before.all_tools === undefined ? {} : { all_tools: moveRules(random, before.all_tools) }),
  };
}

function mixEntry(random: Random, old: Entry | undefined, other: Entry | undefined): Entry | undefined {
  if (old === undefined || other === undefined) {
    if (random.oneIn(4)) return old === undefined ? other : undefined;
    return old === undefined ? undefined : moveRules(random, old);
  }
  return mixMembers(random, old, other);
}

/** Each member from one of the two, mostly the first. */
function mixMembers<T extends object>(random: Random, first: T, other: T): T {
  const keys = [...new Set([...Object.keys(first), ...Object.keys(other)])];
  const members = keys.flatMap((key) => {
    const source = random.oneIn(6) ? other : first;
    return Object.entries(source).filter(([name]) => name === key);
  });
  return Object.fromEntries(members) as T;
}

/** The same rules with other numbers, in another list, or without some. */
function moveRules<T extends AllTools>(random: Random, rules: T): T {
  if (!random.oneIn(2)) return rules;
  const { deny_if: denyIf = [], approve_if: approveIf = [], require = [], limits = [] } = rules;
  const isSwapped = random.oneIn(6) && denyIf.length + approveIf.length > 0;
  const change = (predicates: readonly Predicate[]): Predicate[] =>
    predicates.filter(() => !random.oneIn(8)).map((predicate) => movePredicate(random, predicate));
  return {
    ...rules,
    ...("require" in rules ? { require: change(require) } : {}),
    ...("deny_if" in rules || isSwapped ? { deny_if: change(isSwapped ? approveIf : denyIf) } : {}),
    ...("approve_if" in rules || isSwapped ? { approve_if: change(isSwapped ? denyIf : approveIf) } : {}),
    ...("limits" in rules
      ? { limits: limits.map((limit) => (random.oneIn(3) ? { ...limit, max: limit.max + 1 } : limit)) }
      : {}),
  };
}

function movePredicate(random: Random, predicate: Predicate): Predicate {
  const conditions = predicate.conditions
    .filter(() => !random.oneIn(8))
    .map((condition) => moveCondition(random, condition));
  return {
    ...predicate,
    conditions,
    ...(random.oneIn(8) ? { on_unknown: random.pick(["deny", "pass"] as const) } : {}),
  };
}

function moveCondition(random: Random, condition: Condition): Condition {
  if ("not" in condition) return { not: moveCondition(random, condition.not) };
  if ("all" in condition) return { all: condition.all.map((inner) => moveCondition(random, inner)) };
  if ("any" in condition) return { any: condition.any.map((inner) => moveCondition(random, inner)) };
  const { op, path, value } = condition;
  if (random.oneIn(2)) return condition;
  if (op === "eq" || op === "neq") return { path, op: random.pick(["eq", "neq"]), value };
  if (typeof value !== "number" || op === "length_lte") return condition;
  return { path, op: random.pick(["lt", "lte", "gt", "gte"]), value: value + random.pick([-1, 0, 1]) };
}
