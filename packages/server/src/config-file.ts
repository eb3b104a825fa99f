import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "@portcullis/policy";
import type { ParseError } from "jsonc-parser";

/** The top level of the config file: every key that is written there, also unknown ones. */
export interface ConfigFile {
  /** `config.json`, …; `default` when there is none. */
  readonly name: string;
  readonly values: ReadonlyMap<string, unknown>;
}

const NAMES = ["config.json", "config.jsonc", "config.yaml", "config.yml"] as const;

/**
 * Reads the one config file of a data folder. A missing file is an empty one; two files are an error. Most starts
 * have no file: what reads one is loaded with it.
 */
export async function readConfigFile(dataDir: string): Promise<Result<ConfigFile, string>> {
  const found = NAMES.filter((name) => existsSync(join(dataDir, name)));
  const name = found[0];
  if (name === undefined) return ok({ name: "default", values: new Map() });
  if (found.length > 1) return err(`${found.join(" and ")} are both in \`${dataDir}\`: keep one of them`);
  const text = readText(join(dataDir, name));
  if (!text.ok) return text;
  const values = await (name.startsWith("config.json") ? parseJsonc(text.value) : parseYaml(text.value));
  return values.ok ? ok({ name, values: values.value }) : err(`\`${join(dataDir, name)}\`: ${values.error}`);
}

function readText(path: string): Result<string, string> {
  try {
    return ok(readFileSync(path, "utf8"));
  } catch (cause) {
    return err(`\`${path}\` cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

async function parseJsonc(text: string): Promise<Result<ReadonlyMap<string, unknown>, string>> {
  const jsonc = await import("jsonc-parser");
  const errors: ParseError[] = [];
  const root = jsonc.parseTree(text, errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined)
    return err(`line ${lineOf(text, first.offset)}: ${jsonc.printParseErrorCode(first.error)}`);
  if (root?.type !== "object") return err("must hold one object `{…}`");
  const values = new Map<string, unknown>();
  for (const property of root.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    const key = String(keyNode?.value);
    if (values.has(key)) return err(`line ${lineOf(text, property.offset)}: \`${key}\` is there twice`);
    values.set(key, valueNode === undefined ? undefined : jsonc.getNodeValue(valueNode));
  }
  return ok(values);
}

async function parseYaml(text: string): Promise<Result<ReadonlyMap<string, unknown>, string>> {
  const { parseDocument } = await import("yaml");
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
