import type { Condition, Leaf, Predicate } from "@portcullis/policy";
import type { Argument } from "./argument.ts";

/** The path of what is judged: each element of a list. */
export function valuesPath({ kind, path }: Argument): string {
  return kind === "texts" ? `${path}[*]` : path;
}

/** A `deny_if` predicate that a missing argument does not trip (A4). */
export function denied(argument: Argument, conditions: readonly Condition[], onDeny: string): Predicate {
  const guard: Leaf = { path: argument.path, op: "exists", value: true };
  return { conditions: argument.isRequired ? conditions : [guard, ...conditions], on_deny: onDeny };
}

/** The leaf for `require`: true where an optional argument is missing. */
function whenPresent(argument: Argument, leaf: Leaf): Condition {
  if (argument.isRequired) return leaf;
  return { any: [{ path: argument.path, op: "exists", value: false }, leaf] };
}

/** Rules for SQL that only reads. */
export interface ReadingSql {
  readonly require: readonly Predicate[];
  readonly denyIf: readonly Predicate[];
}

const READING = String.raw`(?i)^[\s(]*(?:select|with|show|explain|describe|desc|values|table)\b`;
const CHANGING = String.raw`(?i)\b(?:insert|update|delete|merge|drop|alter|create|truncate|grant|revoke)\b`;

/** The two rules for SQL that only reads; honest about what they cannot know. */
export function readingSql(argument: Argument): ReadingSql {
  const { path } = argument;
  const begins: Leaf = { path, op: "regex", value: READING };
  const changes: Leaf = { path, op: "regex", value: CHANGING };
  const onBegin = "Only statements that read: begin with SELECT, WITH, SHOW or EXPLAIN.";
  const onChange = "Only statements that read: words such as INSERT, UPDATE or DROP are refused.";
  return {
    require: [{ conditions: [begins].map((leaf) => whenPresent(argument, leaf)), on_deny: onBegin }],
    denyIf: [denied(argument, [changes], onChange)],
  };
}
