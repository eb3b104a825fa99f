/**
 * Loaded into a gateway (`--expose-gc --import probe.ts`). On SIGUSR2 it says on standard error how late the turns of
 * its event loop were since the last time, collects its garbage, and says how much it holds: resident memory cannot
 * tell what is held from what nobody has collected yet.
 */
import { writeSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const NS_PER_MS = 1_000_000;
const SETTLE_MS = 20;
const lag = monitorEventLoopDelay({ resolution: 1 });
lag.enable();

process.on("SIGUSR2", () => {
  const lagP99Ms = lag.percentile(99) / NS_PER_MS;
  globalThis.gc?.();
  // What lies outside the heap goes when its owner was collected, a moment later.
  setTimeout(() => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    const told = { heldBytes: heapUsed + external, lagP99Ms };
    // The turn that collected was late by itself, and is no turn of the gateway's.
    lag.reset();
    writeSync(2, `${JSON.stringify({ probe: told })}\n`);
  }, SETTLE_MS);
});
