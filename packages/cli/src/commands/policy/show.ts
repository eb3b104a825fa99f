import { listVersions, requirePolicy, requireServer } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintableSource } from "../../printable.ts";
import { withWorkspace } from "../../workspace.ts";

/** `policy show`: `{"id","name","version","document"}`; without `--json` the text as its author wrote it. */
export async function policyShow(context: Context): Promise<ExitCode> {
  const { options, out } = context;
  return withWorkspace(context, { create: false }, ({ state }) => {
    const server = requireServer(state, options.text("server") ?? "");
    if (!server.ok) return refuse(context, server.error);
    const policy = requirePolicy(state, server.value, options.text("name") ?? "");
    if (!policy.ok) return refuse(context, policy.error);
    const wanted = options.text("versionNumber") ?? String(policy.value.version);
    const found = listVersions(state, policy.value.id).find((version) => String(version.version) === wanted);
    if (found === undefined) {
      return refuse(
        context,
        `\`${policy.value.name}\` has no version \`${wanted}\`; it has 1 to ${policy.value.version}`,
      );
    }
    const { id, name, version, document, source } = found;
    if (context.json) out.json({ id, name, version, document });
    else out.line(toPrintableSource(source.trimEnd()));
    return EXIT.ok;
  });
}
