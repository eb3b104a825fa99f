import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { UpstreamFailure } from "../../call/ports.ts";
import type { Receipt, Wire, WireEnd, WireListener } from "../channel/wire.ts";
import { LineReader } from "./line-reader.ts";
import { RecentLines } from "./recent-lines.ts";

/** How one process is started and bounded. */
export interface ProcessSettings {
  readonly command: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly workingDirectory: string;
  readonly maxLineBytes: number;
  readonly killAfterMs: number;
  readonly stallMs: number;
}

/** Bytes that may wait for a process to read them; beyond it no new line is taken. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
/** After the process is gone: for a pipe that somebody outside its group still holds open. */
const DRAIN_MS = 1_000;
const EXITED: UpstreamFailure = { kind: "exited", sent: true };
/** Politeness first: closed input, then SIGTERM after this share of the time, then SIGKILL. */
const TERM_SHARE = 0.2;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** One child process in a group of its own, read line by line. No shell is involved (threat 98). */
export class ServerProcess implements Wire {
  readonly #child: Child;
  readonly #pid: number;
  readonly #settings: ProcessSettings;
  /** The end of its standard error. */
  readonly recentErrors = new RecentLines();
  readonly stopFailure = EXITED;
  readonly #closed = Promise.withResolvers<void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #onStalled: () => void = () => {};
  #stallTimer: NodeJS.Timeout | undefined;
  #unreadWrites = 0;
  #isStopping = false;
  #hasExited = false;

  /**
   * Starts it; undefined where the operating system refused, and then nothing runs and nothing was written.
   * `onStartFailed` is told the system's code (`ENOENT` …) a little later.
   */
  static open(settings: ProcessSettings, onStartFailed: (code: string) => void): ServerProcess | undefined {
    const child = start(settings, onStartFailed);
    return child?.pid === undefined ? undefined : new ServerProcess(child, child.pid, settings);
  }

  private constructor(child: Child, pid: number, settings: ProcessSettings) {
    this.#child = child;
    this.#pid = pid;
    this.#settings = settings;
    child.stdin.on("error", () => this.stop());
    child.once("exit", () => this.#onExit());
    // Unread, it would fill its pipe and block the server.
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => this.recentErrors.push(text));
    child.stderr.on("error", () => {});
  }

  /** Begins to read; once, in the turn that opened it. */
  listen(listener: WireListener): void {
    const { stdout } = this.#child;
    const reader = new LineReader(this.#settings.maxLineBytes, listener);
    this.#onStalled = () => listener.onStalled();
    stdout.on("data", (chunk: Buffer) => reader.push(chunk));
    stdout.on("error", () => this.stop());
    // 2026-07-28 stdio "Shutdown": a server may begin it by closing its output.
    stdout.once("end", () => this.stop());
    this.#child.once("close", (code, signal) => {
      this.#clearTimers();
      listener.onEnd(endOf(code, signal));
      this.#closed.resolve();
    });
  }

  /** Resolves when the process is gone and nothing of it is open. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** False once it was asked to stop, closed its output or is gone. */
  get isOpen(): boolean {
    return this.#child.stdin.writable && !this.#isStopping && !this.#hasExited;
  }

  /** False when it takes no more for now: what was written before is still unread. */
  get hasRoom(): boolean {
    return this.#child.stdin.writableLength < MAX_UNREAD_BYTES;
  }

  /** Writes one line. False, with nothing written, when the process takes none any more. */
  write(line: string, receipt: Receipt): boolean {
    if (!this.isOpen) return false;
    this.#unreadWrites += 1;
    if (this.#stallTimer === undefined) this.#watchWrites();
    this.#child.stdin.write(line, (error) => {
      if (error) return;
      this.#unreadWrites -= 1;
      this.#watchWrites();
      receipt.onRead();
    });
    // A pipe keeps the order.
    receipt.onTaken();
    return true;
  }

  /** Reads on, or leaves what comes in the pipe. */
  setReading(isReading: boolean): void {
    const { stdout } = this.#child;
    if (isReading === !stdout.isPaused() || this.#hasExited) return;
    if (isReading) stdout.resume();
    else stdout.pause();
  }

  /** Closes the input (2026-07-28 stdio "Shutdown"), then SIGTERM, then SIGKILL, both to the whole group. */
  stop(): void {
    if (this.#isStopping || this.#hasExited) return;
    this.#isStopping = true;
    const { killAfterMs } = this.#settings;
    this.#child.stdin.end();
    this.#after(killAfterMs * TERM_SHARE, () => this.#signal("SIGTERM"));
    this.#after(killAfterMs, () => this.kill());
  }

  /** Ends the whole group at once. */
  kill(): void {
    if (this.#hasExited) return;
    this.#isStopping = true;
    this.#child.stdin.destroy();
    this.#signal("SIGKILL");
  }

  #watchWrites(): void {
    clearTimeout(this.#stallTimer);
    this.#stallTimer = undefined;
    if (this.#unreadWrites === 0 || this.#hasExited) return;
    this.#stallTimer = setTimeout(() => {
      this.#onStalled();
      this.kill();
    }, this.#settings.stallMs);
  }

  #onExit(): void {
    this.#hasExited = true;
    this.#clearTimers();
    const { stdin, stdout, stderr } = this.#child;
    stdin.destroy();
    // INVARIANT: the group is signalled in the turn in which its leader was reaped, before its id can mean others.
    this.#signalGroup("SIGKILL");
    // What it wrote before it went is still to be read, even by a sink that paused.
    stdout.resume();
    this.#after(DRAIN_MS, () => {
      stdout.destroy();
      stderr.destroy();
    });
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#hasExited) this.#signalGroup(signal);
  }

  #signalGroup(signal: NodeJS.Signals): void {
    try {
      if (process.platform === "win32") this.#child.kill(signal);
      else process.kill(-this.#pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  }

  #after(delayMs: number, run: () => void): void {
    this.#timers.add(setTimeout(run, delayMs));
  }

  #clearTimers(): void {
    clearTimeout(this.#stallTimer);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

function start(settings: ProcessSettings, onStartFailed: (code: string) => void): Child | undefined {
  const { command, env, workingDirectory } = settings;
  const [file = "", ...args] = command;
  try {
    const child = spawn(file, args, {
      cwd: workingDirectory,
      env,
      shell: false,
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
      // A group of its own, so that its children go with it and our Ctrl-C does not reach it first.
      detached: process.platform !== "win32",
    });
    // Without a listener a refused start, or a signal that cannot be sent, would throw out of here.
    child.on("error", (error) => onStartFailed(codeOf(error)));
    if (child.pid !== undefined) return child;
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => {}).destroy();
  } catch (error) {
    onStartFailed(codeOf(error));
  }
  return undefined;
}

function endOf(code: number | null, signal: NodeJS.Signals | null): WireEnd {
  return {
    failure: EXITED,
    isClean: code === 0,
    mayBeOwnFault: false,
    details: { code: code ?? undefined, signal: signal ?? undefined },
  };
}

/** The system's code; never the message, which may quote the command. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
