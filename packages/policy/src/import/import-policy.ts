import type { PolicyDocument } from "../document.ts";
import type { PolicyError } from "../errors.ts";
import { type PolicyFormat, withPosition } from "../parse.ts";
import { parseJsonTree } from "../parse-json.ts";
import { createLineReader, readSourceText } from "../parse-text.ts";
import type { Member, ObjectNode, SourceNode } from "../parse-tree.ts";
import { parseValueTree } from "../parse-value.ts";
import { parseYamlTree } from "../parse-yaml.ts";
import { err, ok, type Result } from "../result.ts";
import { judgeDocument } from "../schema.ts";
import { createReport, type Report } from "../schema-report.ts";
import { conclude, type ToError, toErrors, withoutPosition } from "../validate.ts";
import { convertIntercept } from "./intercept-policy.ts";
import { readSource } from "./intercept-source.ts";
import { createLosses, type Loss, type NotCarried } from "./loss.ts";
import { interceptNotes, strictnessNotes } from "./strictness.ts";

/** Which language a source is in. */
export type Dialect = "portcullis" | "intercept";

export interface ImportOptions {
  /** Default `yaml`, of which JSON is a part. */
  readonly format?: PolicyFormat;
  /** Default: told from the source. */
  readonly from?: Dialect;
}

export interface ImportedPolicy {
  readonly from: Dialect;
  /** A valid document. It never lets a call pass that the source stops. */
  readonly document: PolicyDocument;
  /** Everything that has no counterpart of its own, in the order of the source. */
  readonly notCarried: readonly NotCarried[];
  /** What is stricter here in general, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Reads a policy of another dialect as ours (policy-spec A6): Intercept's YAML, or the JSON dialect, which is ours
 * already. Tools without a document around them, as pages show them, become one that denies everything else. The error
 * is everything by which the source is no policy of its dialect, with line and column. Never throws.
 */
export function importPolicy(
  source: string | Uint8Array,
  { format = "yaml", from }: ImportOptions = {},
): Result<ImportedPolicy, readonly PolicyError[]> {
  const report = createReport();
  const text = readSourceText(source, report);
  if (text === undefined) return err(toErrors(report, withoutPosition));
  const written = format === "yaml" ? parseYamlTree(text, report) : parseJsonTree(text, format, report);
  // What could not be read is not judged: each part of it would be called wrong once more.
  if (written === undefined || report.findings.length > 0) return err(toErrors(report, withPosition(text)));
  const tree = isFragment(written) ? wrapFragment(written) : written;
  const origin: Origin = { text, isWrapped: tree !== written };
  return (from ?? dialectOf(tree)) === "portcullis"
    ? importOurs(tree, report, origin)
    : importIntercept(tree, report, origin);
}

interface Origin {
  readonly text: string;
  /** True when the source is what stands under `tools`. */
  readonly isWrapped: boolean;
}

const FRAGMENT = "the source names tools only; everything else is denied";

function importOurs(
  tree: SourceNode,
  report: Report,
  origin: Origin,
): Result<ImportedPolicy, readonly PolicyError[]> {
  const judged = conclude(tree, report, errorsOf(origin));
  if (!judged.ok) return judged;
  const notes = [...(origin.isWrapped ? [FRAGMENT] : []), ...strictnessNotes(judged.value)];
  return ok({ from: "portcullis", document: judged.value, notCarried: [], notes });
}

function importIntercept(
  tree: SourceNode,
  report: Report,
  origin: Origin,
): Result<ImportedPolicy, readonly PolicyError[]> {
  const source = readSource(tree, report);
  if (report.findings.length > 0) return err(toErrors(report, errorsOf(origin)));
  const { losses, lose } = createLosses();
  const document = convertIntercept(source, lose);
  // It may still be larger than the language allows (M5); positions in the result mean nothing to the author.
  const judged = conclude(parseValueTree(document, report), report, withoutPosition);
  if (!judged.ok) return judged;
  return ok({
    from: "intercept",
    document: judged.value,
    notCarried: toNotCarried(losses, origin),
    notes: [...(origin.isWrapped ? [FRAGMENT] : []), ...interceptNotes(judged.value)],
  });
}

/** Keys of a document: an object with one of them is no list of tools. */
const DOCUMENT_KEYS = ["version", "default", "tools", "hide", "description", "all_tools"];

function isFragment(tree: SourceNode): tree is ObjectNode {
  return (
    tree.kind === "object" &&
    tree.members.length > 0 &&
    tree.members.every(({ key, node }) => node.kind === "object" && !DOCUMENT_KEYS.includes(key))
  );
}

/** Nothing is said of other tools, so that they are denied. */
function wrapFragment(tree: ObjectNode): SourceNode {
  const { at } = tree;
  const word = (key: string, value: string): Member => ({
    key,
    keyAt: at,
    node: { kind: "scalar", at, value },
  });
  const members = [word("version", "1"), word("default", "deny"), { key: "tools", keyAt: at, node: tree }];
  return { kind: "object", at, members };
}

/** What is valid as ours is ours. Of the rest, `rules` in a tool marks the dialect; else keys that it does not have. */
function dialectOf(tree: SourceNode): Dialect {
  const trial = createReport();
  judgeDocument(tree, trial);
  if (trial.findings.length === 0) return "portcullis";
  const tools = membersOf(tree).find(({ key }) => key === "tools")?.node;
  const keys = tools === undefined ? [] : membersOf(tools).flatMap(({ node }) => membersOf(node));
  if (keys.some(({ key }) => key === "rules")) return "intercept";
  const isOurs = keys.length > 0 || membersOf(tree).some(({ key }) => OUR_KEYS.includes(key));
  return isOurs ? "portcullis" : "intercept";
}

const OUR_KEYS = [
  "all_tools",
  "on_unknown",
  "resources",
  "prompts",
  "server_requests",
  "time_zone",
  "$schema",
];

function membersOf(node: SourceNode): readonly Member[] {
  return node.kind === "object" ? node.members : [];
}

function errorsOf({ text, isWrapped }: Origin): ToError {
  const positioned = withPosition(text);
  return (finding) => {
    const error = positioned(finding);
    return { ...error, pointer: inSource(error.pointer, isWrapped) };
  };
}

function toNotCarried(losses: readonly Loss[], { text, isWrapped }: Origin): readonly NotCarried[] {
  const toLineColumn = createLineReader(text);
  return losses
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, pointer, ...loss }) => ({
      pointer: inSource(pointer, isWrapped),
      ...loss,
      ...toLineColumn(at),
    }));
}

function inSource(pointer: string, isWrapped: boolean): string {
  return isWrapped ? pointer.replace(/^\/tools(?=\/|$)/, "") : pointer;
}
