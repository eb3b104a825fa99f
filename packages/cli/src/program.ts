import { Command, CommanderError, Option } from "commander";
import { COMMANDS } from "./command-list.ts";
import { type CommandSpec, type GroupSpec, isGroup, type OptionSpec } from "./command-spec.ts";
import { type Context, optionsOf } from "./context.ts";
import { dataDirOf } from "./data-folder.ts";
import { EXIT, EXIT_MEANINGS, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { createOutput, type Output } from "./output.ts";
import { readVersion } from "./version.ts";

/** Runs one command line and returns the exit code. Never throws; a fault becomes one line and exit code 3. */
export async function runCli(argv: readonly string[], io: Io): Promise<ExitCode> {
  const out = createOutput(io);
  let exitCode: ExitCode = EXIT.ok;
  const finish = (code: ExitCode): void => {
    exitCode = code;
  };
  const program = buildProgram(io, out, finish, argv);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (cause) {
    // Commander has already said what is wrong; help and version are thrown with 0.
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? EXIT.ok : EXIT.refused;
    out.error(
      `a fault in portcullis, please report it: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
    return EXIT.fault;
  }
}

/** The whole command tree. `finish` receives the exit code of the command that ran; `argv` is what will be parsed. */
export function buildProgram(
  io: Io,
  out: Output,
  finish: (code: ExitCode) => void,
  argv: readonly string[] = [],
): Command {
  const program = new Command("portcullis")
    .description("A policy gateway for MCP: decide every tool call, keep the credentials, prove the log.")
    .version(readVersion())
    .option("--data <dir>", "data folder (or PORTCULLIS_DATA; default $XDG_DATA_HOME/portcullis)")
    .option("--json", "print nothing but JSON on standard output")
    .addHelpText(
      "after",
      `\nExit codes:\n${EXIT_MEANINGS.map(([code, text]) => `  ${code}  ${text}`).join("\n")}`,
    );
  configure(program, io, out);
  for (const spec of COMMANDS) {
    if (isGroup(spec)) addGroup(program, spec, { io, out, finish, argv });
    else addCommand(program, spec, { io, out, finish, argv });
  }
  return program;
}

function configure(command: Command, io: Io, out: Output): void {
  command.exitOverride();
  command.configureHelp({ showGlobalOptions: true });
  command.configureOutput({
    writeOut: (text) => void io.stdout.write(text),
    writeErr: (text) => void io.stderr.write(text),
    outputError: (text) =>
      out.error(`${text.replace(/^error: /, "").replace(/\.?\s*$/, "")}; see \`${pathOf(command)} --help\``),
    getOutHelpWidth: () => 100,
    getErrHelpWidth: () => 100,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
}

interface Invocation {
  readonly io: Io;
  readonly out: Output;
  readonly finish: (code: ExitCode) => void;
  readonly argv: readonly string[];
}

function addGroup(program: Command, spec: GroupSpec, invocation: Invocation): void {
  const { io, out } = invocation;
  const group = program.command(spec.name).description(spec.summary);
  configure(group, io, out);
  for (const command of spec.commands) addCommand(group, command, invocation);
}

function addCommand(parent: Command, spec: CommandSpec, invocation: Invocation): void {
  const { io, out, finish } = invocation;
  const command = parent.command(spec.usage).summary(spec.summary);
  command.description([spec.summary, ...(spec.details ?? [])].join("\n\n"));
  configure(command, io, out);
  for (const option of spec.options ?? []) command.addOption(toOption(option));
  command.addHelpText(
    "after",
    `\nExamples:\n${spec.examples.map((line) => `  portcullis ${line}`).join("\n")}`,
  );
  command.action(async () => {
    const body = await spec.load();
    finish(await body(contextOf(command, invocation)));
  });
}

function contextOf(command: Command, { io, out, argv }: Invocation): Context {
  const dashes = argv.indexOf("--");
  const options = optionsOf(command.optsWithGlobals());
  return {
    io,
    out,
    json: options.flag("json"),
    dataDir: dataDirOf(io, options.text("data")),
    args: command.args,
    command: dashes < 0 ? [] : argv.slice(dashes + 1),
    options,
  };
}

function toOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.summary);
  if (spec.isRequired === true) option.makeOptionMandatory();
  if (spec.choices !== undefined) option.choices([...spec.choices]);
  if (spec.isList === true) {
    option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  }
  return option;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
