/**
 * Loaded into a gateway (`--expose-gc --import held-memory.ts`): on SIGUSR2 it collects its garbage and says on standard
 * error how much it holds. Resident memory cannot tell what is held from what nobody has collected yet.
 */
import { writeSync } from "node:fs";

process.on("SIGUSR2", () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  writeSync(2, `${JSON.stringify({ heldBytes: heapUsed + external })}\n`);
});
