import type { PolicyDocument } from "./document.ts";
import type { PolicyError } from "./errors.ts";
import { isTooLarge, tooLarge } from "./parse-text.ts";
import { type SourceNode, toJsonValue } from "./parse-tree.ts";
import { parseValueTree } from "./parse-value.ts";
import { err, ok, type Result } from "./result.ts";
import { judgeDocument } from "./schema.ts";
import { createReport, type Finding, type Report } from "./schema-report.ts";

/**
 * Judges a policy that is a JSON value already, as `parsePolicy` judges source; errors come in the order
 * of the value, without line and column. Numbers are taken as they are: what was written is no longer known
 * (C7). The value is a copy.
 */
export function validatePolicy(value: unknown): Result<PolicyDocument, readonly PolicyError[]> {
  const report = createReport();
  return conclude(parseValueTree(value, report), report, withoutPosition);
}

/** How a finding becomes an error: with its position, or without. */
export type ToError = (finding: Finding) => PolicyError;

/** Judges a tree; undefined is a source that could not be read, with its errors in the report. */
export function conclude(
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
  if (tree === undefined || report.findings.length > 0) return err(toErrors(report, toError));
  // INVARIANT: a tree without findings has the shape of a document.
  return ok(value as PolicyDocument);
}

/** Everything that was found, in the order of the source. */
export function toErrors(report: Report, toError: ToError): readonly PolicyError[] {
  return report.findings.toSorted((a, b) => a.at - b.at).map(toError);
}

/** For findings whose positions mean nothing to the author. */
export function withoutPosition({ pointer, code, message }: Finding): PolicyError {
  return { pointer, code, message };
}
