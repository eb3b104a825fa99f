import {
  type LintTool,
  lintPolicy,
  type PolicyDocument,
  type PolicyError,
  strictnessNotes,
  type Warning,
} from "@portcullis/policy";
import { requireServer } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { counted } from "../../counted.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import type { Output } from "../../output.ts";
import { toPrintable } from "../../printable.ts";
import { withWorkspace } from "../../workspace.ts";
import { lintToolsOf } from "../server/lint-tools.ts";
import { readPolicyFile, toPlace } from "./read-policy.ts";

/** `policy check FILE [--server NAME]`: `{"errors":[…],"warnings":[…],"notes"?:[…]}`, exit code 2 on errors. */
export async function policyCheck(context: Context): Promise<ExitCode> {
  const [path = ""] = context.args;
  const file = await readPolicyFile(context, path);
  if (!file.ok) {
    return file.error.kind === "file"
      ? refuse(context, file.error.message)
      : report(context, path, { errors: file.error.errors, notes: importNotes(file.error.errors) });
  }
  const { document } = file.value;
  const server = context.options.text("server");
  const notes = strictnessNotes(document);
  if (server === undefined) return report(context, path, { warnings: lintPolicy(document), notes });
  return withWorkspace(context, { create: false }, ({ state }) => {
    const found = requireServer(state, server);
    if (!found.ok) return refuse(context, found.error);
    const tools = lintToolsOf(state, found.value.id);
    if (tools === undefined)
      context.out.warn(`no tool of \`${server}\` is known yet: see \`server tools ${server}\``);
    return report(context, path, { warnings: lintWith(document, tools), notes });
  });
}

export function lintWith(
  document: PolicyDocument,
  tools: readonly LintTool[] | undefined,
): readonly Warning[] {
  return lintPolicy(document, tools === undefined ? {} : { tools });
}

/** Whose `tools` have `rules` is another product's policy. */
function importNotes(errors: readonly PolicyError[]): readonly string[] {
  const isIntercept = errors.some(
    ({ code, pointer }) => code === "unknown_key" && /^\/tools\/[^/]*\/rules$/.test(pointer),
  );
  return isIntercept ? ["this is a policy of Intercept: `portcullis policy import` makes one of ours"] : [];
}

interface Findings {
  readonly errors?: readonly PolicyError[];
  readonly warnings?: readonly Warning[];
  readonly notes: readonly string[];
}

function report(
  { json, out }: Context,
  path: string,
  { errors = [], warnings = [], notes }: Findings,
): ExitCode {
  if (json) out.json({ errors, warnings, ...withNotes(notes) });
  else {
    for (const error of errors) out.error(`${toPlace(path, error)}: ${error.message}`);
    for (const { pointer, message } of warnings) out.warn(`${toPlace(path, { pointer })}: ${message}`);
    printNotes(out, notes);
    if (errors.length === 0)
      out.line(`${toPrintable(path)}: no errors, ${counted(warnings.length, "warning")}`);
  }
  return errors.length === 0 ? EXIT.ok : EXIT.refused;
}

/** The key is there only where something is to be told: scripts that know nothing of it see what they always saw. */
export function withNotes(notes: readonly string[]): { readonly notes?: readonly string[] } {
  return notes.length === 0 ? {} : { notes };
}

/** One line each on standard error. */
export function printNotes(out: Output, notes: readonly string[]): void {
  for (const note of notes) out.note(`note: ${toPrintable(note)}`);
}
