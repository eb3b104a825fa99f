import { revokeGrant } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { withWorkspace } from "../../workspace.ts";
import { toIso } from "./shown-grant.ts";

/** `grant revoke ID|LABEL`: `{"id","revokedAt"}`. Doing it twice changes nothing. */
export async function grantRevoke(context: Context): Promise<ExitCode> {
  const nowMs = context.io.nowMs();
  return withWorkspace(context, { create: false }, ({ state }) => {
    const revoked = revokeGrant(state, context.args[0] ?? "", nowMs);
    if (!revoked.ok) return refuse(context, revoked.error);
    const { id, label, revokedAtMs = nowMs } = revoked.value;
    if (context.json) context.out.json({ id, revokedAt: toIso(revokedAtMs) });
    else context.out.line(`${label} is revoked since ${toIso(revokedAtMs)}; its token is refused.`);
    return EXIT.ok;
  });
}
