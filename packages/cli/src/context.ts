import { readFileSync } from "node:fs";
import { err, ok, type Result } from "@portcullis/policy";
import { resolvePath } from "./data-folder.ts";
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

/** Largest file that is read into memory; policies and calls are far smaller. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** A file that the user named, or standard input for `-`. The error says which file and why. */
export async function readInput(context: Context, path: string): Promise<Result<Buffer, string>> {
  try {
    const bytes = path === "-" ? await readAll(context.io) : readFileSync(resolvePath(context.io, path));
    return bytes.length > MAX_FILE_BYTES ? err(`\`${path}\` is larger than 64 MiB`) : ok(bytes);
  } catch (cause) {
    return err(`\`${path}\` cannot be read: ${reasonOf(cause)}`);
  }
}

/** A few words for the failures that people meet every day. */
export function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const words: { readonly [code: string]: string } = {
    ENOENT: "there is no such file",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of the path is not a folder",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EEXIST: "it exists already",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
  };
  return words[code] ?? (cause instanceof Error ? cause.message : String(cause));
}

async function readAll(io: Io): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of io.stdin) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    chunks.push(buffer);
    if (bytes > MAX_FILE_BYTES) break;
  }
  return Buffer.concat(chunks);
}
