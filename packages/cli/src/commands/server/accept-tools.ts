import { acceptInstructions, acceptTools, listTools, requireServer } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { counted } from "../../counted.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { withWorkspace } from "../../workspace.ts";
import { judgedTools } from "./judged-tools.ts";
import { toListed } from "./listed-tools.ts";

/**
 * `server accept-tools NAME TOOL…|--all`: accepts what was last seen, never something nobody looked at; prints the
 * same as `server tools`. `--all` also accepts changed instructions.
 */
export async function serverAcceptTools(context: Context): Promise<ExitCode> {
  const { io, out } = context;
  const [nameOrId = "", ...names] = context.args;
  const isAll = context.options.flag("all");
  if (isAll === names.length > 0) return refuse(context, "name the tools to accept, or give `--all`");
  return withWorkspace(context, { create: false }, ({ state }) => {
    const server = requireServer(state, nameOrId);
    if (!server.ok) return refuse(context, server.error);
    const { id, name } = server.value;
    const before = listTools(state, id);
    const unknown = names.find((tool) => !before.some((row) => row.name === tool));
    if (unknown !== undefined) {
      return refuse(
        context,
        `there is no tool \`${unknown}\` on \`${name}\`; \`server tools ${name}\` lists them`,
      );
    }
    const accepted = state.db.transaction(() => {
      if (isAll) acceptInstructions(state, id);
      return new Set(acceptTools(state, id, isAll ? undefined : names, io.nowMs()));
    });
    const counts = (["changed", "new", "removed"] as const).map(
      (pin) => `${before.filter((row) => row.pin === pin && accepted.has(row.name)).length} ${pin}`,
    );
    out.note(
      `accepted ${counted(accepted.size, "tool")} of ${name} (${counts.join(", ")}), ${isAll ? "with --all" : "by name"}`,
    );
    if (context.json) out.json(toListed(judgedTools(state, server.value)));
    return EXIT.ok;
  });
}
