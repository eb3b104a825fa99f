/** Options of the project's own commands. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/** What `parseArgs` makes of a configuration, with `--help` among its options. */
type Read<T extends ParseArgsConfig> = ReturnType<typeof parseArgs<T>>;

/**
 * The command line as `config` has it. `--help` prints `usage` and ends the process; an option that is not there, or has
 * no value, ends it with 2 and says so in one line.
 */
export function readOptions<const T extends ParseArgsConfig>(usage: string, config: T): Read<T> {
  try {
    const help = { help: { type: "boolean" } } as const;
    const read = parseArgs({ ...config, options: { ...config.options, ...help } });
    if (!("help" in read.values)) return read as unknown as Read<T>;
    console.log(usage);
    return process.exit(0);
  } catch (cause) {
    // Node goes on with advice on positional arguments, which helps nobody here.
    return refuseOptions(
      String(cause instanceof Error ? cause.message : cause).replace(/\. To specify .*/s, ""),
    );
  }
}

/** Ends the process: the command line says what cannot be. */
export function refuseOptions(problem: string): never {
  console.error(`error: ${problem}; --help lists what there is`);
  return process.exit(2);
}
