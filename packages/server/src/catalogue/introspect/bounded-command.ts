import { spawn } from "node:child_process";
import { RecentLines } from "../../upstream/stdio/recent-lines.ts";
import { type FolderLimit, FolderWatch } from "./folder-watch.ts";

/** How a program of ours to trust (an installer) is run. */
export interface CommandSettings {
  readonly command: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly cwd: string;
  readonly timeoutMs: number;
  /** The command is stopped when this folder gets larger. */
  readonly folderLimit: FolderLimit;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandEnd {
  /** Undefined where it did not start, or was stopped, or left too large a folder. */
  readonly code: number | undefined;
  readonly isLate: boolean;
  readonly isTooLarge: boolean;
  /** The beginning of standard output. */
  readonly stdout: string;
  /** The last lines of both outputs, oldest first, unescaped. */
  readonly lines: readonly string[];
}

const MAX_STDOUT_CHARS = 64 * 1024;

/** Runs a command to its end in a process group of its own, of which nothing is left afterwards. */
export function runBounded(settings: CommandSettings): Promise<CommandEnd> {
  const { promise, resolve } = Promise.withResolvers<CommandEnd>();
  const recent = new RecentLines();
  let stdout = "";
  let isLate = false;
  const child = startGroup(settings);
  const kill = (): void => killGroup(child.pid, () => child.kill("SIGKILL"));
  const watch = new FolderWatch(settings.folderLimit, kill);
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, settings.timeoutMs);
  settings.signal?.addEventListener("abort", kill, { once: true });
  process.once("exit", kill);
  const finish = (code: number | undefined): void => {
    clearTimeout(timer);
    settings.signal?.removeEventListener("abort", kill);
    process.off("exit", kill);
    const isTooLarge = watch.end();
    resolve({ code: isTooLarge ? undefined : code, isLate, isTooLarge, stdout, lines: recent.lines });
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (stdout.length < MAX_STDOUT_CHARS) stdout += text.slice(0, MAX_STDOUT_CHARS - stdout.length);
    recent.push(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => recent.push(text));
  child.once("error", () => finish(undefined));
  // Helpers that it left behind would hold its pipes open, and `close` would never come.
  child.once("exit", kill);
  child.once("close", (code) => finish(code ?? undefined));
  if (settings.signal?.aborted === true) kill();
  return promise;
}

function startGroup({ command, cwd, env }: CommandSettings) {
  const [file = "", ...args] = command;
  return spawn(file, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
    windowsHide: true,
  });
}

function killGroup(pid: number | undefined, killOne: () => void): void {
  if (pid === undefined) return;
  try {
    if (process.platform === "win32") killOne();
    else process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in the group.
  }
}
