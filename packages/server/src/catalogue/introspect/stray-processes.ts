import { readdirSync, readFileSync } from "node:fs";

/** Every process of one introspection has a variable of this name with a value of its own. */
export const MARK = "PORTCULLIS_INTROSPECTION";

/**
 * Ends every process that still carries the mark: those that left their process group. Linux only; elsewhere only
 * the group is ended. Returns how many there were.
 */
export function endStrays(mark: string): number {
  if (process.platform !== "linux") return 0;
  let ended = 0;
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || !carries(pid, mark)) continue;
    try {
      process.kill(pid, "SIGKILL");
      ended += 1;
    } catch {
      // It ended by itself.
    }
  }
  return ended;
}

function carries(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`${MARK}=${mark}`);
  } catch {
    return false;
  }
}
