/** The package that a command runs, where the command says so. */
export interface PackageReference {
  readonly registry: "npm" | "pypi" | "oci";
  readonly name: string;
  /** As written; undefined when the newest one is run. */
  readonly version: string | undefined;
}

/** Runners of packages, with the words that must follow them. */
const RUNNERS: readonly {
  readonly program: string;
  readonly words: readonly (readonly string[])[];
  readonly registry: PackageReference["registry"];
}[] = [
  { program: "npx", words: [[]], registry: "npm" },
  { program: "bunx", words: [[]], registry: "npm" },
  { program: "pnpx", words: [[]], registry: "npm" },
  { program: "pnpm", words: [["dlx"], ["exec"]], registry: "npm" },
  { program: "yarn", words: [["dlx"]], registry: "npm" },
  { program: "npm", words: [["exec"], ["x"]], registry: "npm" },
  { program: "bun", words: [["x"]], registry: "npm" },
  { program: "uvx", words: [[]], registry: "pypi" },
  { program: "uv", words: [["tool", "run"]], registry: "pypi" },
  { program: "pipx", words: [["run"]], registry: "pypi" },
  { program: "docker", words: [["run"], ["container", "run"]], registry: "oci" },
  { program: "podman", words: [["run"]], registry: "oci" },
];

/** Switches that take the next word with them. */
const WITH_VALUE =
  /^(?:-c|--call|-w|--workspace|--registry|--cache|--prefix|--python|--with|--index-url|--index|--cwd|-e|--env|--env-file|-v|--volume|--mount|--name|--network|--net|-p|--publish|-u|--user|--entrypoint|--platform|-l|--label|--add-host|-h|--hostname|-m|--memory|--cpus|--gpus|--pull|--security-opt|--cap-add|--cap-drop|--dns|--tmpfs|--workdir)$/;
/** Switches whose value is the package. */
const NAMES_PACKAGE = /^(?:-p|--package|--from|--spec)(?:=(.*))?$/;

/** What `npx -y name@1.2.3`, `uvx name==1.2.3`, `docker run image:tag` and the like run; undefined for other commands. */
export function packageOf(command: readonly string[]): PackageReference | undefined {
  // On Windows clients start `cmd /c npx …`.
  const words = /^cmd(?:\.exe)?$/i.test(programOf(command)) ? command.slice(2) : command;
  const program = programOf(words);
  for (const runner of RUNNERS) {
    if (runner.program !== program) continue;
    const prefix = runner.words.find((each) => each.every((word, index) => words[index + 1] === word));
    if (prefix === undefined) continue;
    const named = packageWord(words.slice(1 + prefix.length), runner.registry);
    return named === undefined ? undefined : parseReference(named, runner.registry);
  }
  return undefined;
}

function programOf(words: readonly string[]): string {
  return (words[0] ?? "").replace(/^.*[\\/]/, "").replace(/\.(?:cmd|exe|ps1)$/i, "");
}

function packageWord(words: readonly string[], registry: PackageReference["registry"]): string | undefined {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    const named = registry === "oci" ? undefined : NAMES_PACKAGE.exec(word);
    if (named) return named[1] ?? words[index + 1];
    if (!word.startsWith("-")) return word;
    if (WITH_VALUE.test(word)) index += 1;
  }
  return undefined;
}

function parseReference(word: string, registry: PackageReference["registry"]): PackageReference | undefined {
  // Letters of any alphabet: a name that only looks like another is read, so that it can be told.
  const pattern = {
    npm: /^((?:@[\p{L}\p{M}\p{N}\p{Pd}\p{Cf}_.]+\/)?[\p{L}\p{M}\p{N}\p{Pd}\p{Cf}_.]+)(?:@(.+))?$/u,
    pypi: /^([\p{L}\p{M}\p{N}\p{Pd}\p{Cf}_.]+)(?:\[[\w,.-]*\])?(?:(?:==|@)(.+))?$/u,
    oci: /^((?:[\w.-]+(?::\d+)?\/)?[\w./-]+?)(?:[:@](.+))?$/,
  }[registry];
  const match = pattern.exec(word);
  if (match === null) return undefined;
  const [, name = "", version] = match;
  // Paths and repositories are no packages of a registry.
  if (registry !== "oci" && (name === "." || name === ".." || word.startsWith("./"))) return undefined;
  return { registry, name, version: version === "" ? undefined : version };
}

/** True when tomorrow's start may run something else: no version, or one that moves. */
export function isUnpinned({ version }: PackageReference): boolean {
  return (
    version === undefined ||
    /^(?:latest|next|beta|canary|main|edge|stable)$|[\^~*x<>]|^\d+$|^\d+\.\d+$/i.test(version)
  );
}
