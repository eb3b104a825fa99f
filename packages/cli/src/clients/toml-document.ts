import { isDeepStrictEqual } from "node:util";
import { err, isJsonObject, type JsonObject, ok, type Result } from "@portcullis/policy";
import { parse, TomlError } from "smol-toml";
import {
  type ClientDocument,
  createLineCounter,
  type EntryChange,
  lineBreakOf,
  valueAt,
  withChange,
} from "./document.ts";
import { type Statement, statementsOf } from "./toml-statements.ts";
import { toTomlKey, toTomlValue } from "./toml-value.ts";

export function readTomlDocument(text: string): Result<ClientDocument, string> {
  const root = parseToml(text);
  if (!root.ok) return root;
  const lineAt = createLineCounter(text);
  let statements: readonly Statement[] | undefined;
  return ok({
    root: root.value,
    lineOf: (path) => {
      statements ??= statementsOf(text);
      const found = statements.find((statement) => startsWith(statement.path, path));
      return found === undefined ? 1 : lineAt(found.start);
    },
    spanOf: () => undefined,
    // The parser refuses a key that is there twice.
    isAmbiguous: () => false,
  });
}

/**
 * TOML has no tool that edits it and keeps its comments, so whole statements are taken out and put in: the rest of
 * the text, comments too, stays as it is.
 */
export function replaceInToml(text: string, change: EntryChange): Result<string, string> {
  const before = parseToml(text);
  if (!before.ok) return before;
  if (!isJsonObject(valueAt(before.value, change.path) ?? null)) return err("it cannot be rewritten");
  const rewritten = rewrite(text, change);
  if (rewritten === undefined) return err("it is written in a form that cannot be rewritten");
  const after = parseToml(rewritten);
  if (!after.ok || !isDeepStrictEqual(after.value, withChange(before.value, change))) {
    return err("it is written in a form that cannot be rewritten");
  }
  return ok(rewritten);
}

function parseToml(text: string): Result<JsonObject, string> {
  try {
    // `smol-toml` makes objects without a prototype of ours and dates; the copy is plain.
    return ok(toPlain(parse(text)) as JsonObject);
  } catch (cause) {
    const line = cause instanceof TomlError ? ` on line ${cause.line}` : "";
    return err(`it is not valid TOML${line}`);
  }
}

/** Dates become marked texts: they only have to compare equal to themselves. */
function toPlain(value: unknown): unknown {
  if (value instanceof Date) return `date ${value.toISOString()}`;
  if (typeof value === "bigint") return `integer ${value}`;
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toPlain(item)]));
}

function rewrite(text: string, change: EntryChange): string | undefined {
  const { path, drop, add } = change;
  const lineBreak = lineBreakOf(text);
  const statements = statementsOf(text);
  const inline = statements.find((each) => each.kind === "pair" && isSame(each.path, path));
  if (inline !== undefined) return rewriteInline(text, inline, change);
  const dropped = statements.filter(
    (each) => startsWith(each.path, path) && drop.has(each.path[path.length] ?? ""),
  );
  const head = statements.find((each) => each.kind === "table" && isSame(each.path, path));
  const anchor = head ?? dropped.find((each) => each.kind === "pair");
  if (anchor === undefined) return undefined;
  const prefix = head === undefined ? path.slice(anchor.path.length - anchor.key.length) : [];
  const lines = Object.entries(add).map(
    ([name, value]) => `${anchor.indent}${toTomlKey([...prefix, name])} = ${toTomlValue(value)}${lineBreak}`,
  );
  const at = head === undefined ? anchor.start : anchor.end;
  const opening = at > 0 && text[at - 1] !== "\n" ? lineBreak : "";
  return applyEdits(text, [
    { start: at, end: at, text: opening + lines.join("") },
    ...dropped.map((each) => ({ start: each.start, end: each.end, text: commentLines(each, lineBreak) })),
  ]);
}

/** `name = { … }` stays on one line. */
function rewriteInline(text: string, statement: Statement, change: EntryChange): string | undefined {
  const exact = parse(text, { integersAsBigInt: true }) as unknown as JsonObject;
  const entry = toTomlValue(valueAt(withChange(exact, change), change.path));
  if (entry === undefined) return undefined;
  const { key, indent, comment, start, end } = statement;
  const lineEnd = /\r?\n$/.exec(text.slice(start, end))?.[0] ?? "";
  const tail = comment === "" ? "" : ` ${comment}`;
  const inner = statement.innerComments.map((each) => `${indent}${each}${lineEnd}`).join("");
  return applyEdits(text, [
    { start, end, text: `${inner}${indent}${toTomlKey(key)} = ${entry}${tail}${lineEnd}` },
  ]);
}

/** What stays of a statement that goes: its comments, on lines of their own. */
function commentLines({ comment, innerComments, indent }: Statement, lineBreak: string): string {
  const comments = comment === "" ? innerComments : [comment, ...innerComments];
  return comments.map((text) => `${indent}${text}${lineBreak}`).join("");
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Edits that do not overlap; of two at one place the first given comes first. */
function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = "";
  let position = 0;
  for (const edit of edits.toSorted((left, right) => left.start - right.start)) {
    result += text.slice(position, edit.start) + edit.text;
    position = edit.end;
  }
  return result + text.slice(position);
}

function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((key, index) => path[index] === key);
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && startsWith(left, right);
}
