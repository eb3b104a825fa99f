import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import {
  type CounterState,
  compilePolicy,
  type Effect,
  evaluateCall,
  type JsonValue,
  type PolicyDocument,
  reserveAll,
  validatePolicy,
} from "../src/index.ts";

interface Vector {
  readonly name: string;
  readonly spec: readonly string[];
  readonly policy: unknown;
  readonly calls: readonly VectorCall[];
}

interface VectorCall {
  readonly tool: string;
  readonly args?: JsonValue;
  readonly at?: string;
  readonly grant?: { readonly id: string; readonly label?: string };
  readonly session?: string;
  readonly expect: Expected;
}

interface Expected {
  readonly effect: Effect;
  readonly rule: string;
  readonly message: string;
}

const FOLDER = new URL("./vectors/", import.meta.url);
const SCHEMA = z.fromJSONSchema(JSON.parse(readFileSync(new URL("schema.json", FOLDER), "utf8")));
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => ({ name, vectors: readVectors(name) }));
const ALL = FILES.flatMap(({ vectors }) => vectors);

describe.each(FILES)("golden cases of $name", ({ name, vectors }) => {
  it("have the shape of schema.json, and names of their own", () => {
    const file: unknown = parse(readFileSync(new URL(name, FOLDER), "utf8"));
    expect(SCHEMA.safeParse(file)).toMatchObject({ success: true });
    expect(new Set(vectors.map((vector) => vector.name)).size).toBe(vectors.length);
  });

  it.each(vectors)("$name (policy-spec $spec)", ({ policy, calls }) => {
    const valid = validatePolicy(policy);
    expect(valid).toMatchObject({ ok: true });
    if (valid.ok) expect(run(valid.value, calls)).toEqual(calls.map((call) => call.expect));
  });
});

it("schema.json refuses what it does not describe", () => {
  const [vector] = ALL;
  expect(SCHEMA.safeParse({ vectors: [{ ...vector, extra: 1 }] }).success).toBe(false);
  expect(SCHEMA.safeParse({ vectors: [{ ...vector, spec: ["X1"] }] }).success).toBe(false);
  expect(SCHEMA.safeParse({ vectors: [{ ...vector, calls: [{ tool: "t" }] }] }).success).toBe(false);
});

it("cover every family of rules with at least 60 cases", () => {
  const calls = ALL.flatMap((vector) => vector.calls);
  expect(ALL.length).toBeGreaterThanOrEqual(60);
  expect(calls.length).toBeGreaterThan(ALL.length);
  expect([...new Set(ALL.flatMap(({ spec }) => spec.map((id) => id.charAt(0))))].sort()).toEqual([
    ..."CELMRT",
  ]);
  expect([...new Set(calls.map((call) => call.expect.effect))].sort()).toEqual(["allow", "deny", "hold"]);
});

/** Decides and reserves in order, on one set of counters (section 6, steps 2 to 8). */
function run(document: PolicyDocument, calls: readonly VectorCall[]): Expected[] {
  const policy = compilePolicy(document);
  const counters = new Map<string, CounterState>();
  return calls.map(({ tool, args, at = "2026-03-04T10:00:00Z", grant = { id: "grant" }, session }) => {
    const nowMs = Date.parse(at);
    const decision = evaluateCall(policy, { tool, args, nowMs, grantLabel: grant.label });
    const ids = { organisation: "organisation", server: "server", grant: grant.id, session };
    const reserved = reserveAll(counters, decision.reservations, ids, nowMs);
    const { effect, rule, message } = reserved.ok
      ? decision
      : { effect: "deny" as const, ...reserved.decision };
    return { effect, rule, message };
  });
}

function readVectors(name: string): readonly Vector[] {
  const file: { readonly vectors: readonly Vector[] } = parse(readFileSync(new URL(name, FOLDER), "utf8"));
  return file.vectors;
}
