import { removeServer } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { withWorkspace } from "../../workspace.ts";

/** `server remove NAME`: `{"id","name"}`. Its policies go with it, and its grants lose it at once. */
export async function serverRemove(context: Context): Promise<ExitCode> {
  return withWorkspace(context, { create: false }, ({ state }) => {
    const removed = removeServer(state, context.args[0] ?? "");
    if (!removed.ok) return refuse(context, removed.error);
    const { id, name } = removed.value;
    if (context.json) context.out.json({ id, name });
    else context.out.line(`Removed ${name} (${id}) with its policies.`);
    return EXIT.ok;
  });
}
