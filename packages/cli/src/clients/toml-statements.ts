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

/**
 * The statements of a document that is known to be valid, in order. Each character is looked at once, and the parser
 * reads nothing but headers and keys: files of strangers may be large. Ends early at a key that it does not read.
 */
export function statementsOf(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let table: readonly string[] = [];
  for (let start = 0; start < text.length; ) {
    const extent = extentOf(text, start);
    if (extent.isStatement) {
      const statement = toStatement(text, extent, table);
      if (statement === undefined) break;
      if (statement.kind !== "pair") table = statement.path;
      statements.push(statement);
    }
    start = extent.end;
  }
  return statements;
}

/** Where a statement, or a line without one, begins and ends, and what is in it. */
interface Extent {
  readonly start: number;
  readonly end: number;
  /** Offset of the first `=` outside of quotes. */
  readonly equals: number | undefined;
  readonly comments: readonly { readonly start: number; readonly end: number }[];
  readonly isStatement: boolean;
}

/** From the beginning of a line to the line break that is in no text and in no brackets. */
function extentOf(text: string, start: number): Extent {
  const comments: { start: number; end: number }[] = [];
  let equals: number | undefined;
  let depth = 0;
  let isStatement = false;
  let at = start;
  while (at < text.length) {
    const character = text[at] ?? "";
    if (character === "\n" && depth === 0) break;
    if (character === "#") {
      const end = endOfComment(text, at);
      comments.push({ start: at, end });
      at = end;
      continue;
    }
    if (!" \t\r\n".includes(character)) isStatement = true;
    if (character === "[" || character === "{") depth += 1;
    if (character === "]" || character === "}") depth -= 1;
    if (character === "=") equals ??= at;
    at = character === '"' || character === "'" ? endOfText(text, at) : at + 1;
  }
  return { start, end: Math.min(at + 1, text.length), equals, comments, isStatement };
}

function endOfComment(text: string, start: number): number {
  const lineFeed = text.indexOf("\n", start);
  if (lineFeed < 0) return text.length;
  return text[lineFeed - 1] === "\r" ? lineFeed - 1 : lineFeed;
}

/** Behind a text in one or three quotes, which begins at `start`. */
function endOfText(text: string, start: number): number {
  const quote = text[start] ?? "";
  const isLong = text.startsWith(quote.repeat(3), start);
  const mark = isLong ? quote.repeat(3) : quote;
  let at = start + mark.length;
  while (at < text.length && !text.startsWith(mark, at)) at += quote === '"' && text[at] === "\\" ? 2 : 1;
  at += mark.length;
  // One or two quotes may stand right before the three that end it.
  for (let more = 0; isLong && more < 2 && text[at] === quote; more += 1) at += 1;
  return at;
}

function toStatement(text: string, extent: Extent, table: readonly string[]): Statement | undefined {
  const { start, end, equals } = extent;
  const indent = /[ \t]*/y;
  indent.lastIndex = start;
  const [blank = ""] = indent.exec(text) ?? [];
  const head = start + blank.length;
  const isHeader = text[head] === "[";
  const key = keysOf(isHeader ? text.slice(start, end) : `${text.slice(start, equals ?? end)}= 0`);
  if (key === undefined) return undefined;
  const comments = extent.comments.map((each) => text.slice(each.start, each.end));
  const last = extent.comments.at(-1);
  const isAtEnd = last !== undefined && text.slice(last.end, end).trim() === "";
  return {
    kind: isHeader ? (text.startsWith("[[", head) ? "tables" : "table") : "pair",
    path: isHeader ? key : [...table, ...key],
    key,
    start,
    end,
    indent: blank,
    comment: isAtEnd ? (comments.at(-1) ?? "") : "",
    innerComments: isAtEnd ? comments.slice(0, -1) : comments,
  };
}

/** The one key of each object, from the outside in; undefined for what is no header and no key. */
function keysOf(text: string): readonly string[] | undefined {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return undefined;
  }
  const keys: string[] = [];
  while (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const [first] = Object.entries(value);
    if (first === undefined) break;
    keys.push(first[0]);
    value = first[1];
  }
  return keys;
}
