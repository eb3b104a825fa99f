import { existsSync, mkdirSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Keeps compiled code between runs: half of a start is compiling. In a folder of the user's own, because what lies in
 * it is run: Node's default is below the shared temporary folder, where another user may be first.
 * `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 */
export function useCompileCache(env: NodeJS.ProcessEnv): void {
  const home = env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const folder = join(home, "portcullis", "code");
  try {
    // Users of services often have a home that is not there, and is not to be made.
    if (!existsSync(dirname(home))) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    enableCompileCache(folder);
  } catch {
    // A home that cannot be written: the program only starts more slowly.
  }
}
