/** A process of a bench: started on its core, known by what it printed when it was ready. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds, LOAD_CORE, PROXY_CORE, pinned, residentBytes, treeOf } from "../cpu.ts";
import type { Programs } from "../machine.ts";

export interface Running extends AsyncDisposable {
  /** Where it listens, without a path. */
  readonly url: string;
  readonly child: ChildProcess;
  /** User and system time so far, its children's too. */
  cpuSeconds(): number;
  residentBytes(): number;
  /** When it was spawned, on the clock of `performance.now()`. */
  readonly spawnedMs: number;
  /** From there until its first line, or until its port took connections. */
  readonly readyMs: number;
}

export interface StartOptions {
  readonly programs: Programs;
  readonly core?: number;
  readonly env?: Record<string, string>;
  /** A channel for messages, for a process with a probe in it. */
  readonly ipc?: boolean;
}

const READY_WITHIN_MS = 20_000;
const MAX_SAID = 4_000;
const END_WITHIN_MS = 5_000;

/** Starts a program that prints `{"url": …}` as its first line when it listens. */
export async function startAnnouncing(command: readonly string[], options: StartOptions): Promise<Running> {
  const started = performance.now();
  const child = spawnPinned(command, options);
  if (child.stdout === null) throw new Error("the process has no output");
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, "line"), failed(child, command)])) as [string];
  // What it prints later is thrown away, or the pipe would fill.
  lines.resume();
  return running(child, (JSON.parse(line) as { url: string }).url, started);
}

/** Starts a program that is told its port. */
export async function startOnPort(
  command: (port: number) => readonly string[],
  options: StartOptions,
): Promise<Running> {
  const port = await freePort();
  const started = performance.now();
  const child = spawnPinned(command(port), options);
  child.stdout?.resume();
  await Promise.race([listening(port, child), failed(child, command(port))]);
  return running(child, `http://127.0.0.1:${port}`, started);
}

/** A program of the bench's own in this folder or beside it, run from its source. */
export function sourceCommand(file: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, "--conditions=portcullis-source", file, ...args];
}

/** The upstream, on the core of the load. */
export function startUpstream(programs: Programs): Promise<Running> {
  const file = new URL("../upstream.ts", import.meta.url).pathname;
  return startAnnouncing(sourceCommand(file), { programs, core: LOAD_CORE });
}

function spawnPinned(command: readonly string[], options: StartOptions): ChildProcess {
  const core = options.core ?? PROXY_CORE;
  const [program = "", ...args] = pinned(core, command, options.programs.taskset !== undefined);
  const env = { ...process.env, ...options.env };
  const stdio = ["ignore", "pipe", "pipe", ...(options.ipc === true ? ["ipc"] : [])] as (
    | "ignore"
    | "pipe"
    | "ipc"
  )[];
  return spawn(program, args, { stdio, env });
}

/** Rejects when the process ends, or takes too long, before it is ready. */
async function failed(child: ChildProcess, command: readonly string[]): Promise<never> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    // Enough to understand a failure; a gateway's log is not of interest.
    if (said.length < MAX_SAID) said += chunk.toString();
  });
  const ended = once(child, "exit").then(([code]) => `ended with ${code}`);
  const late = sleep(READY_WITHIN_MS, "was not ready in time", { ref: false });
  const what = await Promise.race([ended, late]);
  throw new Error(`\`${command.slice(0, 4).join(" ")}\` ${what}: ${said}`);
}

/** Called in the moment in which it is ready. */
function running(child: ChildProcess, url: string, spawnedMs: number): Running {
  const readyMs = performance.now() - spawnedMs;
  const tree = () => treeOf(child.pid ?? -1);
  return {
    url,
    child,
    spawnedMs,
    readyMs,
    cpuSeconds: () => cpuSeconds(tree()),
    residentBytes: () => residentBytes(tree()),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      const late = sleep(END_WITHIN_MS, undefined, { ref: false }).then(() => child.kill("SIGKILL"));
      await Promise.race([exited, late]);
      await exited;
    },
  };
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await sleep(10);
    } finally {
      socket.destroy();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port could be had");
  return address.port;
}
