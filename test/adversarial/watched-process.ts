/** A process of the product under observation: how long its event loop is held up, and what it holds. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { PORTCULLIS } from "../e2e/served.ts";
import type { Figures, Question } from "./loop-watch.ts";

const WATCH = join(import.meta.dirname, "loop-watch.ts");
/** Rule 5 of the oracle: nothing that a stranger sends holds the loop up for longer. */
const LONGEST_BLOCK_MS = 50;
/** A message from here on is read in one piece all the same; it may take what a call may take at all (F21). */
const LARGE_BYTES = 1_000_000;
const LONGEST_LARGE_BLOCK_MS = 100;
/**
 * The tests of a gate share their machine, whose caches and memory another program slows down as well: there only what
 * is out of proportion counts. `npm run adversarial` by itself holds to the bounds.
 */
const SLACK = process.env["VITEST"] === undefined ? 1 : 5;
/** What an input causes comes again; what the machine did in between does not. */
const TRIES = 3;

/** A process of the product, its three streams, and figures of its inside. */
export class WatchedProcess implements AsyncDisposable {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** The longest block that any attempt was kept to. */
  longestBlockMs = 0;
  #logged = "";

  /** The command line with these arguments, or another command that is made of the same parts. */
  constructor(args: readonly string[], variables: NodeJS.ProcessEnv = {}, command = PORTCULLIS) {
    const [node = "", ...script] = command;
    const stdio = ["pipe", "pipe", "pipe", "ipc"] as const;
    const env = { PATH: process.env["PATH"], ...variables };
    const child = spawn(node, ["--import", WATCH, ...script, ...args], { stdio: [...stdio], env });
    this.child = child as ChildProcessByStdio<Writable, Readable, Readable>;
    this.child.stdin.on("error", () => {});
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#logged += text;
    });
  }

  /** Everything on standard error so far. */
  get logged(): string {
    return this.#logged;
  }

  /** Figures since the last question; rejects when the process is gone. */
  async figures(question: Question = { collect: false }): Promise<Figures> {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null)
      throw new Error(`the process has ended: ${this.#logged.slice(-500)}`);
    const answered = once(this.child, "message");
    this.child.send(question);
    const [figures] = (await answered) as [Figures];
    return figures;
  }

  /**
   * Runs `attempt`, which gives the process messages of up to `bytes`, and says what is wrong when the loop is held
   * up too long; then it is tried again, and the least counts. The value is the first attempt's.
   */
  async notHeldUp<T>(
    bytes: number,
    attempt: () => Promise<T>,
  ): Promise<{ readonly value: T; readonly problems: readonly string[] }> {
    const boundMs = SLACK * (bytes < LARGE_BYTES ? LONGEST_BLOCK_MS : LONGEST_LARGE_BLOCK_MS);
    await this.figures();
    const value = await attempt();
    let { longestBlockMs } = await this.figures();
    for (let tries = 1; longestBlockMs > boundMs && tries < TRIES; tries += 1) {
      await attempt();
      longestBlockMs = Math.min(longestBlockMs, (await this.figures()).longestBlockMs);
    }
    this.longestBlockMs = Math.max(this.longestBlockMs, longestBlockMs);
    const isFine = longestBlockMs <= boundMs;
    return { value, problems: isFine ? [] : [`the loop was held up for ${longestBlockMs.toFixed()} ms`] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.child;
    const ended = exitCode === null && signalCode === null ? once(this.child, "exit") : undefined;
    this.child.stdin.end();
    this.child.kill("SIGTERM");
    await ended;
  }
}
