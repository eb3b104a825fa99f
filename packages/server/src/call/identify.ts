import { err, ok, type Result } from "@portcullis/policy";
import type { Access, Head, RoutedCall } from "./call.ts";
import type { Ports } from "./ports.ts";
import type { Refusal } from "./refusal.ts";

/**
 * Stage identify: who calls what. Unknown, revoked and expired are one and the same 401, and a server that the grant does
 * not name is the same 404 as one that does not exist.
 */
export function identify(head: Head, ports: Pick<Ports, "snapshot" | "clock">): Result<Access, Refusal> {
  return accessOf(head.digest, head.serverId, ports);
}

/**
 * The same access as it is now. A body may come slowly, and so may a server's list: what is judged behind them is
 * judged by what governs then, for a grant that has not ended meanwhile (threat 63).
 */
export function renew(access: Access, ports: Pick<Ports, "snapshot" | "clock">): Result<Access, Refusal> {
  // `run` has no grant that could end, and one policy.
  if (access.digest === undefined) return ok(access);
  return accessOf(access.digest, access.server.id, ports);
}

/**
 * A call whose stream may be open for days, under the policy and mode that its grant has now: what a server says on it
 * is judged by those (policy-spec A2). Undefined when the grant ended or lost the server.
 */
export function asOfNow(call: RoutedCall, ports: Pick<Ports, "snapshot" | "clock">): RoutedCall | undefined {
  const access = renew(call.arrival.access, ports);
  return access.ok ? { ...call, arrival: { ...call.arrival, access: access.value } } : undefined;
}

function accessOf(
  digest: string,
  serverId: string,
  { snapshot, clock }: Pick<Ports, "snapshot" | "clock">,
): Result<Access, Refusal> {
  const grant = snapshot.grantByDigest(digest);
  if (grant === undefined || grant.expiresAtMs <= clock.nowMs()) return err({ kind: "unauthenticated" });
  const server = snapshot.server(serverId);
  const access = server === undefined ? undefined : grant.access.get(server.id);
  if (server === undefined || access === undefined) return err({ kind: "not-found" });
  const policy = access.policy === undefined ? undefined : snapshot.policy(access.policy);
  return ok({ grant, digest, server, policy, mode: access.mode });
}
