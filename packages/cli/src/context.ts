import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import type { Output } from "./output.ts";

/** What the body of a command gets. */
export interface Context {
  readonly io: Io;
  readonly out: Output;
  /** True when standard output must hold nothing but JSON. */
  readonly json: boolean;
  /** Absolute; it may not exist yet. */
  readonly dataDir: string;
  /** Operands in order, everything after `--` included. */
  readonly args: readonly string[];
  /** What stands after `--`, which is the end of `args` too: a command of somebody else. */
  readonly command: readonly string[];
  readonly options: Options;
}

/** The options of a command by their long name in camel case. */
export interface Options {
  text(name: string): string | undefined;
  flag(name: string): boolean;
  list(name: string): readonly string[];
}

export type Body = (context: Context) => Promise<ExitCode>;

/** Writes the one line that says why nothing was done. */
export function refuse(context: Context, message: string): ExitCode {
  context.out.error(message);
  return EXIT.refused;
}

export function optionsOf(values: { readonly [name: string]: unknown }): Options {
  return {
    text: (name) => (typeof values[name] === "string" ? values[name] : undefined),
    flag: (name) => values[name] === true,
    list: (name) => {
      const value = values[name];
      return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
    },
  };
}
