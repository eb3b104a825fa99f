import {
  type ImportedPolicy,
  importPolicy,
  lintPolicy,
  type NotCarried,
  type PolicyError,
  type Severity,
} from "@portcullis/policy";
import { type Context, refuse } from "../../context.ts";
import { counted } from "../../counted.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toJsonText, toPrintable } from "../../printable.ts";
import { readInput } from "../../read-input.ts";
import { writeNew } from "../../write-new.ts";
import { printNotes } from "./check.ts";
import { formatOf, toPlace } from "./read-policy.ts";

/**
 * `policy import FILE`: the policy on standard output, what could not be carried over on standard error;
 * `{"document","notCarried","warnings","notes"}` with `--json`. Exit code 1 when something is denied because ours has
 * no words for it, 2 when the file is no policy.
 */
export async function policyImport(context: Context): Promise<ExitCode> {
  const { io, json, options, out } = context;
  const [path = ""] = context.args;
  const bytes = await readInput(context, path);
  if (!bytes.ok) return refuse(context, bytes.error);
  const given = options.text("from") === "intercept" ? { from: "intercept" as const } : {};
  const imported = importPolicy(bytes.value, { format: formatOf(path, bytes.value), ...given });
  if (!imported.ok) return refuseSource(context, path, imported.error);
  const { document, notCarried, notes } = imported.value;
  const text = toJsonText(document);
  const output = options.text("output");
  if (output !== undefined) {
    const written = writeNew(io, output, `${text}\n`);
    if (!written.ok) return refuse(context, written.error);
  }
  if (json) out.json({ document, notCarried, warnings: lintPolicy(document), notes });
  else report(context, path, imported.value);
  if (!json && output === undefined) out.line(text);
  return notCarried.some(({ severity }) => severity === "denied") ? EXIT.checkFailed : EXIT.ok;
}

/** With `--json` what `policy check` prints of a policy with errors. */
function refuseSource({ json, out }: Context, path: string, errors: readonly PolicyError[]): ExitCode {
  if (json) out.json({ errors });
  else for (const error of errors) out.error(`${toPlace(path, error)}: ${error.message}`);
  return EXIT.refused;
}

const WORDS: { readonly [severity in Severity]: string } = {
  denied: "not carried over, so that it denies",
  stricter: "stricter here",
  text: "words lost",
};

function report({ out }: Context, path: string, { document, notCarried, notes }: ImportedPolicy): void {
  for (const loss of notCarried) out.warn(`${toPlace(path, loss)}: ${WORDS[loss.severity]}: ${loss.text}`);
  for (const { pointer, message } of lintPolicy(document)) out.warn(`${pointer}: ${message}`);
  printNotes(out, notes);
  out.note(`${toPrintable(path)}: ${summary(notCarried)}`);
}

function summary(notCarried: readonly NotCarried[]): string {
  const denied = notCarried.filter(({ severity }) => severity === "denied").length;
  if (denied === 0) return "every rule was carried over";
  return `${counted(denied, "part")} could not be carried over and ${denied === 1 ? "denies" : "deny"}; write ${denied === 1 ? "it" : "them"} anew`;
}
