import { err, ok, type Result } from "@portcullis/policy";
import type { AllowedCall, JudgedCall } from "./call.ts";
import type { CounterIds, Ports, Reserving } from "./ports.ts";

/** A limit said no. */
export interface OverLimit {
  readonly rule: string;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/** Stage 7: all limits at once or none (policy-spec L5). In shadow mode an exceeded limit is only recorded. */
export async function reserve(
  judged: JudgedCall,
  ports: Pick<Ports, "counters" | "clock" | "observer">,
): Promise<Result<AllowedCall, OverLimit>> {
  const { call, decision, tool } = judged;
  // A retry after `input_required` keeps its reservation and is not charged again (L6).
  if (decision.reservations.length === 0 || call.isRetry) {
    return ok(allowed(judged, []));
  }
  const ids = counterIds(judged);
  let reserving: Reserving;
  try {
    const answer = ports.counters.reserve(decision.reservations, ids, ports.clock.nowMs());
    reserving = answer instanceof Promise ? await answer : answer;
  } catch (cause) {
    ports.observer.warn("counters_failed", { reason: cause instanceof Error ? cause.name : "unknown" });
    reserving = COUNTERS_UNAVAILABLE;
  }
  if (reserving.ok) return ok(allowed(judged, reserving.charges));
  if (call.arrival.access.mode === "enforce") return err(reserving);
  const wouldDeny = {
    ...decision,
    effect: "deny",
    rule: reserving.rule,
    message: reserving.message,
  } as const;
  return ok(allowed({ call, decision: wouldDeny, tool, stop: undefined }, []));
}

/** L8: a store that cannot answer denies. */
const COUNTERS_UNAVAILABLE: Reserving = {
  ok: false,
  rule: "(error)",
  message: "The counters cannot be read, so the limits cannot be checked.",
  retryAfterMs: undefined,
};

function counterIds(judged: JudgedCall): CounterIds {
  const { access } = judged.call.arrival;
  const session = judged.call.session?.id;
  return {
    organisation: access.server.organisation,
    server: access.server.id,
    grant: access.grant.id,
    ...(session === undefined ? {} : { session }),
    ...(access.mode === "shadow" ? { mode: "shadow" as const } : {}),
  };
}

/** The only place where an {@link AllowedCall} is made. */
function allowed(judged: JudgedCall, charges: AllowedCall["charges"]): AllowedCall {
  const { call, decision, tool } = judged;
  return { call, decision, tool, charges } as AllowedCall;
}
