import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { err, ok, type Result } from "@portcullis/policy";
import { reasonOf } from "../read-input.ts";
import type { ClientPlace } from "./client-kind.ts";
import { isInside } from "./places.ts";

/** A client's file as it was read. */
export interface ReadFile {
  /** Where it really is: links are resolved. */
  readonly realPath: string;
  /** Without a byte order mark. */
  readonly text: string;
  readonly hasMark: boolean;
  /** Permission bits. */
  readonly mode: number;
  /** Why it must not be written; undefined when it may. */
  readonly fixed: string | undefined;
}

/** Settings of clients are far smaller. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MARK = "\uFEFF";

/** Undefined where there is no such file; the error says why it cannot be used. */
export function readClientFile(
  place: Pick<ClientPlace, "path" | "root">,
): Result<ReadFile, string> | undefined {
  try {
    if (lstatSync(place.path, { throwIfNoEntry: false }) === undefined) return undefined;
    const realPath = realpathSync(place.path);
    const stats = statSync(realPath);
    if (!stats.isFile()) return err("it is no file");
    if (stats.size > MAX_FILE_BYTES) return err("it is larger than 16 MiB");
    const decoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(realPath));
    const hasMark = decoded.startsWith(MARK);
    return ok({
      realPath,
      text: hasMark ? decoded.slice(1) : decoded,
      hasMark,
      mode: stats.mode & 0o777,
      fixed: fixedReason(place, realPath, stats.mode),
    });
  } catch (cause) {
    if (cause instanceof TypeError) return err("it is not valid UTF-8");
    return err(`it cannot be read: ${reasonOf(cause)}`);
  }
}

/** INVARIANT: a link out of the folder that the client owns is never written through. */
function fixedReason(
  { path, root }: Pick<ClientPlace, "path" | "root">,
  realPath: string,
  mode: number,
): string | undefined {
  if (!isInside(realpathSync(root), realPath)) return `it is a link to \`${realPath}\`, outside \`${root}\``;
  // A rename would replace it all the same, and root may write anything: its owner's word counts.
  if ((mode & 0o200) === 0) return "it is read-only";
  return existsSync(path) ? undefined : "it is gone";
}

/** Writes all of a file at once: whoever reads it sees the old or the new one. Throws where the system refuses. */
export function writeClientFile({ realPath, hasMark }: ReadFile, text: string, mode: number): void {
  writeAtomic(realPath, Buffer.from((hasMark ? MARK : "") + text), mode);
}

/** The name beside a file that is free for a copy of it: `.bak`, else `.bak-2` and so on. */
export function backupPath({ realPath }: Pick<ReadFile, "realPath">): string {
  const first = `${realPath}.bak`;
  for (let count = 1; ; count += 1) {
    const path = count === 1 ? first : `${first}-${count}`;
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return path;
  }
}

/** Keeps a copy that only its owner can read: secrets are in it. */
export function writeBackup(path: string, { text, hasMark }: ReadFile): void {
  writeAtomic(path, Buffer.from((hasMark ? MARK : "") + text), 0o600);
}

function writeAtomic(path: string, bytes: Buffer, mode: number): void {
  const draft = join(dirname(path), `.portcullis-${process.pid}-${randomBytes(6).toString("hex")}`);
  // Nobody else may read it, not even before its mode is set.
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
      fchmodSync(descriptor, mode);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw cause;
  }
}
