import { readdirSync, readFileSync } from "node:fs";

/** Every process of one introspection has a variable of this name with a value of its own. */
export const MARK = "PORTCULLIS_INTROSPECTION";

/** Between two looks; a killed process takes a moment to be gone, and one that forks may slip through a look. */
const LOOK_EVERY_MS = 20;
const MAX_LOOKS = 100;

/**
 * Ends every process that still carries the mark, those that left their process group among them, and resolves when
 * none is left. Linux only; elsewhere only the group is ended.
 */
export async function endStrays(mark: string): Promise<void> {
  if (process.platform !== "linux") return;
  for (let look = 0; look < MAX_LOOKS && killMarked(mark) > 0; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** How many there were. */
function killMarked(mark: string): number {
  const marked = readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && carries(pid, mark));
  for (const pid of marked) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
  return marked.length;
}

function carries(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`${MARK}=${mark}`);
  } catch {
    return false;
  }
}
