import type { Body } from "./context.ts";

/** One command as data: help, completion and parsing are made of it; the body is loaded only when it runs. */
export interface CommandSpec {
  /** Name and operands as commander reads them: `check <file>`, `run [command...]`. */
  readonly usage: string;
  readonly summary: string;
  /** Paragraphs under the summary, in the command's own help only. */
  readonly details?: readonly string[];
  readonly options?: readonly OptionSpec[];
  /** Whole command lines without the program's name. */
  readonly examples: readonly string[];
  readonly load: () => Promise<Body>;
}

export interface OptionSpec {
  /** As commander reads them: `--name <name>`, `--all`, `-c, --policy <file>`. */
  readonly flags: string;
  readonly summary: string;
  readonly isRequired?: true;
  /** May be given several times. */
  readonly isList?: true;
  readonly choices?: readonly string[];
}

/** Commands behind one word, such as `policy check`. */
export interface GroupSpec {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandSpec[];
}

export function isGroup(spec: CommandSpec | GroupSpec): spec is GroupSpec {
  return "commands" in spec;
}
