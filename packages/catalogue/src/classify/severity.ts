import {
  type Category,
  type Evidence,
  MODIFIERS,
  type Modifier,
  RISK_OF,
  RISKS,
  type Risk,
} from "../verdict.ts";
import type { SchemaSign } from "./arguments.ts";
import type { Decided } from "./decide.ts";
import { toEvidence } from "./evidence.ts";
import { wordSet } from "./lexicon/word-set.ts";
import type { Readings } from "./readings.ts";
import type { Vote } from "./vote.ts";

/** What makes a tool worse than its category, each with one reason. */
export function modifiersOf(
  readings: Readings,
  decided: Decided,
): readonly (Evidence & { readonly says: Modifier })[] {
  const found = new Map<Modifier, Evidence & { readonly says: Modifier }>();
  const add = (evidence: Evidence & { readonly says: Modifier }): void => {
    if (!found.has(evidence.says)) found.set(evidence.says, evidence);
  };
  const changes = decided.category !== "Read";
  for (const vote of decided.votes) {
    const modifier = MODIFIER_OF[vote.rule];
    if (changes && modifier !== undefined && !(vote.rule === "noun.run" && NO_CODE.has(vote.verb)))
      add({ ...toEvidence(readings, vote), rule: modifier[0], says: modifier[1] });
  }
  for (const sign of readings.schema.modifiers) if (changes || CAN_LEAK.has(sign.says)) add(fromSign(sign));
  if (changes) for (const evidence of fromWords(readings)) add(evidence);
  const order = (modifier: Modifier): number => MODIFIERS.indexOf(modifier);
  return [...found.values()].sort((a, b) => order(a.says) - order(b.says));
}

/** What runs, but no code of the caller's. */
const NO_CODE = wordSet("agent automation automator navigation launcher deployment");
const MODIFIER_OF: { readonly [rule: string]: readonly [string, Modifier] } = {
  "schema.code": ["modifier.code", "arbitrary-code"],
  "schema.command": ["modifier.code", "arbitrary-code"],
  "noun.run": ["modifier.code", "arbitrary-code"],
  "schema.sql": ["modifier.sql", "arbitrary-sql"],
  "object.grant": ["modifier.access", "grants-access"],
};
/** Worse even where nothing changes: what goes in can be read or sent elsewhere. */
const CAN_LEAK: ReadonlySet<Category | Modifier> = new Set<Modifier>([
  "secret-input",
  "path-input",
  "url-input",
]);

function fromSign({ rule, says, pointer, text }: SchemaSign): Evidence & { readonly says: Modifier } {
  return { rule, source: "schema", pointer, text, says: says as Modifier };
}

const BULK =
  /(?:^|[_.\s-])(?:bulk|batch|all|multiple|mass|everything|many)(?:[_.\s-]|$)|(?:Bulk|Batch|All|Multiple)(?:[A-Z]|$)/;

function fromWords(readings: Readings): (Evidence & { readonly says: Modifier })[] {
  const found: (Evidence & { readonly says: Modifier })[] = [];
  const bulk = BULK.exec(readings.name.text);
  if (bulk !== null) {
    const at = { start: bulk.index, end: bulk.index + bulk[0].length };
    found.push({ ...toEvidence(readings, spanVote("name", at)), rule: "modifier.bulk", says: "bulk" });
  }
  const final = readings.finalClaim();
  if (final !== undefined) {
    const evidence = toEvidence(readings, spanVote("description", final));
    found.push({ ...evidence, rule: "modifier.irreversible", says: "irreversible" });
  }
  return found;
}

function spanVote(source: "name" | "description", at: Vote["at"]): Vote {
  return { category: "Write", rule: "unknown", source, trust: "weak", verb: "", at };
}

/** One step worse than the category for what makes any tool worse, `high` at least for code, SQL and access. */
export function toSeverity(category: Category, modifiers: readonly Modifier[]): Risk {
  const risk = RISKS.indexOf(RISK_OF[category]);
  const steps = modifiers.reduce(
    (sum, modifier) => sum + STEPS[category === "Read" ? "read" : "change"][modifier],
    0,
  );
  const raised = Math.min(risk + Math.min(1, steps), RISKS.length - 1);
  return RISKS[raised] ?? RISK_OF[category];
}

/** Steps by which a modifier raises the severity of a tool that reads, or that changes something; at most one in all. */
const STEPS: { readonly [K in "read" | "change"]: { readonly [M in Modifier]: number } } = {
  read: {
    "arbitrary-code": 1,
    "arbitrary-sql": 1,
    bulk: 0,
    irreversible: 0,
    "external-recipient": 0,
    "grants-access": 1,
    "secret-input": 1,
    "path-input": 1,
    "url-input": 1,
  },
  change: {
    "arbitrary-code": 1,
    "arbitrary-sql": 1,
    bulk: 1,
    irreversible: 1,
    "external-recipient": 1,
    "grants-access": 1,
    "secret-input": 1,
    "path-input": 0,
    "url-input": 0,
  },
};
