import { addServer, checkName, resolveConfig } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { counted } from "../../counted.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { listAnew } from "../../listing.ts";
import { toPrintable } from "../../printable.ts";
import { gatewayUrlOf, withWorkspace } from "../../workspace.ts";
import { isTypedSecretVariable } from "./environment-variable.ts";
import { parseServerOptions } from "./server-options.ts";
import { isTypedSecret, parseTarget, targetWords } from "./target.ts";

/** `server add`: `{"id","name","url"}`. A server that is down is registered all the same, with a warning. */
export async function serverAdd(context: Context): Promise<ExitCode> {
  const { options, io, out } = context;
  const target = parseTarget(targetWords(context), io);
  if (!target.ok) return refuse(context, target.error);
  const configured = await resolveConfig({ flags: {}, env: io.env, dataDir: context.dataDir });
  if (!configured.ok) return refuse(context, configured.error.join("; "));
  const settings = parseServerOptions(options, configured.value.config.deadlineMs);
  if (!settings.ok) return refuse(context, settings.error);
  const name = options.text("name") ?? "";
  // Before a folder is made for it.
  const named = checkName("the server name", name);
  if (!named.ok) return refuse(context, named.error);
  return withWorkspace(context, { create: true }, async (workspace) => {
    const { folder, state } = workspace;
    const given = { name, target: target.value, ...settings.value };
    const added = addServer(state, folder.keys.credentialKey, given, io.nowMs());
    if (!added.ok) return refuse(context, added.error);
    warnOfTypedSecrets(context);
    const seen = await listAnew(context, workspace, added.value);
    if (!seen.ok)
      out.warn(`${seen.error}; the server is registered, and its first list will be accepted later`);
    const { id } = added.value;
    const url = await gatewayUrlOf(context, id);
    if (context.json) out.json({ id, name, url });
    else {
      out.line(`${toPrintable(name)}  ${id}  ${url}`);
      if (seen.ok)
        out.line(
          `${counted(seen.value.tools.length, "tool")} accepted; next: \`grant create --server ${name} --label LABEL\``,
        );
    }
    return EXIT.ok;
  });
}

function warnOfTypedSecrets({ options, out }: Context): void {
  if (options.list("header").some(isTypedSecret)) {
    out.warn(
      "a header's value was typed, so it may be in your shell's history; `--header \"Name: env:VARIABLE\"` keeps it out",
    );
  }
  if (options.list("env").some(isTypedSecretVariable)) {
    out.warn(
      "a secret was typed, so it may be in your shell's history; `--env NAME=env:VARIABLE` keeps it out",
    );
  }
}
