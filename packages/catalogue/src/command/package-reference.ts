import { PACKAGE_RUNNERS, type PackageRunner } from "./package-runners.ts";

/** The package that a command runs, where the command says so. */
export interface PackageReference {
  readonly registry: "npm" | "pypi" | "oci";
  readonly name: string;
  /** As written; undefined when the newest one is run. */
  readonly version: string | undefined;
}

/**
 * What `npx -y name@1.2.3`, `uvx name==1.2.3`, `docker run image:tag` and the like run. Undefined for other commands, and
 * where an option that is not known comes before the package: its value, a key perhaps, would be taken for the name.
 */
export function packageOf(command: readonly string[]): PackageReference | undefined {
  const words = withoutCmd(command);
  const runner = PACKAGE_RUNNERS.find(({ program }) => program === programOf(words));
  const prefix = runner?.words.find((each) => each.every((word, index) => words[index + 1] === word));
  if (runner === undefined || prefix === undefined) return undefined;
  const word = packageWord(words.slice(1 + prefix.length), runner);
  return word === undefined ? undefined : parseReference(word, runner.registry);
}

/** On Windows clients are told to write `cmd /c npx …`. */
function withoutCmd(command: readonly string[]): readonly string[] {
  if (programOf(command) !== "cmd") return command;
  const start = command.findIndex((word, index) => index > 0 && !word.startsWith("/"));
  return start > 1 && command[start - 1]?.toLowerCase() === "/c" ? command.slice(start) : command;
}

function programOf(words: readonly string[]): string {
  const [program = ""] = words;
  return program
    .replace(/^.*[\\/]/, "")
    .toLowerCase()
    .replace(/\.(?:cmd|exe|ps1)$/, "");
}

function packageWord(words: readonly string[], runner: PackageRunner): string | undefined {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (!word.startsWith("-")) return word;
    const [option = "", value] = word.split(/=(.*)/s);
    if (runner.named.has(option)) return value ?? words[index + 1];
    if (runner.valued.has(option)) index += value === undefined ? 1 : 0;
    else if (!isComplete(word, runner)) return undefined;
  }
  return undefined;
}

/** True for an option that certainly leaves the next word alone. */
function isComplete(word: string, { bare, valued }: PackageRunner): boolean {
  // `-eKEY=x` is `-e KEY=x`.
  const isAttached = !word.startsWith("--") && word.length > 2 && valued.has(word.slice(0, 2));
  return bare.has(word) || isAttached || /^--[\w-]+=/.test(word);
}

/** Letters of any alphabet: a name that only looks like another is read, so that it can be told. */
const PATTERNS: { readonly [R in PackageReference["registry"]]: RegExp } = {
  npm: /^((?:@[\p{L}\p{M}\p{N}\p{Pd}\p{Cf}_.~]+\/)?[\p{L}\p{M}\p{N}\p{Pd}\p{Cf}_.~]+)(?:@(\S*))?$/u,
  pypi: /^([\p{L}\p{M}\p{N}\p{Pd}\p{Cf}_.]+)(?:\[[\w,.-]*\])?(?:(?:==|@)(\S*)|((?:[<>~!]=|[<>])\S*))?$/u,
  oci: /^((?:[\w.-]+(?::\d+)?\/)?[\w./-]+?)(?:[:@](\S*))?$/,
};
/** Of a name in any registry, and of a name with its version. */
const MAX_NAME_CHARS = 214;
const MAX_WORD_CHARS = 512;

function parseReference(word: string, registry: PackageReference["registry"]): PackageReference | undefined {
  const match = word.length > MAX_WORD_CHARS ? null : PATTERNS[registry].exec(word);
  if (match === null) return undefined;
  const [, name = "", version = "", range = ""] = match;
  // Paths are no packages of a registry.
  const isPath = name === "." || name === ".." || /^\.{0,2}\//.test(name);
  if (isPath || name.length > MAX_NAME_CHARS) return undefined;
  return { registry, name, version: version || range || undefined };
}
