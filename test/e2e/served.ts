import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The command that runs the sources of the command line. */
export const PORTCULLIS: readonly string[] = [
  process.execPath,
  "--conditions=portcullis-source",
  join(import.meta.dirname, "../../packages/cli/src/main.ts"),
];

/** A `serve` process of its own on an empty data folder. */
export interface Served extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly dataDir: string;
  /** Everything on standard output so far. */
  readonly printed: () => string;
  /** Everything on standard error so far: the log. */
  readonly logged: () => string;
}

/**
 * Starts `serve --port 0 …` and resolves once it has printed what `until` matches. The data folder is removed
 * afterwards.
 */
export async function startServed(
  args: readonly string[],
  until: RegExp,
  dataDir = realpathSync(mkdtempSync(join(tmpdir(), "portcullis-served-"))),
  command = PORTCULLIS,
): Promise<Served> {
  const [node = "", ...script] = command;
  const child = spawn(node, [...script, "serve", "--port", "0", "--data", dataDir, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  let logged = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    logged += text;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (until.test(printed)) resolve();
    });
    child.once("exit", () => reject(new Error(`serve ended:\n${printed}${logged}`)));
  });
  return {
    process: child,
    dataDir,
    printed: () => printed,
    logged: () => logged,
    [Symbol.asyncDispose]: async () => {
      const ended = child.exitCode === null ? once(child, "exit") : undefined;
      child.kill("SIGTERM");
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
