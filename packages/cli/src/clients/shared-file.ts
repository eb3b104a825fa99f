import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** True for a file in a git repository: what is in it is meant to be seen by others, so no token goes into it. */
export function isInRepository(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return true;
    if (folder === dirname(folder)) return false;
  }
}
