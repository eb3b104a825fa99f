import { findGrant, type Mode, setGrant } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { withWorkspace } from "../../workspace.ts";
import { toShownGrant } from "./shown-grant.ts";

/** `grant set ID|LABEL [--policy P] [--mode M]`: the grant as it is afterwards. */
export async function grantSet(context: Context): Promise<ExitCode> {
  const { options, out } = context;
  const [idOrLabel = ""] = context.args;
  const policy = options.text("policy");
  const mode = options.text("mode");
  if (policy === undefined && mode === undefined)
    return refuse(context, "nothing to change: give `--policy`, `--mode` or both");
  return withWorkspace(context, { create: false }, ({ state }) => {
    if (findGrant(state, idOrLabel)?.revokedAtMs !== undefined) {
      return refuse(context, `grant \`${idOrLabel}\` is revoked; make a new one with \`grant create\``);
    }
    const change = { policy, mode: toMode(mode) };
    const grant = setGrant(state, idOrLabel, change);
    if (!grant.ok) return refuse(context, grant.error);
    const shown = toShownGrant(state, grant.value);
    if (context.json) out.json(shown);
    else
      out.line(
        `${shown.label}: policy ${shown.policy ?? "-"}, mode ${shown.mode ?? "-"}, from the next request on`,
      );
    return EXIT.ok;
  });
}

/** The parser lets nothing else through. */
function toMode(text: string | undefined): Mode | undefined {
  return text === "shadow" || text === "enforce" ? text : undefined;
}
