import { policyJsonSchema } from "@portcullis/policy";
import type { Context } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toJsonText } from "../../printable.ts";

/** `policy schema`: the JSON Schema of policy documents, draft 2020-12. */
export async function policySchema(context: Context): Promise<ExitCode> {
  if (context.json) context.out.json(policyJsonSchema());
  else context.out.line(toJsonText(policyJsonSchema()));
  return EXIT.ok;
}
