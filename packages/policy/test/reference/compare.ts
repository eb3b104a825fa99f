import {
  type CompiledPolicy,
  type CounterState,
  compilePolicy,
  decidePrompt,
  decideResource,
  decideServerRequest,
  evaluateCall,
  isTemplateListed,
  isToolListed,
  reserveAll,
} from "../../src/index.ts";
import {
  type ReferenceCall,
  type ReferenceDecision,
  referenceDecide,
  referenceToolListed,
} from "./evaluator.ts";
import type { GeneratedCase } from "./generate.ts";
import type { ReferenceCounters } from "./limits.ts";
import { FREE_WORDING } from "./operators.ts";
import {
  referencePrompt,
  referenceResource,
  referenceServerRequest,
  referenceTemplateListed,
} from "./sections.ts";

/** Where the two evaluators differ. */
export interface Disagreement {
  readonly request: unknown;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Told what the reference met: rule kinds, operators with their results, and so on. */
export type Observe = (event: string) => void;

/** Runs one case through both evaluators, each with its own counters, up to the first difference. */
export function findDisagreement(generated: GeneratedCase, observe: Observe): Disagreement | undefined {
  const policy = compilePolicy(generated.document);
  return compareCalls(policy, generated, observe) ?? compareSections(policy, generated, observe);
}

/** Compares which resource templates are listed (policy-spec R7). */
export function findTemplateDisagreement(
  { document, templates }: GeneratedCase,
  observe: Observe,
): Disagreement | undefined {
  const policy = compilePolicy(document);
  for (const template of templates) {
    const expected = referenceTemplateListed(document, template);
    const actual = isTemplateListed(policy, template);
    observe(`template listed ${expected}`);
    if (actual !== expected) return { request: { template }, expected, actual };
  }
  return undefined;
}

function compareCalls(
  policy: CompiledPolicy,
  { document, calls }: GeneratedCase,
  observe: Observe,
): Disagreement | undefined {
  const store = new Map<string, CounterState>();
  const counters: ReferenceCounters = [];
  for (const call of calls) {
    const expected = referenceDecide(document, call, counters, observe);
    observe(`effect ${expected.effect}`);
    observe(`rule ${kindOfRule(expected.rule)}`);
    const actual = decide(policy, call, store);
    const same = actual.effect === expected.effect && actual.rule === expected.rule;
    if (!same || !isSameMessage(expected.message, actual.message)) return { request: call, expected, actual };
    const listed = referenceToolListed(document, call.tool);
    if (isToolListed(policy, call.tool) !== listed) {
      return { request: { listTool: call.tool }, expected: listed, actual: !listed };
    }
    observe(`tool listed ${listed}`);
  }
  return undefined;
}

/** The evaluator under test, its reservations made at once (policy-spec section 6, step 8). */
function decide(
  policy: CompiledPolicy,
  { ids, ...facts }: ReferenceCall,
  store: Map<string, CounterState>,
): ReferenceDecision {
  const { effect, rule, message, reservations } = evaluateCall(policy, facts);
  if (effect !== "allow") return { effect, rule, message };
  const reserved = reserveAll(store, reservations, ids, facts.nowMs);
  if (reserved.ok) return { effect, rule, message };
  return { effect: "deny", rule: reserved.decision.rule, message: reserved.decision.message };
}

function compareSections(
  policy: CompiledPolicy,
  { document, uris, prompts }: GeneratedCase,
  observe: Observe,
): Disagreement | undefined {
  const requests = [
    ...uris.map((uri) => ({
      request: { uri },
      expected: referenceResource(document, uri),
      actual: decideResource(policy, uri),
    })),
    ...prompts.map((prompt) => ({
      request: { prompt },
      expected: referencePrompt(document, prompt),
      actual: decidePrompt(policy, prompt),
    })),
    ...(["sampling", "elicitation", "roots"] as const).map((kind) => ({
      request: { serverRequest: kind },
      expected: referenceServerRequest(document, kind),
      actual: decideServerRequest(policy, kind),
    })),
  ];
  for (const { request, expected, actual } of requests) {
    observe(`${Object.keys(request).join()} ${expected.effect}`);
    if (expected.rule !== "") observe(`rule ${kindOfRule(expected.rule)}`);
    const sameRule = expected.rule === FREE_WORDING || expected.rule === actual.rule;
    if (!sameRule || actual.effect !== expected.effect) return { request, expected, actual };
  }
  return undefined;
}

/** True when `actual` is `expected`, in which {@link FREE_WORDING} stands for any text. */
function isSameMessage(expected: string, actual: string): boolean {
  const [start = "", ...rest] = expected.split(FREE_WORDING);
  if (rest.length === 0) return actual === expected;
  const end = rest.at(-1) ?? "";
  const middle = actual.slice(start.length, actual.length - end.length);
  return actual.startsWith(start) && actual.endsWith(end) && middle !== "";
}

/** A pointer without its numbers and keys. */
function kindOfRule(rule: string): string {
  return rule.replace(/^\/tools\/[^/]*/, "/tools/<key>").replace(/\/\d+$/, "/<i>");
}
