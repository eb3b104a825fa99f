import type { PolicyError } from "@portcullis/policy";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { readPolicyFile, toPlace } from "./read-policy.ts";

/** `policy check FILE`: `{"errors":[…],"warnings":[…]}`, exit code 2 on errors. */
export async function policyCheck(context: Context): Promise<ExitCode> {
  const [path = ""] = context.args;
  const file = await readPolicyFile(context, path);
  if (file.ok) return report(context, path, []);
  return file.error.kind === "file"
    ? refuse(context, file.error.message)
    : report(context, path, file.error.errors);
}

function report({ json, out }: Context, path: string, errors: readonly PolicyError[]): ExitCode {
  if (json) out.json({ errors, warnings: [] });
  else if (errors.length === 0) out.line(`${path}: no errors`);
  for (const error of json ? [] : errors) out.error(`${toPlace(path, error)}: ${error.message}`);
  return errors.length === 0 ? EXIT.ok : EXIT.refused;
}
