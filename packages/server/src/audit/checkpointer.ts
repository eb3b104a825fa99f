import type { KeyObject } from "node:crypto";
import { appendFileSync } from "node:fs";
import { signCheckpoint } from "./checkpoint.ts";

/** A checkpoint at least this often while entries come (secrets.md: audit integrity). */
const EVERY_MS = 60_000;
const EVERY_ENTRIES = 1_000;

export interface CheckpointerOptions {
  readonly organisation: string;
  readonly key: KeyObject;
  readonly file: string;
  readonly nowMs: () => number;
  /** Also told, so that an operator can keep notes elsewhere. */
  readonly onCheckpoint: (note: string) => void;
  readonly onFailure: (reason: string) => void;
  /** Entries at the start: the last checkpoint may be older. */
  readonly size: number;
  /** Head of the chain at the start; with it the first checkpoint does not wait for new entries. */
  readonly root?: Buffer;
}

/** Signs the head of the chain from time to time, into a file that can be carried away. */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #timer: NodeJS.Timeout;
  #size: number;
  #root: Buffer | undefined;
  #signedSize: number;
  /** Size at the last attempt, which may have failed. */
  #triedSize: number;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#size = options.size;
    this.#root = options.root;
    // A crash may have left entries behind the last checkpoint; with a root given, the next one covers them.
    this.#signedSize = options.root === undefined ? options.size : 0;
    this.#triedSize = this.#signedSize;
    this.#timer = setInterval(() => this.sign(), EVERY_MS).unref();
  }

  /** The chain has grown to `size` entries, the last of which has this hash. */
  noteHead(size: number, root: Buffer): void {
    this.#size = size;
    this.#root = root;
    if (size - this.#triedSize >= EVERY_ENTRIES) this.sign();
  }

  sign(): void {
    if (this.#root === undefined || this.#size === this.#signedSize) return;
    const { organisation, key, file, nowMs, onCheckpoint, onFailure } = this.#options;
    const root = this.#root.toString("hex");
    const note = signCheckpoint({ organisation, size: this.#size, root, time: nowMs() }, key);
    // After a failure the next attempt waits for as many entries, or the timer: a full disk is not to be hammered.
    this.#triedSize = this.#size;
    try {
      appendFileSync(file, note, { mode: 0o600 });
      this.#signedSize = this.#size;
      onCheckpoint(note);
    } catch (cause) {
      onFailure(cause instanceof Error ? cause.message : "unknown error");
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.sign();
  }
}
