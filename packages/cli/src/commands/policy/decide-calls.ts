import {
  type CompiledPolicy,
  type CounterState,
  type Decision,
  evaluateCall,
  reserveAll,
  type TraceStep,
} from "@portcullis/policy";
import type { GivenCall } from "./read-calls.ts";

/** What the gateway would do with a call. */
export interface Verdict {
  readonly effect: Decision["effect"];
  readonly rule: string;
  readonly message: string;
  readonly trace: readonly TraceStep[];
}

/**
 * Decides calls in order against one counter store in memory: the gateway's engine, steps 2 to 8 of policy-spec
 * section 6. `atMs` is the time of the calls that carry none.
 */
export function decideCalls(
  policy: CompiledPolicy,
  calls: readonly GivenCall[],
  atMs: number,
): readonly Verdict[] {
  const counters = new Map<string, CounterState>();
  const store = {
    get: (key: string) => counters.get(key),
    set: (key: string, state: CounterState) => void counters.set(key, state),
  };
  return calls.map((call) => {
    const nowMs = call.atMs ?? atMs;
    const facts = { tool: call.tool, args: call.args, nowMs, grantLabel: call.grant };
    const { effect, rule, message, reservations, trace = [] } = evaluateCall(policy, facts, { trace: true });
    if (effect !== "allow") return { effect, rule, message, trace };
    const ids = { organisation: "local", server: "local", grant: call.grant ?? "" };
    const scoped = call.session === undefined ? ids : { ...ids, session: call.session };
    const reserved = reserveAll(store, reservations, scoped, nowMs);
    if (reserved.ok) return { effect, rule, message, trace };
    return { effect: "deny", rule: reserved.decision.rule, message: reserved.decision.message, trace };
  });
}
