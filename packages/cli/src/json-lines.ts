import { setImmediate as nextTurn } from "node:timers/promises";
import { type TextOutput, toWritable } from "./io.ts";
import { toJsonLine } from "./printable.ts";

/** So much is written at once. */
const CHUNK_CHARS = 64 * 1024;

/** Writes one JSON value a line, no faster than they are read, and ends early where nobody reads any more. */
export async function writeJsonLines(output: TextOutput, values: Iterable<unknown>): Promise<void> {
  const to = toWritable(output);
  // A standard output that failed takes what is written to it, and drops it.
  let isUnread = false;
  let proceed = (): void => {};
  const onDrain = (): void => proceed();
  const onError = (): void => {
    isUnread = true;
    proceed();
  };
  to.on("drain", onDrain).on("error", onError);
  try {
    for (const text of chunksOf(values)) {
      const drained = new Promise<void>((resolve) => {
        proceed = resolve;
      });
      await (to.write(text) ? nextTurn() : drained);
      if (isUnread) return;
    }
  } finally {
    to.off("drain", onDrain).off("error", onError);
  }
}

function* chunksOf(values: Iterable<unknown>): Generator<string> {
  let text = "";
  for (const value of values) {
    text += `${toJsonLine(value)}\n`;
    if (text.length < CHUNK_CHARS) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}
