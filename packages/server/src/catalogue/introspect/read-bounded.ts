import { Buffer } from "node:buffer";
import { closeSync, type Dirent, openSync, readdirSync, readSync } from "node:fs";
import { basename } from "node:path";
import { err, ok, type Result } from "@portcullis/policy";

/** No description of a package is longer for a good reason; archives make gigabytes of nothing in a few bytes. */
export const MAX_TEXT_BYTES = 1024 * 1024;

/** The first bytes of a file, however long it is; empty for one that cannot be read. */
export function readHead(path: string, maxBytes: number): Buffer {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const head = Buffer.alloc(maxBytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < maxBytes; length += read) {
      read = readSync(file, head, length, maxBytes - length, null);
    }
    return head.subarray(0, length);
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The whole of a text file, empty for one that cannot be read. The error says that it is larger than `MAX_TEXT_BYTES`. */
export function readBounded(path: string): Result<string, string> {
  const bytes = readHead(path, MAX_TEXT_BYTES + 1);
  return bytes.length > MAX_TEXT_BYTES
    ? err(`its \`${basename(path)}\` is larger than 1 MiB`)
    : ok(bytes.toString("utf8"));
}

/** What lies in a folder; nothing where it is gone, or cannot be read. */
export function readEntries(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
