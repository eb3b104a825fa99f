import { expect, it } from "vitest";
import type { CallFacts, Decision } from "../../src/decision.ts";
import { diffPolicies } from "../../src/diff/diff-policies.ts";
import type { PolicyChange } from "../../src/diff/policy-change.ts";
import {
  type CompiledPolicy,
  compilePolicy,
  decidePrompt,
  decideResource,
  decideServerRequest,
  evaluateCall,
  isToolListed,
  type PolicyDocument,
  reserveAll,
  validatePolicy,
} from "../../src/index.ts";
import { TOOL_NAMES } from "../reference/pool-names.ts";
import { type Random, seededRandom } from "../reference/random.ts";
import { makePair, type RandomPair } from "./random-pair.ts";

const PAIRS = Number(process.env["PORTCULLIS_DIFF_PAIRS"] ?? 120);
const SEED = Number(process.env["PORTCULLIS_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

it("a document does not differ from itself, however it is written (policy-spec A5)", () => {
  const random = seededRandom(SEED);
  for (const { before } of validPairs(random)) {
    const where = JSON.stringify({ SEED, before });
    expect(diffPolicies(before, before), where).toEqual([]);
    const rewritten = inAnotherOrder(random, before);
    const changes = diffPolicies(before, rewritten).filter(({ kind }) => kind !== "message");
    expect(changes, where).toEqual([]);
  }
});

it("no difference between two decisions is missed, nor which way it goes (policy-spec A5)", () => {
  const counts = { widens: 0, narrows: 0, none: 0 };
  for (const pair of validPairs(seededRandom(SEED))) {
    const tools = [...new Set([...TOOL_NAMES, ...pair.calls.map(({ tool }) => tool)])];
    const changes = diffPolicies(pair.before, pair.after, { tools });
    const missed = findMissed(pair, changes, (direction) => {
      counts[direction] += 1;
    });
    expect(missed, JSON.stringify({ SEED, before: pair.before, after: pair.after, changes })).toBeUndefined();
  }
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(PAIRS / 10);
});

/** The pairs whose documents are valid (T3 refuses some). */
function* validPairs(random: Random): Generator<RandomPair> {
  for (let done = 0; done < PAIRS; ) {
    const pair = makePair(random);
    if (!validatePolicy(pair.before).ok || !validatePolicy(pair.after).ok) continue;
    done += 1;
    yield pair;
  }
}

type Direction = "widens" | "narrows";

/** A request that the two documents answer differently while no change says so. */
function findMissed(
  { before, after, calls, uris, prompts }: RandomPair,
  changes: readonly PolicyChange[],
  observe: (direction: Direction | "none") => void,
): unknown {
  const [old, now] = [compilePolicy(before), compilePolicy(after)];
  const [oldRank, nowRank] = [compileRank(before), compileRank(after)];
  const isSaid = (direction: Direction | "differs", concerns: (change: PolicyChange) => boolean): boolean =>
    changes.some(
      (change) =>
        concerns(change) &&
        (direction === "differs" || change.access === direction || change.access === "both"),
    );
  const about = (tool: string) => (change: PolicyChange) => change.tools?.includes(tool) === true;
  for (const { ids, ...call } of calls) {
    const direction = directionOf(oldRank(call), nowRank(call));
    observe(direction ?? "none");
    if (direction !== undefined && !isSaid(direction, about(call.tool))) return { call, direction };
    if (differs(old, now, call) && !isSaid("differs", about(call.tool))) return { call };
  }
  for (const tool of TOOL_NAMES) {
    const isDifferent = isToolListed(old, tool) !== isToolListed(now, tool);
    if (isDifferent && !isSaid("differs", about(tool))) return { listed: tool };
  }
  const others = [
    ...uris.map((uri) => ["resources", decideResource(old, uri), decideResource(now, uri)] as const),
    ...prompts.map((name) => ["prompts", decidePrompt(old, name), decidePrompt(now, name)] as const),
    ...(["sampling", "elicitation", "roots"] as const).map(
      (kind) => ["server_request", decideServerRequest(old, kind), decideServerRequest(now, kind)] as const,
    ),
  ];
  return others.find(([kind, first, second]) => {
    const direction = directionOf(RANK[first.effect], RANK[second.effect]);
    return direction !== undefined && !isSaid(direction, ({ subject }) => subject.kind === kind);
  });
}

const RANK = { deny: 0, hold: 1, allow: 2 } as const;

function directionOf(old: number, now: number): Direction | undefined {
  if (old === now) return undefined;
  return old < now ? "widens" : "narrows";
}

const IDS = { organisation: "o", server: "s", grant: "g", session: "x" };

/** How far the first call of a grant comes; what no approval could bring past the limits is denied. */
function compileRank(document: PolicyDocument): (call: CallFacts) => number {
  const policy = compilePolicy(document);
  const approved = compilePolicy(withoutHolds(document));
  return (call) => {
    const { effect } = evaluateCall(policy, call);
    const { reservations } = evaluateCall(approved, call);
    return reserveAll(new Map(), reservations, IDS, call.nowMs).ok ? RANK[effect] : RANK.deny;
  };
}

function withoutHolds(document: PolicyDocument): PolicyDocument {
  const tools = Object.entries(document.tools ?? {}).map(([key, { action, approve_if: _, ...entry }]) => {
    return [key, action === "deny" ? { action } : entry] as const;
  });
  const { approve_if: _, ...allTools } = document.all_tools ?? {};
  return { ...document, all_tools: allTools, tools: Object.fromEntries(tools) };
}

/** True when decisions differ in what they do, whatever they say. */
function differs(old: CompiledPolicy, now: CompiledPolicy, call: CallFacts): boolean {
  return doneBy(evaluateCall(old, call)) !== doneBy(evaluateCall(now, call));
}

function doneBy({ effect, reservations, approval }: Decision): string {
  const charged = reservations.map(({ limit, amountMicros }) => JSON.stringify([limit, amountMicros]));
  return JSON.stringify([effect, approval, [...new Set(charged)].sort()]);
}

/** The same document, with everything turned round whose order does not matter. */
function inAnotherOrder(random: Random, document: PolicyDocument): PolicyDocument {
  const rewrite = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) {
      const items = value.map((item) => rewrite(item, ""));
      return key === "value" || random.oneIn(2) ? items.toReversed() : items;
    }
    if (typeof value === "string" && key === "path") return value.replace(/\.amount$/, '["amount"]');
    if (value === "minute" && key === "window") return 60;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, inner]) => [name, rewrite(inner, name)])
        .toReversed(),
    );
  };
  return rewrite(document, "") as PolicyDocument;
}
