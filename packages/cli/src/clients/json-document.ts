import { isDeepStrictEqual } from "node:util";
import { err, isJsonObject, type JsonValue, ok, type Result } from "@portcullis/policy";
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import {
  type ClientDocument,
  createLineCounter,
  type EntryChange,
  lineBreakOf,
  withChange,
} from "./document.ts";
import { rewriteObject } from "./json-object-text.ts";

/** JSON with comments and trailing commas, as most clients read it. */
export function readJsonDocument(text: string): Result<ClientDocument, string> {
  try {
    return read(text);
  } catch (cause) {
    // The parser calls itself for each level.
    if (cause instanceof RangeError) return err("it is nested too deep");
    throw cause;
  }
}

export function replaceInJson(text: string, change: EntryChange): Result<string, string> {
  const before = readJsonDocument(text);
  if (!before.ok) return before;
  const tree = parse(text);
  if (!tree.ok) return tree;
  const entry = findNodeAtLocation(tree.value, [...change.path]);
  if (entry?.type !== "object" || before.value.isAmbiguous(change.path)) return err("it cannot be rewritten");
  const replaced = rewriteObject(text, entry, change, lineBreakOf(text));
  const rewritten = text.slice(0, entry.offset) + replaced + text.slice(entry.offset + entry.length);
  const after = readJsonDocument(rewritten);
  const wanted = withChange(before.value.root, change);
  if (!after.ok || !isDeepStrictEqual(after.value.root, wanted)) return err("it cannot be rewritten");
  return ok(rewritten);
}

function read(text: string): Result<ClientDocument, string> {
  if (text.trim() === "")
    return ok({ root: {}, lineOf: () => 1, spanOf: () => undefined, isAmbiguous: () => false });
  const tree = parse(text);
  if (!tree.ok) return tree;
  // The library makes objects without a prototype, which compare as different.
  const root: JsonValue = JSON.parse(JSON.stringify(getNodeValue(tree.value)));
  if (!isJsonObject(root)) return err("it is not an object");
  const lineAt = createLineCounter(text);
  return ok({
    root,
    lineOf: (path) => {
      const node = findNodeAtLocation(tree.value, [...path]);
      return node === undefined ? 1 : lineAt(node.parent?.offset ?? node.offset);
    },
    spanOf: (path) => {
      const node = findNodeAtLocation(tree.value, [...path]);
      return node === undefined ? undefined : { start: node.offset, end: node.offset + node.length };
    },
    isAmbiguous: (path) => isAmbiguous(tree.value, path),
  });
}

function parse(text: string): Result<Node, string> {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) {
    return err(
      `it is not valid JSON: ${wordsOf(printParseErrorCode(first.error))} on line ${createLineCounter(text)(first.offset)}`,
    );
  }
  return tree === undefined ? err("it is not valid JSON") : ok(tree);
}

/** `CloseBraceExpected` → `close brace expected`. */
function wordsOf(code: string): string {
  return code.replaceAll(/\B([A-Z])/g, " $1").toLowerCase();
}

/** A key that is there twice: parsers differ in which one they take (threat 1). */
function isAmbiguous(tree: Node, path: readonly string[]): boolean {
  return Array.from({ length: path.length + 1 }, (_, length) => path.slice(0, length)).some((part) => {
    const node = findNodeAtLocation(tree, [...part]);
    const keys = node?.type === "object" ? (node.children ?? []).map(keyOf) : [];
    // Of the maps on the way only the key that is taken counts.
    const next = path[part.length];
    return next === undefined
      ? new Set(keys).size !== keys.length
      : keys.filter((key) => key === next).length > 1;
  });
}

function keyOf(property: Node): unknown {
  return property.children?.[0]?.value;
}
