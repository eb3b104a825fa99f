import { err, ok, type Result } from "@portcullis/policy";
import type { AllowedCall, PermittedCall } from "./call.ts";
import type { CounterIds, Ports, Reserving } from "./ports.ts";
import type { Grant, Mode, ServerId } from "./records.ts";
import type { Session } from "./sessions.ts";

/** A limit said no. */
export interface OverLimit {
  readonly rule: string;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/**
 * Stage reserve: all limits at once or none (policy-spec L5). In shadow mode an exceeded limit is only recorded. At once,
 * where the counters answer at once.
 */
export function reserve(
  judged: PermittedCall,
  ports: Pick<Ports, "counters" | "clock" | "observer">,
): Result<AllowedCall, OverLimit> | Promise<Result<AllowedCall, OverLimit>> {
  const { call, decision } = judged;
  // A retry after `input_required` keeps its reservation and is not charged again (L6).
  if (decision.reservations.length === 0 || call.once?.kind === "state") {
    return ok(allowed(judged, []));
  }
  const failed = (cause: unknown) => unavailable(cause instanceof Error ? cause.name : "unknown", ports);
  try {
    const answer = ports.counters.reserve(decision.reservations, counterIds(judged), ports.clock.nowMs());
    if (!(answer instanceof Promise)) return conclude(judged, answer);
    return inTime(answer, ports)
      .catch(failed)
      .then((reserving) => conclude(judged, reserving));
  } catch (cause) {
    return conclude(judged, failed(cause));
  }
}

function conclude(judged: PermittedCall, reserving: Reserving): Result<AllowedCall, OverLimit> {
  const { call, decision, tool } = judged;
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

/**
 * How long a counter store may take for one call, in milliseconds: many times what one that works needs, and too
 * little for waiting calls to pile up behind one that does not.
 */
const COUNTERS_DEADLINE_MS = 250;

/** The answer of a store within its deadline (L8). A later one finds nobody: what it charged is given back. */
function inTime(answer: Promise<Reserving>, ports: Pick<Ports, "counters" | "observer">): Promise<Reserving> {
  const { promise, resolve, reject } = Promise.withResolvers<Reserving>();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    resolve(unavailable("deadline", ports));
  }, COUNTERS_DEADLINE_MS);
  answer
    .finally(() => clearTimeout(timer))
    .then((reserving) => {
      if (isLate && reserving.ok) ports.counters.refund(reserving.charges);
      resolve(reserving);
    })
    // Also what goes wrong late: nobody waits, and nothing may end the process.
    .catch(reject);
  return promise;
}

/** L8: a store that cannot answer denies. */
function unavailable(reason: string, { observer }: Pick<Ports, "observer">): Reserving {
  observer.warn("counters_failed", { reason });
  return {
    ok: false,
    rule: "(error)",
    message: "The counters cannot be read, so the limits cannot be checked.",
    retryAfterMs: undefined,
  };
}

/** Ids that serve many calls: they remember the keys of their counters, which cost more to make than to count. */
const remembered: { readonly [mode in Mode]: WeakMap<Grant | Session, Map<ServerId, CounterIds>> } = {
  enforce: new WeakMap(),
  shadow: new WeakMap(),
};

function counterIds({ call }: PermittedCall): CounterIds {
  const { access } = call.arrival;
  const session = call.session?.id === undefined ? undefined : call.session;
  const owner = session ?? access.grant;
  const owners = remembered[access.mode];
  const byServer = owners.get(owner) ?? new Map<ServerId, CounterIds>();
  const known = byServer.get(access.server.id);
  if (known !== undefined) return known;
  const ids: CounterIds = {
    organisation: access.server.organisation,
    server: access.server.id,
    grant: access.grant.id,
    keys: new WeakMap(),
    ...(session?.id === undefined ? {} : { session: session.id }),
    ...(access.mode === "shadow" ? { mode: "shadow" as const } : {}),
  };
  byServer.set(access.server.id, ids);
  owners.set(owner, byServer);
  return ids;
}

/** The only place where an {@link AllowedCall} is made. */
function allowed(judged: PermittedCall, charges: AllowedCall["charges"]): AllowedCall {
  const { call, decision, tool } = judged;
  return { call, decision, tool, charges } as AllowedCall;
}
