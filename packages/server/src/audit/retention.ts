import { createPublicKey, type KeyObject } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { reasonOf } from "../storage/disk-sync.ts";
import { sizeOfNote, timeOfNote } from "./checkpoint.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { Ledger } from "./ledger.ts";
import { readNotePieces } from "./note-file.ts";
import { anchorSeq, pruneStep } from "./prune.ts";

/** Before the first run: a start has better things to do. */
const FIRST_AFTER_MS = 600_000;
/** From the end of one run to the next. */
const EVERY_MS = 3_600_000;
/** Between two steps: commits of calls go first. */
const PAUSE_MS = 50;
/** `checkpoints.log` is written anew when this part of it, or more, vouches for nothing that is left. */
const WORTH_DROPPING = 0.25;

export interface RetentionOptions {
  readonly ledger: Pick<Ledger, "flush" | "db">;
  readonly checkpointer: Pick<Checkpointer, "dropNotes">;
  readonly checkpointsFile: string;
  readonly key: KeyObject;
  /** Entries up to the newest checkpoint before this time go. */
  readonly beforeMs: () => number;
  /** Once when runs begin to fail, not for each that does. */
  readonly onFailure: (reason: string) => void;
}

/** Looks from time to time for entries that are older than they are kept, and takes them away a step at a time. */
export class Retention implements AsyncDisposable {
  readonly #options: RetentionOptions;
  readonly #publicKey: KeyObject;
  readonly #ended = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #mayDrop = false;
  #isFailing = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#publicKey = createPublicKey(options.key);
    this.#wait(FIRST_AFTER_MS);
  }

  /** One run, to its end. Never rejects. */
  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#tryOnce());
    return this.#running;
  }

  /** After this nothing is taken away any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #wait(ms: number): void {
    if (this.#ended.signal.aborted) return;
    this.#timer = setTimeout(() => void this.run().then(() => this.#wait(EVERY_MS)), ms).unref();
  }

  async #tryOnce(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    try {
      await this.#runOnce();
      this.#isFailing = false;
    } catch (cause) {
      // A file that is not there yet: no checkpoint was made.
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return;
      if (!this.#isFailing) this.#options.onFailure(reasonOf(cause));
      this.#isFailing = true;
    }
  }

  async #runOnce(): Promise<void> {
    const { ledger, checkpointsFile, beforeMs, checkpointer } = this.#options;
    const before = beforeMs();
    // A copy of the ledger may be older than the copy of the notes beside it, though not by as much as lies between two
    // runs: none needs what stood below the anchor when this one began. After a start nobody knows when the last was.
    const anchor = anchorSeq(ledger.db);
    const mayDrop = this.#mayDrop;
    this.#mayDrop = true;
    let needed: number | undefined;
    let end = 0;
    for await (const piece of readNotePieces(checkpointsFile)) {
      needed ??= piece.find(({ text }) => !(sizeOfNote(text) < anchor))?.start;
      end = piece.at(-1)?.end ?? end;
      const old = piece.filter(({ text }) => timeOfNote(text) < before).map(({ text }) => text);
      if (old.length > 0) await this.#prune(old);
      if (this.#ended.signal.aborted) return;
    }
    if (mayDrop && needed !== undefined && needed > 0 && needed >= end * WORTH_DROPPING)
      await checkpointer.dropNotes(needed, this.#ended.signal);
  }

  async #prune(notes: readonly string[]): Promise<void> {
    const { ledger } = this.#options;
    for (let isMore = true; isMore && !this.#ended.signal.aborted; ) {
      // What waits is committed before: retention never makes a call wait for a transaction of its own.
      ledger.flush();
      isMore = pruneStep(ledger.db, notes, this.#publicKey);
      if (isMore)
        await pause(PAUSE_MS, undefined, { ref: false, signal: this.#ended.signal }).catch(() => {});
    }
  }
}
