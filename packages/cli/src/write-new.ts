import { writeFileSync } from "node:fs";
import { err, ok, type Result } from "@portcullis/policy";
import { resolvePath } from "./data-folder.ts";
import type { Io } from "./io.ts";
import { reasonOf } from "./read-input.ts";

/** Writes a file that must not exist yet. The error says which file and why. */
export function writeNew(io: Io, path: string, text: string): Result<undefined, string> {
  try {
    writeFileSync(resolvePath(io, path), text, { flag: "wx" });
    return ok(undefined);
  } catch (cause) {
    return err(`\`${path}\` cannot be written: ${reasonOf(cause)}`);
  }
}
