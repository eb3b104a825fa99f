import { Readable } from "node:stream";
import type { Io } from "./io.ts";

/** True when a person sits at the other end of standard input. */
export function isInteractive({ stdin }: Io): boolean {
  return "isTTY" in stdin && stdin.isTTY === true;
}

/** Asks on standard error; anything but `y` or `yes` is a no, as is the end of input. May be called again. */
export async function askYes(io: Io, question: string): Promise<boolean> {
  io.stderr.write(`${question} [y/N] `);
  return /^\s*y(?:es)?\s*$/i.test(await readLine(io.stdin));
}

/** What was read behind the line of an answer: it belongs to the next question. */
const typedAhead = new WeakMap<Io["stdin"], string>();

async function readLine(stdin: Io["stdin"]): Promise<string> {
  let typed = typedAhead.get(stdin) ?? "";
  if (!typed.includes("\n")) {
    for await (const chunk of chunksOf(stdin)) {
      typed += String(chunk);
      if (typed.includes("\n")) break;
    }
  }
  // A terminal that is still read keeps the process alive.
  if (stdin instanceof Readable) stdin.pause();
  const end = typed.indexOf("\n");
  typedAhead.set(stdin, end < 0 ? "" : typed.slice(end + 1));
  return end < 0 ? typed : typed.slice(0, end);
}

/** Leaving the loop must not destroy the stream: another question may follow. */
function chunksOf(stdin: Io["stdin"]): Io["stdin"] {
  return stdin instanceof Readable ? stdin.iterator({ destroyOnReturn: false }) : stdin;
}
