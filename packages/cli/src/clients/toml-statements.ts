import { isDeepStrictEqual } from "node:util";
import { parse } from "smol-toml";

/** One table header or one pair of key and value. */
export interface Statement {
  readonly kind: "table" | "tables" | "pair";
  /** From the root of the document. */
  readonly path: readonly string[];
  /** As it is written: within the table that it stands in. */
  readonly key: readonly string[];
  /** Offset of the first line. */
  readonly start: number;
  /** Behind its last line break. */
  readonly end: number;
  readonly indent: string;
  /** The comment at its end, with `#`; empty without one. */
  readonly comment: string;
  /** Comments between the lines of a value. */
  readonly innerComments: readonly string[];
}

/** Values over more lines are left alone. */
const MAX_STATEMENT_LINES = 500;

/**
 * The statements of a document that is known to be valid, in order. Where one ends is found by the parser itself: a
 * statement is the fewest lines that parse. Ends early where a value is too long for that.
 */
export function statementsOf(text: string): readonly Statement[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const statements: Statement[] = [];
  let table: readonly string[] = [];
  let start = 0;
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] ?? "";
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) {
      index += 1;
      start += line.length;
      continue;
    }
    const taken = takeStatement(lines, index);
    if (taken === undefined) break;
    const statement = toStatement(taken.text, taken.value, table, start);
    if (statement === undefined) break;
    if (statement.kind !== "pair") table = statement.path;
    statements.push(statement);
    index += taken.lines;
    start += taken.text.length;
  }
  return statements;
}

interface Taken {
  readonly text: string;
  readonly value: object;
  readonly lines: number;
}

function takeStatement(lines: readonly string[], from: number): Taken | undefined {
  let text = "";
  for (let count = 1; count <= MAX_STATEMENT_LINES && from + count <= lines.length; count += 1) {
    text += lines[from + count - 1];
    const value = tryParse(text);
    if (value !== undefined) return { text, value, lines: count };
  }
  return undefined;
}

function toStatement(
  text: string,
  value: object,
  table: readonly string[],
  start: number,
): Statement | undefined {
  const isHeader = text.trimStart().startsWith("[");
  const key = isHeader ? keysOf(value) : keyOfPair(text);
  if (key === undefined) return undefined;
  const comments = commentsOf(text, value);
  const last = comments.at(-1);
  const isAtEnd = last !== undefined && text.trimEnd().endsWith(last);
  return {
    kind: isHeader ? (text.trimStart().startsWith("[[") ? "tables" : "table") : "pair",
    path: isHeader ? key : [...table, ...key],
    key,
    start,
    end: start + text.length,
    indent: /^[ \t]*/.exec(text)?.[0] ?? "",
    comment: isAtEnd ? last : "",
    innerComments: isAtEnd ? comments.slice(0, -1) : comments,
  };
}

/** What stands before the `=`: the first for which a number behind it makes a statement. */
function keyOfPair(text: string): readonly string[] | undefined {
  for (let at = text.indexOf("="); at >= 0; at = text.indexOf("=", at + 1)) {
    const value = tryParse(`${text.slice(0, at)}= 0`);
    if (value !== undefined) return keysOf(value);
  }
  return undefined;
}

/** The one key of each object, from the outside in. */
function keysOf(value: object): readonly string[] {
  const [first] = Object.entries(value);
  if (first === undefined || Array.isArray(value)) return [];
  const [key, inner] = first;
  return typeof inner === "object" && inner !== null ? [key, ...keysOf(inner)] : [key];
}

/** A `#` begins a comment when the text says the same without the rest of its line. */
function commentsOf(text: string, value: object): readonly string[] {
  const comments: string[] = [];
  for (let at = text.indexOf("#"); at >= 0; at = text.indexOf("#", at + 1)) {
    const lineEnd = /\r?\n|$/.exec(text.slice(at))?.index ?? 0;
    const rest = tryParse(text.slice(0, at) + text.slice(at + lineEnd));
    if (rest === undefined || !isDeepStrictEqual(rest, value)) continue;
    comments.push(text.slice(at, at + lineEnd));
    at += lineEnd;
  }
  return comments;
}

function tryParse(text: string): object | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
