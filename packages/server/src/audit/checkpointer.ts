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
  /** Told the newest note once a minute, so that an operator can keep it elsewhere. */
  readonly onCheckpoint: (note: string) => void;
  readonly onFailure: (reason: string) => void;
  /** Entries at the start: the last checkpoint may be older. */
  readonly size: number;
}

/** Signs the head of the chain from time to time, into a file that can be carried away. */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #timer: NodeJS.Timeout;
  #newest: string | undefined;
  #size: number;
  #root: Buffer | undefined;
  #signedSize: number;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#size = options.size;
    this.#signedSize = options.size;
    this.#timer = setInterval(() => this.#publish(), EVERY_MS).unref();
  }

  /** The chain has grown to `size` entries, the last of which has this hash. */
  noteHead(size: number, root: Buffer): void {
    this.#size = size;
    this.#root = root;
    if (size - this.#signedSize >= EVERY_ENTRIES) this.sign();
  }

  sign(): void {
    if (this.#root === undefined || this.#size === this.#signedSize) return;
    const { organisation, key, file, nowMs, onFailure } = this.#options;
    const root = this.#root.toString("hex");
    const note = signCheckpoint({ organisation, size: this.#size, root, time: nowMs() }, key);
    try {
      appendFileSync(file, note, { mode: 0o600 });
      this.#signedSize = this.#size;
      this.#newest = note;
    } catch (cause) {
      onFailure(cause instanceof Error ? cause.message : "unknown error");
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#publish();
  }

  #publish(): void {
    this.sign();
    if (this.#newest !== undefined) this.#options.onCheckpoint(this.#newest);
    this.#newest = undefined;
  }
}
