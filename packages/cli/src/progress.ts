import type { Io } from "./io.ts";

/** Below this nobody wonders whether the program hangs. */
const PATIENCE_MS = 1000;
const TICK_MS = 1000;
/** Where lines pile up, as in the log of a build. */
const LINE_EVERY_MS = 15_000;

/**
 * Runs `work` and, once it takes longer than a second, says on standard error what is going on. In a terminal the
 * seconds count up on one line that is cleared at the end; elsewhere a line is written now and then. A `label` may
 * change with time.
 */
export async function withProgress<T>(io: Io, label: string | (() => string), work: Promise<T>): Promise<T> {
  const text = typeof label === "string" ? () => label : label;
  const startMs = performance.now();
  let timer = setTimeout(function show() {
    const seconds = Math.round((performance.now() - startMs) / 1000);
    if (io.stderr.isTTY !== true) {
      io.stderr.write(`${text()} …\n`);
      timer = setTimeout(show, LINE_EVERY_MS);
      return;
    }
    io.stderr.write(`\r${fitting(io, text(), ` … ${seconds} s`)}\x1b[K`);
    timer = setTimeout(show, TICK_MS);
  }, PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (io.stderr.isTTY === true && performance.now() - startMs >= PATIENCE_MS) io.stderr.write("\r\x1b[K");
  }
}

/** A line that wraps cannot be written over. */
function fitting({ stderr }: Io, text: string, end: string): string {
  const room = (stderr.columns ?? 80) - end.length - 1;
  return (text.length > room ? text.slice(0, Math.max(room, 0)) : text) + end;
}
