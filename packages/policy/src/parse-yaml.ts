import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  type Pair,
  type ParsedNode,
  Parser,
  Scalar,
} from "yaml";
import { isExactNumberToken } from "./number-token.ts";
import { MAX_NESTING, type Member, type ScalarNode, type SourceNode } from "./parse-tree.ts";
import { below, type Place, quote, type Report } from "./schema-report.ts";

/**
 * Reads YAML 1.2 by the core schema, without anchors, aliases, merge keys, tags and directives, one document per
 * source (M4). Undefined when the source is not YAML at all, with an error in the report. Tokens are looked at
 * before the library composes them, because composing recurses without bound.
 */
export function parseYamlTree(text: string, report: Report): SourceNode | undefined {
  const tokens = readTokens(text, report);
  if (tokens === undefined) return undefined;
  let tree: SourceNode | undefined;
  // One document, also where the source has none: then its contents are null.
  for (const document of new Composer(OPTIONS).compose(tokens, true, text.length)) {
    tree = toTree(document, report);
  }
  return tree;
}

const OPTIONS = {
  version: "1.2",
  schema: "core",
  merge: false,
  // Duplicates are found later for all formats alike; the library compares each key with every other.
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/** The tokens of the only document. Undefined when nesting is too deep. */
function readTokens(text: string, report: Report): readonly CST.Token[] | undefined {
  const tokens: CST.Token[] = [];
  let documents = 0;
  for (const token of new Parser().parse(text)) {
    if (token.type === "document") documents += 1;
    if (documents > 1) {
      report.add(
        undefined,
        token.offset,
        "unsupported_yaml",
        "a policy is one YAML document; remove the others",
      );
      break;
    }
    if (token.type === "directive" && !/^%YAML\s+1\.2\s*$/.test(token.source)) {
      report.add(
        undefined,
        token.offset,
        "unsupported_yaml",
        "only the directive `%YAML 1.2` is read; remove it",
      );
    } else if (token.type === "document" && isTooDeep(token)) {
      const message = `nested deeper than ${MAX_NESTING} levels; flatten it`;
      report.add(undefined, token.offset, "limit_exceeded", message);
      return undefined;
    } else tokens.push(token);
  }
  return tokens;
}

/** Walks with a list of its own instead of recursion: the depth is what is in question. */
function isTooDeep(document: CST.Document): boolean {
  const waiting: { readonly token: CST.Token | null | undefined; readonly depth: number }[] = [
    { token: document.value, depth: 0 },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (token == null || !("items" in token)) continue;
    if (depth >= MAX_NESTING) return true;
    for (const item of token.items) {
      waiting.push({ token: item.key, depth: depth + 1 }, { token: item.value, depth: depth + 1 });
    }
  }
  return false;
}

function toTree(document: Document.Parsed, report: Report): SourceNode | undefined {
  for (const error of document.errors) {
    report.add(undefined, error.pos[0], "syntax", `the source is not YAML: ${error.message}`);
  }
  return document.errors.length > 0 ? undefined : toNode(document.contents, 0, undefined, report);
}

/** `fallbackAt` is the position of a value that is not written, such as after `tools:`. */
function toNode(node: ParsedNode | null, fallbackAt: number, place: Place, report: Report): SourceNode {
  const at = node?.range[0] ?? fallbackAt;
  if (node === null) return { kind: "scalar", at, value: null };
  if (isAlias(node)) {
    refuse(report, place, at, "aliases are not read; write the value out");
    return { kind: "unreadable", at };
  }
  if (node.anchor !== undefined) refuse(report, place, at, "anchors are not read; remove it");
  if (node.tag !== undefined) refuse(report, place, at, `the tag ${quote(node.tag)} is not read; remove it`);
  if (isMap(node)) {
    const members = node.items.flatMap((pair) => toMember(pair, place, report) ?? []);
    return { kind: "object", at, members };
  }
  if (isScalar(node)) return toScalar(node, at);
  const items = node.items.map((item, index) => toNode(item, at, below(place, index), report));
  return { kind: "array", at, items };
}

function toMember(
  { key, value }: Pair<ParsedNode, ParsedNode | null>,
  place: Place,
  report: Report,
): Member | undefined {
  const keyAt = key.range[0];
  if (!isScalar(key) || typeof key.value !== "string") {
    refuse(report, place, keyAt, "every key must be a string; put it in quotes");
    return undefined;
  }
  const at = below(place, key.value);
  if (key.anchor !== undefined || key.tag !== undefined)
    refuse(report, at, keyAt, "a key has no anchor and no tag; remove it");
  if (key.value === "<<" && key.type === Scalar.PLAIN) {
    refuse(report, at, keyAt, "merge keys are not read; write the keys out");
    return undefined;
  }
  return { key: key.value, keyAt, node: toNode(value, keyAt, at, report) };
}

/** After so many errors the author knows; their pointers together could take memory quadratic in the source. */
const MAX_REFUSED = 100;

function refuse(report: Report, place: Place, at: number, message: string): void {
  if (report.findings.length < MAX_REFUSED) report.add(place, at, "unsupported_yaml", message);
}

function toScalar(scalar: Scalar, at: number): ScalarNode {
  const { value } = scalar;
  const token = String(scalar.source);
  const plain = scalar.type === Scalar.PLAIN ? { plain: token } : {};
  if (typeof value === "string" || typeof value === "boolean") return { kind: "scalar", at, value, ...plain };
  if (typeof value !== "number") return { kind: "scalar", at, value: null, ...plain };
  const exact = isExactNumberToken(toDecimalToken(token));
  return { kind: "scalar", at, value, ...(exact ? {} : { inexactToken: token }), ...plain };
}

/** Beyond this many digits a hexadecimal or octal number lies beyond binary64, and converting it takes time. */
const MAX_RADIX_DIGITS = 400;

/** Hexadecimal and octal tokens of the core schema in decimal; `.inf` and `.nan` stay and are no numbers (C7). */
function toDecimalToken(token: string): string {
  if (!/^0[xo]/.test(token)) return token;
  const digits = token.slice(2).replace(/^0+/, "");
  return digits.length > MAX_RADIX_DIGITS ? token : BigInt(`${token.slice(0, 2)}0${digits}`).toString();
}
