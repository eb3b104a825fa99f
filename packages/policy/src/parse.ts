import type { PolicyDocument } from "./document.ts";
import type { PolicyError } from "./errors.ts";
import { parseJsonTree } from "./parse-json.ts";
import { createLineReader, isTooLarge, readSourceText, tooLarge } from "./parse-text.ts";
import { type SourceNode, toJsonValue } from "./parse-tree.ts";
import { parseValueTree } from "./parse-value.ts";
import { parseYamlTree } from "./parse-yaml.ts";
import { err, ok, type Result } from "./result.ts";
import { judgeDocument } from "./schema.ts";
import { createReport, type Finding, type Report } from "./schema-report.ts";

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

/**
 * Judges a policy that is a JSON value already, as {@link parsePolicy} judges source; errors come in the order
 * of the value, without line and column. Numbers are taken as they are: what was written is no longer known
 * (C7). The value is a copy.
 */
export function validatePolicy(value: unknown): Result<PolicyDocument, readonly PolicyError[]> {
  const report = createReport();
  return conclude(parseValueTree(value, report), report, withoutPosition);
}

type ToError = (finding: Finding) => PolicyError;

function conclude(
  tree: SourceNode | undefined,
  report: Report,
  toError: ToError,
): Result<PolicyDocument, readonly PolicyError[]> {
  let value: unknown;
  if (tree !== undefined) {
    judgeDocument(tree, report);
    value = toJsonValue(tree);
    // M5: escapes and YAML's bare words grow on the way to JSON.
    if (isTooLarge(JSON.stringify(value)))
      report.add(undefined, tree.at, "limit_exceeded", tooLarge("the document as JSON"));
  }
  // Fail closed: without a tree there is no document, whatever the findings.
  if (tree === undefined || report.findings.length > 0)
    return err(report.findings.toSorted((a, b) => a.at - b.at).map(toError));
  // INVARIANT: a tree without findings has the shape of a document.
  return ok(value as PolicyDocument);
}

function withPosition(text: string): ToError {
  const toLineColumn = createLineReader(text);
  return (finding) => ({ ...withoutPosition(finding), ...toLineColumn(finding.at) });
}

function withoutPosition({ pointer, code, message }: Finding): PolicyError {
  return { pointer, code, message };
}
