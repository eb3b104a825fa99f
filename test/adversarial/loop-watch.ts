/**
 * Loaded before a gateway's own code (`--import`): tells over the process's channel how long its event loop was held
 * up, and what it holds. The product knows nothing of it.
 */
import { openSync, readdirSync, readSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

/** What a process says of itself. */
export interface Figures {
  /** The longest time since the last question in which the loop came to nothing else. */
  readonly longestBlockMs: number;
  readonly files: number;
  /** Only where it was asked to `collect` first: what somebody still holds. */
  readonly heldBytes?: number;
}

export interface Question {
  readonly collect: boolean;
}

const EVERY_MS = 5;
const scheduled = Buffer.alloc(64);

// Threads of the gateway load this too, and each has a loop of its own.
if (isMainThread && process.send !== undefined) watch();

function watch(): void {
  const schedstat = openSync("/proc/self/schedstat", "r");
  const readMs = (): number => performance.now() - waitedMs(schedstat);
  let lastMs = readMs();
  let longestMs = 0;
  const note = (): void => {
    const nowMs = readMs();
    longestMs = Math.max(longestMs, nowMs - lastMs - EVERY_MS);
    lastMs = nowMs;
  };
  setInterval(note, EVERY_MS).unref();
  process.on("message", (message: Partial<Question>) => {
    const { collect } = message;
    // Others may speak on the same channel.
    if (collect === undefined) return;
    note();
    const files = readdirSync("/proc/self/fd").length;
    const figures: Figures = {
      longestBlockMs: longestMs,
      files,
      ...(collect ? { heldBytes: heldBytes() } : {}),
    };
    process.send?.(figures);
    longestMs = 0;
    lastMs = readMs();
  });
  // The gateway ends when it has nothing else to do.
  process.channel?.unref();
}

/** How long the main thread could have run while the machine ran something else: no fault of the gateway. */
function waitedMs(schedstat: number): number {
  const bytes = readSync(schedstat, scheduled, 0, scheduled.length, 0);
  const [, waitedNs] = scheduled.toString("latin1", 0, bytes).split(" ");
  return Number(waitedNs) / 1e6;
}

/** Memory that somebody still holds; the process's size also counts what the collector has not seen to yet. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
