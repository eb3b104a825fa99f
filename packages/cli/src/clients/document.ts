import type { JsonObject, JsonValue, Result } from "@portcullis/policy";
import { readJsonDocument, replaceInJson } from "./json-document.ts";
import { readTomlDocument, replaceInToml } from "./toml-document.ts";

/** The text of a client's file, read. */
export interface ClientDocument {
  readonly root: JsonObject;
  /** 1-based line on which the entry at a path begins; 1 where it cannot be told. */
  lineOf(path: readonly string[]): number;
  /** Where the text of a value begins and ends; undefined where it is not in one place. */
  spanOf(path: readonly string[]): { readonly start: number; readonly end: number } | undefined;
  /** True when the path, or a member right below it, is there twice: then it cannot be told what counts. */
  isAmbiguous(path: readonly string[]): boolean;
}

/** A change of one entry: some members go, others come, everything else of the file stays as it is. */
export interface EntryChange {
  readonly path: readonly string[];
  readonly drop: ReadonlySet<string>;
  readonly add: JsonObject;
}

export type DocumentFormat = "json" | "toml";

/** The error says where the text is broken. */
export function readDocument(format: DocumentFormat, text: string): Result<ClientDocument, string> {
  return format === "json" ? readJsonDocument(text) : readTomlDocument(text);
}

/**
 * The text with one entry changed; comments survive. The result is read again and compared with what it must say, so
 * that a form that is not understood is an error and never a damaged file.
 */
export function replaceMembers(
  format: DocumentFormat,
  text: string,
  change: EntryChange,
): Result<string, string> {
  return format === "json" ? replaceInJson(text, change) : replaceInToml(text, change);
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: JsonValue, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) {
      return undefined;
    }
    value = (value as JsonObject)[key];
  }
  return value;
}

/** What a document says after a change. */
export function withChange(root: JsonObject, { path, drop, add }: EntryChange): JsonObject {
  const copy = structuredClone(root);
  const parent = valueAt(copy, path.slice(0, -1)) as { [name: string]: JsonValue };
  const entry = valueAt(copy, path) as JsonObject;
  const kept = Object.entries(entry).filter(([name]) => !drop.has(name));
  parent[path.at(-1) ?? ""] = Object.fromEntries([...kept, ...Object.entries(add)]);
  return copy;
}

/** The line break that most of a text uses. */
export function lineBreakOf(text: string): string {
  const windows = text.split("\r\n").length - 1;
  return windows * 2 > text.split("\n").length - 1 ? "\r\n" : "\n";
}

/** Says on which line, from 1, an offset of a text is. The text is gone through once, when it is first asked. */
export function createLineCounter(text: string): (offset: number) => number {
  let breaks: readonly number[] | undefined;
  return (offset) => {
    breaks ??= [...text.matchAll(/\n/g)].map(({ index }) => index);
    let [low, high] = [0, breaks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((breaks[middle] ?? offset) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
