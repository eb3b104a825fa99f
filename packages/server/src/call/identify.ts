import { err, ok, type Result } from "@portcullis/policy";
import type { Access, Head } from "./call.ts";
import type { Ports } from "./ports.ts";
import type { Refusal } from "./refusal.ts";

/**
 * Stage 2: who calls what. Checksum before digest, digest before lookup; unknown, revoked and expired are one and
 * the same 401, and a server that the grant does not name is the same 404 as one that does not exist.
 */
export function identify(
  head: Head,
  ports: Pick<Ports, "snapshot" | "keys" | "clock">,
): Result<Access, Refusal> {
  const digest = ports.keys.tokenDigest(head.token);
  const grant = digest === undefined ? undefined : ports.snapshot.grantByDigest(digest);
  if (grant === undefined || grant.expiresAtMs <= ports.clock.nowMs())
    return err({ kind: "unauthenticated" });

  const server = ports.snapshot.server(head.serverId);
  const access = server === undefined ? undefined : grant.access.get(server.id);
  if (server === undefined || access === undefined) return err({ kind: "not-found" });
  const policy = access.policy === undefined ? undefined : ports.snapshot.policy(access.policy);
  return ok({ grant, digest, server, policy, mode: access.mode });
}
