import { rotateGrant } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { withWorkspace } from "../../workspace.ts";

/** `grant rotate ID|LABEL`: `{"id","token"}`. The old token is refused from the next request on. */
export async function grantRotate(context: Context): Promise<ExitCode> {
  return withWorkspace(context, { create: false }, ({ folder, state }) => {
    const minted = rotateGrant(state, folder.keys, context.args[0] ?? "");
    if (!minted.ok) return refuse(context, minted.error);
    const { grant, token } = minted.value;
    if (context.json) context.out.json({ id: grant.id, token });
    else context.out.line(`${token}  (shown this once)`);
    return EXIT.ok;
  });
}
