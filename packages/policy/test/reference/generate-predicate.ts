import type { Condition, Leaf, Operator, Predicate } from "../../src/document.ts";
import { OPERATORS } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";
import * as addresses from "./pool-addresses.ts";
import * as values from "./pool-values.ts";
import { optional, type Random } from "./random.ts";

/** A random predicate for one of the three lists (policy-spec E2). */
export function makePredicate(random: Random, list: "require" | "deny_if" | "approve_if"): Predicate {
  const conditions = random.oneIn(20) ? [] : random.some(1, 2, () => makeCondition(random, 0));
  return {
    conditions,
    ...(list === "approve_if"
      ? optional(random, 2, "reason", () => "Looks large")
      : optional(random, 3, "on_deny", () => "Not so.")),
    ...(list === "require"
      ? {}
      : optional(random, 4, "on_unknown", () => random.pick(["deny", "pass"] as const))),
  };
}

function makeCondition(random: Random, depth: number): Condition {
  if (depth >= 3 || !random.oneIn(3)) return makeLeaf(random);
  const kind = random.pick(["all", "any", "not"] as const);
  if (kind === "not") return { not: makeCondition(random, depth + 1) };
  const inner = random.some(1, 3, () => makeCondition(random, depth + 1));
  return kind === "all" ? { all: inner } : { any: inner };
}

function makeLeaf(random: Random): Leaf {
  if (random.oneIn(8)) return makeTimeLeaf(random);
  const op = random.pick(OPERATORS);
  return random.oneIn(3)
    ? { path: random.pick(PATHS), op, value: makeValue(random, op) }
    : makeApt(random, op);
}

/** A leaf whose path, operator and value are likely to be of one type. */
function makeApt(random: Random, op: Operator): Leaf {
  const path = random.pick(APT_PATHS[op]);
  const value = makeValue(random, op);
  if (op === "eq" || op === "neq") return { path, op, value: makeScalar(random, path) };
  if (op === "in" || op === "not_in") {
    return {
      path,
      op,
      value: [...new Set([makeScalar(random, path), makeScalar(random, path), makeScalar(random)])],
    };
  }
  return { path, op, value };
}

function makeTimeLeaf(random: Random): Leaf {
  const path = random.pick(["time.hour", "time.minute", "time.weekday", "time.date"]);
  const op = random.pick(["eq", "neq", "lt", "lte", "gt", "gte"] as const);
  const dates = ["2026-03-01", "2026-03-29", "2028-02-29", "2026-07-06", "1970-01-01", "2026-01-01"];
  const value = path === "time.date" ? random.pick(dates) : random.pick([0, 1, 2, 3, 6, 7, 13, 23, 59]);
  return { path, op, value };
}

const SCALAR_PATHS = [
  "args.s",
  "args.n",
  "args.b",
  "args.words[*]",
  "args.numbers[*]",
  "tool.name",
  "grant.label",
] as const;
const NUMBER_PATHS = ["args.amount", "args.n", "args.numbers[*]", "args.obj.n"] as const;
const STRING_PATHS = ["args.s", "args.s", "args.words[*]", "args.obj.a", "tool.name", "grant.label"] as const;

const APT_PATHS: Readonly<Record<Operator, readonly string[]>> = {
  eq: SCALAR_PATHS,
  neq: SCALAR_PATHS,
  in: SCALAR_PATHS,
  not_in: SCALAR_PATHS,
  lt: NUMBER_PATHS,
  lte: NUMBER_PATHS,
  gt: NUMBER_PATHS,
  gte: NUMBER_PATHS,
  contains: ["args.s", "args.words", "args.numbers", "args.items", "args.words[*]"],
  regex: STRING_PATHS,
  exists: ["args.s", "args.amount", "args.items[*].n", "args.items[0]", "args.obj[*]", "grant.label"],
  starts_with: STRING_PATHS,
  ends_with: STRING_PATHS,
  length_lte: ["args.s", "args.items", "args.words", "args.words[*]"],
  path_within: ["args.path", "args.path", "args.paths[*]"],
  host_in: ["args.url", "args.url", "args.urls[*]"],
};

const PATHS = [
  "args",
  "args.s",
  "args.n",
  "args.b",
  "args.amount",
  "args.obj.a",
  'args["s"]',
  'args["\\u0073"]',
  'args["we.ird [k]"]',
  "args.items[0]",
  "args.items[1].n",
  "args.items[*]",
  "args.items[*].n",
  "args.obj[*]",
  "args[*]",
  "args.items[*][*]",
  "args.constructor",
  "args.__proto__",
  "args.__proto__.a",
  "args.s.length",
  "args.items.length",
  "args.s[0]",
  "args.obj[0]",
  'args.items["0"]',
  "args.nothing",
  "args.nothing[*]",
  "args.nothing.a",
  "args.s[*]",
  "args.toString",
  "args.größe",
  "args.*",
  "tool.name",
  "grant.label",
  "args.obj.toString",
  "args[0]",
  "args.items[*].n[*]",
  'args[""]',
] as const;

function makeScalar(random: Random, path = ""): JsonValue {
  const kind = path === "args.b" ? 0 : NUMERIC.test(path) ? 1 : path === "" ? random.below(5) : 4;
  if (kind === 0) return random.oneIn(2);
  return kind < 3 ? random.pick(values.DOCUMENT_NUMBERS) : random.pick(["", ...values.NEEDLES]);
}

const NUMERIC = /^args\.n/;

function makeValue(random: Random, op: Operator): JsonValue {
  switch (op) {
    case "eq":
    case "neq":
      return makeScalar(random);
    case "in":
    case "not_in":
      return [...new Set(random.some(1, 4, () => makeScalar(random)))];
    case "lt":
    case "lte":
    case "gt":
    case "gte":
      return random.pick(values.DOCUMENT_NUMBERS);
    case "contains":
      return random.oneIn(3) ? makeScalar(random) || true : random.pick(values.NEEDLES);
    case "starts_with":
    case "ends_with":
      return random.pick(values.NEEDLES);
    case "regex":
      return random.pick(values.REGEXES);
    case "exists":
      return random.oneIn(2);
    case "length_lte":
      return random.pick([0, 1, 2, 3, 10]);
    case "path_within":
      return random.subset(values.DIRECTORIES, 1, 2);
    case "host_in":
      return random.subset(addresses.HOST_ENTRIES, 1, 3);
  }
}
