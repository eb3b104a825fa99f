import type { Io } from "./io.ts";

/** True when a person sits at the other end of standard input. */
export function isInteractive({ stdin }: Io): boolean {
  return "isTTY" in stdin && stdin.isTTY === true;
}

/** Asks on standard error; anything but `y` or `yes` is a no, as is the end of input. */
export async function askYes(io: Io, question: string): Promise<boolean> {
  io.stderr.write(`${question} [y/N] `);
  let typed = "";
  for await (const chunk of io.stdin) {
    typed += String(chunk);
    if (typed.includes("\n")) break;
  }
  return /^\s*y(?:es)?\s*(?:\n|$)/i.test(typed);
}
