import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { askYes, isInteractive } from "../src/ask.ts";
import type { Io } from "../src/io.ts";

/** A terminal whose keys the test types. */
function terminal(): { readonly io: Io; readonly stdin: PassThrough } {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const output = { write: () => true };
  const io: Io = {
    stdin,
    stdout: output,
    stderr: output,
    env: {},
    cwd: "/",
    stopSignal: () => new AbortController().signal,
    nowMs: () => 0,
  };
  return { io, stdin };
}

describe("questions at a terminal", () => {
  test("each gets a line of its own", async () => {
    const { io, stdin } = terminal();
    expect(isInteractive(io)).toBe(true);
    const answers: boolean[] = [];
    for (const typed of ["y\n", "no\n", " YES \r\n"]) {
      const asked = askYes(io, "Sure?");
      stdin.write(typed);
      answers.push(await asked);
    }
    expect(answers).toEqual([true, false, true]);
    expect(stdin.destroyed).toBe(false);
    // Else the process would wait for more keys and never end.
    expect(stdin.isPaused()).toBe(true);
  });

  test("two answers in one chunk are two answers", async () => {
    const { io, stdin } = terminal();
    stdin.end("y\nn\ny\n");
    expect([await askYes(io, "1"), await askYes(io, "2"), await askYes(io, "3")]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("an answer in pieces is one", async () => {
    const { io, stdin } = terminal();
    const asked = askYes(io, "Sure?");
    for (const key of "yes\n") stdin.write(key);
    expect(await asked).toBe(true);
  });

  test("the end of input is a no, each time", async () => {
    const { io, stdin } = terminal();
    stdin.end("y");
    expect([await askYes(io, "1"), await askYes(io, "2"), await askYes(io, "3")]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
