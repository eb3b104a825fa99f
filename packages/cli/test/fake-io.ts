import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Io } from "../src/io.ts";
import { runCli } from "../src/program.ts";

/** What a command printed and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Io["env"];
  readonly stdin?: string;
  /** A person sits at standard input. */
  readonly isTerminal?: boolean;
  readonly nowMs?: number;
  readonly stop?: AbortSignal;
  /** Called with everything printed so far, after each write. */
  readonly onStdout?: (soFar: string) => void;
}

/** Runs one command line in this process. `HOME` points into an empty folder unless the surroundings name one. */
export async function runInProcess(argv: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  const cwd = surroundings.cwd ?? newFolder();
  const write = (text: string): void => {
    stdout += text;
    surroundings.onStdout?.(stdout);
  };
  const io: Io = {
    stdin: Object.assign(Readable.from([Buffer.from(surroundings.stdin ?? "")]), {
      isTTY: surroundings.isTerminal === true,
    }),
    stdout: { write },
    stderr: { write: (text) => (stderr += text) },
    env: { HOME: cwd, ...surroundings.env },
    cwd,
    stopSignal: () => surroundings.stop ?? new AbortController().signal,
    nowMs: () => surroundings.nowMs ?? Date.now(),
  };
  const code = await runCli(argv, io);
  return { code, stdout, stderr };
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "portcullis-cli-"));
}
