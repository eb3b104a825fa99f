import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type JsonObject, type Result } from "@portcullis/policy";
import { type ClientKind, transportMembers } from "./client-kind.ts";
import { readDocument, replaceMembers, valueAt } from "./document.ts";
import type { EntrySecrets } from "./init-record.ts";

/** Sends an entry through the gateway: its transport becomes `members`, all else of it stays. */
export function rewriteEntry(
  kind: ClientKind,
  text: string,
  path: readonly string[],
  members: JsonObject,
): Result<string, string> {
  return replaceMembers(kind.format, text, { path, drop: transportMembers(kind), add: members });
}

/** What a text said where another was put: of an entry in one place its own text, else the lines that differ. */
export function changedText(
  kind: ClientKind,
  path: readonly string[],
  before: string,
  after: string,
): Change {
  const own = (text: string): string | undefined => {
    const document = readDocument(kind.format, text);
    const span = document.ok ? document.value.spanOf(path) : undefined;
    return span === undefined ? undefined : text.slice(span.start, span.end);
  };
  const [old, now] = [own(before), own(after)];
  return old === undefined || now === undefined ? changedLines(before, after) : { before: old, after: now };
}

type Change = Pick<EntrySecrets, "before" | "after">;

function changedLines(before: string, after: string): Change {
  let head = 0;
  const shorter = Math.min(before.length, after.length);
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const start = before.lastIndexOf("\n", head - 1) + 1;
  const end = (text: string): number => {
    const next = text.indexOf("\n", text.length - tail);
    return next < 0 ? text.length : next + 1;
  };
  return { before: before.slice(start, end(before)), after: after.slice(start, end(after)) };
}

/**
 * Takes an entry back out of the gateway: letter for letter where the lines are as `init` left them, else only the
 * members that it wrote, so that later edits stay. Undefined when the entry is gone or goes elsewhere by now.
 */
export function unwriteEntry(
  kind: ClientKind,
  text: string,
  path: readonly string[],
  secrets: EntrySecrets,
): Result<string, string> | undefined {
  const document = readDocument(kind.format, text);
  if (!document.ok) return document;
  const entry = valueAt(document.value.root, path);
  if (!isJsonObject(entry ?? null) || !isStillOurs(entry as JsonObject, secrets.members)) return undefined;
  const [first, ...more] = text.split(secrets.after);
  if (secrets.after !== "" && first !== undefined && more.length === 1) {
    const exact = first + secrets.before + more.join("");
    if (saysOriginal(kind, exact, path, secrets.original)) return { ok: true, value: exact };
  }
  const drop = transportMembers(kind);
  const add = Object.fromEntries(Object.entries(secrets.original).filter(([name]) => drop.has(name)));
  return replaceMembers(kind.format, text, { path, drop, add });
}

function isStillOurs(entry: JsonObject, members: JsonObject): boolean {
  return Object.entries(members).every(([name, value]) => isDeepStrictEqual(entry[name], value));
}

function saysOriginal(
  kind: ClientKind,
  text: string,
  path: readonly string[],
  original: JsonObject,
): boolean {
  const document = readDocument(kind.format, text);
  return document.ok && isDeepStrictEqual(valueAt(document.value.root, path), original);
}
