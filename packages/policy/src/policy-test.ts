import type { CompiledPolicy } from "./compile.ts";
import type { CounterState } from "./counter-state.ts";
import type { Decision, Effect, Reservation } from "./decision.ts";
import type { PolicyError } from "./errors.ts";
import { evaluateCall } from "./evaluate.ts";
import type { JsonValue } from "./json.ts";
import { MAX_AMOUNT, toMicros } from "./limit.ts";
import type { ParsePolicyOptions } from "./parse.ts";
import { parseJsonTree } from "./parse-json.ts";
import { createLineReader, readSourceText } from "./parse-text.ts";
import { type SourceNode, toJsonValue } from "./parse-tree.ts";
import { parseYamlTree } from "./parse-yaml.ts";
import { type CounterIds, counterKey, reserveAll, toCounterState } from "./quota.ts";
import { err, ok, type Result } from "./result.ts";
import { createReport, type Report } from "./schema-report.ts";
import { TEST_FILE } from "./schema-test.ts";
import { validated } from "./validated.ts";

/** One test beside a policy: a call, and what the policy must say to it (policy-spec A3). */
export interface PolicyTest {
  readonly name: string;
  readonly call: { readonly tool: string; readonly args?: JsonValue };
  /** Instant of the call, RFC 3339 with a zone. Without it the instant is what `runPolicyTests` is given. */
  readonly at?: string;
  /** `counters`: what is used in the current window, by counter name, in the counter's own unit. */
  readonly given?: { readonly counters?: { readonly [counter: string]: number } };
  /** Without `rule` only the effect is compared. */
  readonly expect: ExpectedDecision;
}

export interface ExpectedDecision {
  readonly effect: Effect;
  /** As in `Decision.rule`: a pointer, a word in brackets, or `""`. */
  readonly rule?: string;
}

export interface PolicyTestResult {
  readonly name: string;
  readonly ok: boolean;
  readonly expected: ExpectedDecision;
  readonly actual: { readonly effect: Effect; readonly rule: string; readonly message: string };
}

/**
 * Reads a file of tests: a list of tests, or an object with the key `tests` (policy-spec A3). Errors are collected
 * as for a policy, with line and column (M6); size, nesting, duplicates and numbers obey M4, M5 and C7. Never
 * throws.
 */
export function parsePolicyTests(
  source: string | Uint8Array,
  { format = "json" }: ParsePolicyOptions = {},
): Result<readonly PolicyTest[], readonly PolicyError[]> {
  const report = createReport();
  const text = readSourceText(source, report);
  if (text === undefined) return err(toErrors(report));
  const tree = format === "yaml" ? parseYamlTree(text, report) : parseJsonTree(text, format, report);
  if (tree !== undefined) TEST_FILE.judge(tree, undefined, report);
  // Fail closed: without a tree there are no tests, whatever the findings.
  if (tree === undefined || report.findings.length > 0) return err(toErrors(report, text));
  return ok(toTests(tree));
}

/**
 * Runs tests against a policy, each on counters of its own (policy-spec A3). The result has one item per test, in
 * order. `nowMs` is the instant of the tests without `at`. Never throws (M7).
 */
export function runPolicyTests(
  policy: CompiledPolicy,
  tests: readonly PolicyTest[],
  nowMs: number,
): readonly PolicyTestResult[] {
  return tests.map((test) => {
    const actual = decide(policy, test, test.at === undefined ? nowMs : Date.parse(test.at));
    const { effect, rule } = test.expect;
    const isOk = actual.effect === effect && (rule === undefined || actual.rule === rule);
    return { name: test.name, ok: isOk, expected: test.expect, actual };
  });
}

/** One principal makes every call of a test, so that each scope names one counter. */
const IDS: CounterIds = { organisation: "test", server: "test", grant: "test" };

function decide(policy: CompiledPolicy, test: PolicyTest, nowMs: number): PolicyTestResult["actual"] {
  const { tool, args } = test.call;
  const decision: Decision = evaluateCall(policy, { tool, args, nowMs });
  const { effect, rule, message, reservations } = decision;
  const counters = toCounters(reservations, test.given?.counters ?? {}, nowMs);
  // Step 8 of section 6: only an allowed call has reservations.
  const reserved = reserveAll(counters, reservations, IDS, nowMs);
  if (reserved.ok) return { effect, rule, message };
  return { effect: "deny", rule: reserved.decision.rule, message: reserved.decision.message };
}

/** The counters that the call reads. A name stands for every scope and window that uses it (A3). */
function toCounters(
  reservations: readonly Reservation[],
  used: { readonly [counter: string]: number },
  nowMs: number,
): Map<string, CounterState> {
  const counters = new Map<string, CounterState>();
  for (const { limit } of reservations) {
    if (!Object.hasOwn(used, limit.counter)) continue;
    // Whoever builds tests without parsing them gets a full counter for a nonsensical amount, never a free one.
    const micros = toMicros(used[limit.counter] ?? MAX_AMOUNT);
    const usedMicros = micros.ok ? micros.value : validated(toMicros(MAX_AMOUNT));
    counters.set(counterKey(limit, IDS), toCounterState(limit, usedMicros, nowMs));
  }
  return counters;
}

function toTests(tree: SourceNode): readonly PolicyTest[] {
  const value = toJsonValue(tree);
  // INVARIANT: a tree without findings is a list of tests, or an object that holds one.
  return Array.isArray(value)
    ? (value as unknown as readonly PolicyTest[])
    : (value as unknown as { readonly tests: readonly PolicyTest[] }).tests;
}

function toErrors({ findings }: Report, text?: string): readonly PolicyError[] {
  const toLineColumn = text === undefined ? undefined : createLineReader(text);
  return findings
    .toSorted((a, b) => a.at - b.at)
    .map(({ pointer, code, message, at }) => ({ pointer, code, message, ...toLineColumn?.(at) }));
}
