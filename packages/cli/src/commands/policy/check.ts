import {
  type LintTool,
  lintPolicy,
  type PolicyDocument,
  type PolicyError,
  type Warning,
} from "@portcullis/policy";
import { requireServer } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { counted } from "../../counted.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import { withWorkspace } from "../../workspace.ts";
import { lintToolsOf } from "../server/lint-tools.ts";
import { readPolicyFile, toPlace } from "./read-policy.ts";

/** `policy check FILE [--server NAME]`: `{"errors":[…],"warnings":[…]}`, exit code 2 on errors. */
export async function policyCheck(context: Context): Promise<ExitCode> {
  const [path = ""] = context.args;
  const file = await readPolicyFile(context, path);
  if (!file.ok) {
    return file.error.kind === "file"
      ? refuse(context, file.error.message)
      : report(context, path, file.error.errors, []);
  }
  const { document } = file.value;
  const server = context.options.text("server");
  if (server === undefined) return report(context, path, [], lintPolicy(document));
  return withWorkspace(context, { create: false }, ({ state }) => {
    const found = requireServer(state, server);
    if (!found.ok) return refuse(context, found.error);
    const tools = lintToolsOf(state, found.value.id);
    if (tools === undefined)
      context.out.warn(`no tool of \`${server}\` is known yet: see \`server tools ${server}\``);
    return report(context, path, [], lintWith(document, tools));
  });
}

export function lintWith(
  document: PolicyDocument,
  tools: readonly LintTool[] | undefined,
): readonly Warning[] {
  return lintPolicy(document, tools === undefined ? {} : { tools });
}

function report(
  { json, out }: Context,
  path: string,
  errors: readonly PolicyError[],
  warnings: readonly Warning[],
): ExitCode {
  if (json) out.json({ errors, warnings });
  else {
    for (const error of errors) out.error(`${toPlace(path, error)}: ${error.message}`);
    for (const { pointer, message } of warnings) out.warn(`${toPlace(path, { pointer })}: ${message}`);
    if (errors.length === 0)
      out.line(`${toPrintable(path)}: no errors, ${counted(warnings.length, "warning")}`);
  }
  return errors.length === 0 ? EXIT.ok : EXIT.refused;
}
