import type { Io } from "./io.ts";

/** Below this nobody wonders whether the program hangs. */
const PATIENCE_MS = 1000;
const TICK_MS = 1000;

/**
 * Runs `work` and, once it takes longer than a second, says on standard error what is going on. In a terminal the
 * seconds count up on one line that is cleared at the end.
 */
export async function withProgress<T>(io: Io, label: string, work: Promise<T>): Promise<T> {
  const startMs = performance.now();
  let timer = setTimeout(function show() {
    const seconds = Math.round((performance.now() - startMs) / 1000);
    if (io.stderr.isTTY !== true) {
      io.stderr.write(`${label} …\n`);
      return;
    }
    io.stderr.write(`\r${label} … ${seconds} s\x1b[K`);
    timer = setTimeout(show, TICK_MS);
  }, PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (io.stderr.isTTY === true && performance.now() - startMs >= PATIENCE_MS) io.stderr.write("\r\x1b[K");
  }
}
