import { compilePolicy } from "../../src/compile.ts";
import type { CounterState } from "../../src/counter-state.ts";
import type { PolicyDocument } from "../../src/document.ts";
import { evaluateCall } from "../../src/evaluate.ts";
import { type ImportedPolicy, type ImportOptions, importPolicy } from "../../src/import/import-policy.ts";
import type { JsonObject } from "../../src/json.ts";
import { reserveAll } from "../../src/quota.ts";

/** An import that must succeed. */
export function imported(source: string | object, options?: ImportOptions): ImportedPolicy {
  const result = importPolicy(typeof source === "string" ? source : JSON.stringify(source), options);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** A policy of the other dialect with these tools. */
export function intercept(tools: object, rest: object = {}): object {
  return { version: "1", ...rest, tools };
}

/** `severity pointer` of everything that was not carried over. */
export function lossesOf(source: string | object): readonly string[] {
  return imported(source, { from: "intercept" }).notCarried.map(
    ({ severity, pointer }) => `${severity} ${pointer}`,
  );
}

/** Calls of a document against counters of its own: `""` for an admitted one, else the message. */
export function caller(document: PolicyDocument) {
  const policy = compilePolicy(document);
  const store = new Map<string, CounterState>();
  return (tool: string, args: JsonObject = {}, nowMs = 0, grant = "grt"): string => {
    const decision = evaluateCall(policy, { tool, args, nowMs });
    if (decision.effect !== "allow") return decision.message;
    const ids = { organisation: "org", server: "srv", grant };
    const reserved = reserveAll(store, decision.reservations, ids, nowMs);
    return reserved.ok ? "" : reserved.decision.message;
  };
}
