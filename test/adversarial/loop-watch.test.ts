import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Figures, Question } from "./loop-watch.ts";

const WATCH = join(import.meta.dirname, "loop-watch.ts");
const HELD_UP_MS = 300;

/** What a process does on the first question. */
const BLOCKERS = {
  // In the time that the machine gives it, which on a busy one is less than what passes.
  "a computation": `const ms = () => process.threadCpuUsage().user / 1_000; const end = ms() + ${HELD_UP_MS}; while (ms() < end);`,
  "a call that blocks": `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${HELD_UP_MS});`,
  nothing: "",
};

test.each(Object.entries(BLOCKERS))("%s on the loop is told", { timeout: 20_000 }, async (name, block) => {
  const code = `process.once("message", () => { ${block} }); setInterval(() => {}, 1_000);`;
  const args = ["--import", WATCH, "--input-type=module", "--eval", code];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ask = async (question: Question): Promise<Figures> => {
    const answered = once(child, "message");
    child.send(question);
    return ((await answered) as [Figures])[0];
  };
  await ask({ collect: false });
  const { longestBlockMs, heldBytes } = await ask({ collect: true });
  child.kill();
  expect(heldBytes).toBeGreaterThan(1_000_000);
  if (name === "nothing") expect(longestBlockMs).toBeLessThan(HELD_UP_MS - 50);
  else expect(longestBlockMs).toBeGreaterThan(HELD_UP_MS - 50);
});
