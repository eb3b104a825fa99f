import { packageOf } from "@portcullis/catalogue";
import { err, isJsonObject, type JsonObject, ok, own, type Result } from "@portcullis/policy";
import { type ParseError, parse } from "jsonc-parser";
import type { PackageFacts } from "../reader.ts";

/**
 * What is read out of a client's file: names, packages and hosts. Everything else in it, arguments, variables and
 * headers, may be a secret and is never kept.
 */
export interface StackEntry {
  /** What the file calls the server. */
  readonly alias: string;
  readonly package: Pick<PackageFacts, "registry" | "name"> | undefined;
  readonly host: string | undefined;
}

/** Where clients keep their servers: Claude, Cursor and Windsurf; VS Code; Zed. */
const PLACES: readonly (readonly string[])[] = [
  ["mcpServers"],
  ["servers"],
  ["mcp", "servers"],
  ["context_servers"],
];

/** More servers than anybody runs beside each other. */
export const MAX_STACK_SERVERS = 60;
const MAX_ALIAS_CHARS = 120;

/** Reads an `mcp.json`, comments allowed. The error says what to do, and repeats nothing of the text. */
export function readStackFile(text: string): Result<readonly StackEntry[], string> {
  const file = parseJson(text);
  if (!file.ok) return file;
  for (const place of PLACES) {
    const servers = at(file.value, place);
    if (servers === undefined) continue;
    const named = Object.entries(servers).filter((pair): pair is [string, JsonObject] =>
      isJsonObject(pair[1]),
    );
    if (named.length === 0) continue;
    if (named.length > MAX_STACK_SERVERS) {
      return err(`The file names ${named.length} servers; at most ${MAX_STACK_SERVERS} are read at once.`);
    }
    return ok(named.map(([alias, entry]) => readEntry(alias, entry)));
  }
  return err("No servers were found in it: expected `mcpServers` or `servers`, with an entry per server.");
}

function parseJson(text: string): Result<JsonObject, string> {
  const errors: ParseError[] = [];
  try {
    const value: unknown = parse(text.replace(/^\uFEFF/, ""), errors, { allowTrailingComma: true });
    const first = errors[0];
    if (first !== undefined)
      return err(`It is not JSON: something is wrong at character ${first.offset + 1}.`);
    return isJsonObject(value) ? ok(value) : err("It is JSON, but no object.");
  } catch {
    // The parser calls itself once per level.
    return err("It is nested too deeply to be an `mcp.json`.");
  }
}

function at(file: JsonObject, place: readonly string[]): JsonObject | undefined {
  let value: unknown = file;
  for (const key of place) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return isJsonObject(value) ? value : undefined;
}

function readEntry(name: string, entry: JsonObject): StackEntry {
  // Zed puts the command into an object of its own.
  const inner = own(entry, "command");
  const place = isJsonObject(inner) ? inner : entry;
  const command = own(place, isJsonObject(inner) ? "path" : "command");
  const args = own(place, "args");
  return {
    alias: name.slice(0, MAX_ALIAS_CHARS),
    package: typeof command === "string" ? packageIn([command, ...stringsOf(args)]) : undefined,
    host: hostOf(["url", "serverUrl", "httpUrl"].map((key) => own(entry, key)).find(isText)),
  };
}

/** Without its version: the index keeps one entry per package. */
function packageIn(command: readonly string[]): StackEntry["package"] {
  const reference = packageOf(command);
  return reference && { registry: reference.registry, name: reference.name };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(isText) : [];
}

function hostOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? hostname : undefined;
}
