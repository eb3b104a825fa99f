import { readFileSync } from "node:fs";
import { err, ok, type Result } from "@portcullis/policy";
import type { Context } from "./context.ts";
import { resolvePath } from "./data-folder.ts";
import type { Io } from "./io.ts";

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
