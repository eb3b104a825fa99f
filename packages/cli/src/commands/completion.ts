import { COMMANDS } from "../command-list.ts";
import { type CommandSpec, isGroup } from "../command-spec.ts";
import { type Context, refuse } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";

/** `completion bash|zsh|fish`: a static script made of the same table as the help text. */
export async function completion(context: Context): Promise<ExitCode> {
  const shell = context.args[0] ?? "";
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) return refuse(context, `unknown shell \`${shell}\`: use bash, zsh or fish`);
  if (context.json) context.out.json({ shell, script: script() });
  else context.out.line(script());
  return EXIT.ok;
}

const SCRIPTS: { readonly [shell: string]: () => string } = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** What can follow a path of words, `""` being the program itself. */
interface Completions {
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly summary: string }[];
}

const GLOBAL_OPTIONS = [
  { word: "--data", summary: "data folder" },
  { word: "--json", summary: "nothing but JSON on standard output" },
  { word: "--help", summary: "help" },
];

function completions(): readonly Completions[] {
  const top = COMMANDS.map((spec) =>
    isGroup(spec)
      ? { word: spec.name, summary: spec.summary }
      : { word: nameOf(spec), summary: spec.summary },
  );
  const below = COMMANDS.flatMap((spec): readonly Completions[] => {
    if (!isGroup(spec)) return [{ path: nameOf(spec), words: optionWords(spec) }];
    const words = spec.commands.map((command) => ({ word: nameOf(command), summary: command.summary }));
    const commands = spec.commands.map((command) => ({
      path: `${spec.name} ${nameOf(command)}`,
      words: optionWords(command),
    }));
    return [{ path: spec.name, words }, ...commands];
  });
  return [{ path: "", words: [...top, ...GLOBAL_OPTIONS] }, ...below];
}

function groupNames(): string {
  return COMMANDS.filter(isGroup)
    .map((group) => group.name)
    .join(" ");
}

function nameOf(spec: CommandSpec): string {
  return spec.usage.split(" ", 1)[0] ?? "";
}

function optionWords(spec: CommandSpec): Completions["words"] {
  const own = (spec.options ?? []).flatMap((option) =>
    [...option.flags.matchAll(/--[a-z-]+/g)].map(([word]) => ({ word, summary: option.summary })),
  );
  return [...own, ...GLOBAL_OPTIONS];
}

function bashScript(): string {
  const cases = completions().map(
    ({ path, words }) => `    "${path}") words="${words.map((w) => w.word).join(" ")}" ;;`,
  );
  return `# bash completion for portcullis
_portcullis() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" i
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    [[ \${COMP_WORDS[i]} == -* ]] && break
    [[ -n $path && " ${groupNames()} " != *" $path "* ]] && break
    path="\${path:+$path }\${COMP_WORDS[i]}"
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=()
  [[ -n $words && ( $current == -* || $path != *" "* ) ]] && COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _portcullis portcullis`;
}

function zshScript(): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const cases = completions().map(({ path, words }) => {
    const items = words.map((w) => quote(`${w.word}:${w.summary.replaceAll(":", "\\:")}`));
    return `    ${quote(path)}) items=(${items.join(" ")}) ;;`;
  });
  return `#compdef portcullis
_portcullis() {
  local -a items
  local path_words="" i
  for ((i = 2; i < CURRENT && i < 4; i++)); do
    [[ $words[i] == -* ]] && break
    [[ -n $path_words && " ${groupNames()} " != *" $path_words "* ]] && break
    path_words="\${path_words:+$path_words }$words[i]"
  done
  case "$path_words" in
${cases.join("\n")}
  esac
  if (( $#items )); then _describe portcullis items || _files; else _files; fi
}
compdef _portcullis portcullis`;
}

function fishScript(): string {
  const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = completions().flatMap(({ path, words }) =>
    words.map(({ word, summary }) => {
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c portcullis -n ${quote(fishCondition(path))} ${what} -d ${quote(summary)}`;
    }),
  );
  return ["# fish completion for portcullis", ...lines].join("\n");
}

function fishCondition(path: string): string {
  const [first = "", second] = path.split(" ");
  if (path === "") return "__fish_use_subcommand";
  if (second !== undefined)
    return `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
  const commands = COMMANDS.filter(isGroup).find((group) => group.name === first)?.commands;
  if (commands === undefined) return `__fish_seen_subcommand_from ${first}`;
  return `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${commands.map(nameOf).join(" ")}`;
}
