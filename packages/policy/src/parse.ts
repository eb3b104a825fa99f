import type { PolicyDocument } from "./document.ts";
import type { PolicyError } from "./errors.ts";
import { parseJsonTree } from "./parse-json.ts";
import { createLineReader, readSourceText } from "./parse-text.ts";
import { parseYamlTree } from "./parse-yaml.ts";
import { err, type Result } from "./result.ts";
import { createReport } from "./schema-report.ts";
import { conclude, type ToError, withoutPosition } from "./validate.ts";

/** Notations that a policy may be written in; `jsonc` is JSON with comments and spare commas (M4). */
export type PolicyFormat = "json" | "jsonc" | "yaml";

export interface ParsePolicyOptions {
  /** Default `json`, read strictly. */
  readonly format?: PolicyFormat;
}

/**
 * Reads a policy from source (policy-spec sections 1 to 5). The value is a fresh, plain JSON value. The error is
 * every fault that was found, in the order of the source, with line and column; where the source cannot be read
 * to its end, those up to there. Never throws; bytes must be UTF-8, a byte order mark is passed over.
 */
export function parsePolicy(
  source: string | Uint8Array,
  { format = "json" }: ParsePolicyOptions = {},
): Result<PolicyDocument, readonly PolicyError[]> {
  const report = createReport();
  const text = readSourceText(source, report);
  if (text === undefined) return err(report.findings.map(withoutPosition));
  const tree = format === "yaml" ? parseYamlTree(text, report) : parseJsonTree(text, format, report);
  return conclude(tree, report, withPosition(text));
}

/** For findings of `text`, in the order of the source. */
export function withPosition(text: string): ToError {
  const toLineColumn = createLineReader(text);
  return (finding) => ({ ...withoutPosition(finding), ...toLineColumn(finding.at) });
}
