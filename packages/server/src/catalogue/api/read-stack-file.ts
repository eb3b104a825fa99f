import { err, isJsonObject, type JsonObject, ok, type Result } from "@portcullis/policy";
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
    package: typeof command === "string" ? packageOf(command, stringsOf(args)) : undefined,
    host: hostOf(["url", "serverUrl", "httpUrl"].map((key) => own(entry, key)).find(isText)),
  };
}

function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
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

interface Runner {
  readonly registry: "npm" | "pypi" | "oci";
  /** Words between the command and the package: `pnpm dlx`. */
  readonly words?: readonly string[];
  /** Options without a value. Whatever is not listed may carry a secret, so reading ends there. */
  readonly bare: ReadonlySet<string>;
  /** Options whose value is the package. */
  readonly named?: ReadonlySet<string>;
  /** Options with a value that is skipped. */
  readonly valued?: ReadonlySet<string>;
}

const NPX: Runner = {
  registry: "npm",
  bare: new Set(["-y", "--yes", "-q", "--quiet", "--prefer-offline"]),
  named: new Set(["-p", "--package"]),
};
const DOCKER: Runner = {
  registry: "oci",
  words: ["run"],
  bare: new Set([
    "-i",
    "-t",
    "-it",
    "-ti",
    "--rm",
    "--init",
    "--interactive",
    "--tty",
    "--privileged",
    "--read-only",
  ]),
  valued: new Set([
    "-e",
    "--env",
    "-v",
    "--volume",
    "--mount",
    "--name",
    "--network",
    "-p",
    "--publish",
    "-u",
    "--user",
    "-w",
    "--workdir",
    "--env-file",
    "--platform",
    "--pull",
    "--memory",
    "-m",
    "--cpus",
    "--entrypoint",
    "--add-host",
  ]),
};
const RUNNERS: readonly (readonly [string, Runner])[] = [
  ["npx", NPX],
  ["bunx", { ...NPX, bare: new Set(["--bun", ...NPX.bare]) }],
  ["pnpm", { ...NPX, words: ["dlx"] }],
  ["yarn", { ...NPX, words: ["dlx"] }],
  ["npm", { ...NPX, words: ["exec"], bare: new Set(["--", ...NPX.bare]) }],
  [
    "uvx",
    {
      registry: "pypi",
      bare: new Set(["-q", "--quiet", "--refresh", "--isolated", "--offline"]),
      named: new Set(["--from"]),
      valued: new Set(["-p", "--python"]),
    },
  ],
  [
    "pipx",
    {
      registry: "pypi",
      words: ["run"],
      bare: new Set(["--quiet", "--no-cache"]),
      named: new Set(["--spec"]),
    },
  ],
  ["docker", DOCKER],
  ["podman", DOCKER],
];

/** The package that a command runs; undefined where it cannot be told from an argument. */
function packageOf(command: string, args: readonly string[]): StackEntry["package"] {
  // On Windows `cmd /c npx …` is what clients are told to write.
  const program = programOf(command);
  if (program === "cmd" && args[0]?.toLowerCase() === "/c" && args[1] !== undefined) {
    return packageOf(args[1], args.slice(2));
  }
  const runner = RUNNERS.find(([name]) => name === program)?.[1];
  if (runner === undefined) return undefined;
  const words = runner.words ?? [];
  if (words.some((word, at) => args[at] !== word)) return undefined;
  const found = firstPackage(args.slice(words.length), runner);
  const name = found === undefined ? undefined : toPackageName(found, runner.registry);
  return name === undefined ? undefined : { registry: runner.registry, name };
}

function programOf(command: string): string {
  return (command.split(/[/\\]/).at(-1) ?? "").toLowerCase().replace(/\.(exe|cmd)$/, "");
}

function firstPackage(args: readonly string[], runner: Runner): string | undefined {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    const [option = "", value] = arg.split(/=(.*)/s);
    if (!arg.startsWith("-")) return arg;
    if (runner.named?.has(option)) return value ?? args[at + 1];
    if (runner.valued?.has(option)) at += value === undefined ? 1 : 0;
    else if (!runner.bare.has(arg)) return undefined;
  }
  return undefined;
}

const NAMES = {
  npm: /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?:@[^/\s]*)?$/,
  pypi: /^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?:\[[a-z0-9,._-]*\])?(?:(?:==|@|>=|~=)[^\s]*)?$/i,
  oci: /^((?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9._/-]+)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?$/,
} as const;

/** Without its version. */
function toPackageName(text: string, registry: keyof typeof NAMES): string | undefined {
  return text.length > 214 ? undefined : NAMES[registry].exec(text)?.[1];
}
