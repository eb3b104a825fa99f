import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "@portcullis/policy";
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { parseDocument } from "yaml";

/** The top level of the config file: every key that is written there, also unknown ones. */
export interface ConfigFile {
  /** `config.json`, …; `default` when there is none. */
  readonly name: string;
  readonly values: ReadonlyMap<string, unknown>;
}

const NAMES = ["config.json", "config.jsonc", "config.yaml", "config.yml"] as const;

/** Reads the one config file of a data folder. A missing file is an empty one; two files are an error. */
export function readConfigFile(dataDir: string): Result<ConfigFile, string> {
  const found = NAMES.filter((name) => existsSync(join(dataDir, name)));
  const name = found[0];
  if (name === undefined) return ok({ name: "default", values: new Map() });
  if (found.length > 1) return err(`${found.join(" and ")} are both in \`${dataDir}\`: keep one of them`);
  const text = readText(join(dataDir, name));
  if (!text.ok) return text;
  const values = name.startsWith("config.json") ? parseJsonc(text.value) : parseYaml(text.value);
  return values.ok ? ok({ name, values: values.value }) : err(`\`${join(dataDir, name)}\`: ${values.error}`);
}

function readText(path: string): Result<string, string> {
  try {
    return ok(readFileSync(path, "utf8"));
  } catch (cause) {
    return err(`\`${path}\` cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function parseJsonc(text: string): Result<ReadonlyMap<string, unknown>, string> {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined)
    return err(`line ${lineOf(text, first.offset)}: ${printParseErrorCode(first.error)}`);
  if (root?.type !== "object") return err("must hold one object `{…}`");
  const values = new Map<string, unknown>();
  for (const property of root.children ?? []) {
    const [key, value] = readProperty(property);
    if (values.has(key)) return err(`line ${lineOf(text, property.offset)}: \`${key}\` is there twice`);
    values.set(key, value);
  }
  return ok(values);
}

function readProperty(property: Node): readonly [string, unknown] {
  const [key, value] = property.children ?? [];
  return [String(key?.value), value === undefined ? undefined : getNodeValue(value)];
}

function parseYaml(text: string): Result<ReadonlyMap<string, unknown>, string> {
  const document = parseDocument(text, { version: "1.2", schema: "core", uniqueKeys: true });
  const first = document.errors[0];
  if (first !== undefined) return err(first.message.split("\n", 1)[0] ?? "is not YAML");
  try {
    const value: unknown = document.toJS({ mapAsMap: true, maxAliasCount: 0 });
    if (value === null) return ok(new Map());
    if (!(value instanceof Map)) return err("must hold one mapping `key: value`");
    return ok(new Map([...value].map(([key, item]) => [String(key), item])));
  } catch {
    return err("anchors and aliases are not read here");
  }
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
