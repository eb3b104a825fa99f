import { extname } from "node:path";
import { err, ok, type PolicyDocument, type PolicyError, parsePolicy, type Result } from "@portcullis/policy";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import { readInput } from "../../read-input.ts";

export interface PolicyFile {
  readonly document: PolicyDocument;
  /** The text as its author wrote it. */
  readonly source: string;
}

/** Why there is no policy: the file, or what is written in it. */
export type PolicyFileError =
  | { readonly kind: "file"; readonly message: string }
  | { readonly kind: "policy"; readonly errors: readonly PolicyError[] };

/** A policy as JSON, JSONC or YAML, told apart by the extension (policy-spec M4). */
export async function readPolicyFile(
  context: Context,
  path: string,
): Promise<Result<PolicyFile, PolicyFileError>> {
  const bytes = await readInput(context, path);
  if (!bytes.ok) return err({ kind: "file", message: bytes.error });
  const parsed = parsePolicy(bytes.value, { format: formatOf(path, bytes.value) });
  if (!parsed.ok) return err({ kind: "policy", errors: parsed.error });
  return ok({ document: parsed.value, source: bytes.value.toString("utf8") });
}

/** One line that says why `path` is no policy, for the commands that need one. */
export function refusePolicyFile(context: Context, path: string, error: PolicyFileError): ExitCode {
  if (error.kind === "file") return refuse(context, error.message);
  const [first] = error.errors;
  const more = error.errors.length > 1 ? ` (and ${error.errors.length - 1} more)` : "";
  const where = first === undefined ? "" : `${toPlace(path, first)}: ${first.message}`;
  return refuse(context, `${where}${more}; \`portcullis policy check\` lists every error`);
}

/** `{errors: [{pointer, code, message}]}` on standard output, for programs; docs/errors.md lists the codes. */
export function printPolicyErrors(context: Context, errors: readonly PolicyError[]): ExitCode {
  context.out.json({ errors: errors.map(({ pointer, code, message }) => ({ pointer, code, message })) });
  return EXIT.refused;
}

/** `policy.json:3:7 /tools/x`, as editors and terminals link it. */
export function toPlace(path: string, error: Pick<PolicyError, "pointer" | "line" | "column">): string {
  const position = error.line === undefined ? "" : `:${error.line}:${error.column ?? 1}`;
  return toPrintable(`${path}${position}${error.pointer === "" ? "" : ` ${error.pointer}`}`);
}

/** By the extension; without a known one by the first character. */
export function formatOf(path: string, bytes: Buffer): "json" | "jsonc" | "yaml" {
  const extension = extname(path).toLowerCase();
  if (extension === ".json") return "json";
  if (extension === ".jsonc") return "jsonc";
  if (extension === ".yaml" || extension === ".yml") return "yaml";
  return /^\s*[{/]/.test(bytes.toString("utf8", 0, 4096)) ? "jsonc" : "yaml";
}
