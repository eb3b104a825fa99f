import { listGrants } from "@portcullis/server";
import type { Context } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { withWorkspace } from "../../workspace.ts";
import { type ShownGrant, toShownGrant } from "./shown-grant.ts";

/** `grant list`: an array of grants, revoked and expired ones included. */
export async function grantList(context: Context): Promise<ExitCode> {
  return withWorkspace(context, { create: false }, ({ state }) => {
    const grants = listGrants(state).map((grant) => toShownGrant(state, grant));
    if (context.json) context.out.json(grants);
    else {
      context.out.table(
        ["label", "id", "server", "policy", "mode", "token", "status"],
        grants.map((grant) => [
          grant.label,
          grant.id,
          grant.server ?? "-",
          grant.policy ?? "-",
          grant.mode ?? "-",
          `…${grant.last4}`,
          statusOf(grant, context.io.nowMs()),
        ]),
      );
    }
    return EXIT.ok;
  });
}

function statusOf(grant: ShownGrant, nowMs: number): string {
  if (grant.revokedAt !== null) return `revoked ${grant.revokedAt.slice(0, 10)}`;
  const day = grant.expiresAt.slice(0, 10);
  return Date.parse(grant.expiresAt) <= nowMs ? `expired ${day}` : `until ${day}`;
}
