import type { KeyObject } from "node:crypto";
import type { DiskSync, SyncFailure } from "../storage/disk-sync.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { CheckpointLog } from "./checkpoint-log.ts";

/** A checkpoint at least this often while entries come. */
const EVERY_MS = 60_000;
const EVERY_ENTRIES = 1_000;

export interface CheckpointerOptions {
  readonly organisation: string;
  readonly key: KeyObject;
  readonly file: string;
  readonly nowMs: () => number;
  /** Puts on the disk what the ledger has committed: a checkpoint must not outlive the rows that it speaks of. */
  readonly ledgerSync: Pick<DiskSync, "later" | "now">;
  /** Also told, so that an operator can keep notes elsewhere. */
  readonly onCheckpoint: (note: string) => void;
  /** The checkpoint is on the disk: from now on the log itself can say that it was made. */
  readonly onKept: (size: number, timeMs: number) => void;
  readonly onFailure: (reason: string) => void;
  /** Entries at the start: the last checkpoint may be older. */
  readonly size: number;
  /** Head of the chain at the start; with it the first checkpoint does not wait for new entries. */
  readonly root?: Buffer;
}

/** Where the chain was when a checkpoint was asked for. */
interface Head {
  readonly size: number;
  readonly root: Buffer;
}

/** Signs the head of the chain from time to time, into a file that can be carried away. */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #log: CheckpointLog;
  readonly #timer: NodeJS.Timeout;
  #size: number;
  #root: Buffer | undefined;
  #signedSize: number;
  /** Size at the last attempt, which may have failed. */
  #triedSize: number;
  /** The next entry will be the log's own word that the checkpoint was made: no reason for another one. */
  #isWordDue = false;
  #isSigning = false;
  #isClosed = false;
  /** Nothing can be said any more of rows that the disk may have lost. */
  #isLost = false;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#log = new CheckpointLog(options.file);
    this.#size = options.size;
    this.#root = options.root;
    // A crash may have left entries behind the last checkpoint; with a root given, the next one covers them.
    this.#signedSize = options.root === undefined ? options.size : 0;
    this.#triedSize = this.#signedSize;
    this.#timer = setInterval(() => this.sign(), EVERY_MS).unref();
  }

  /** The chain has grown to `size` entries, the last of which has this hash. */
  noteHead(size: number, root: Buffer): void {
    if (this.#isWordDue && size === this.#signedSize + 1) this.#signedSize = size;
    this.#isWordDue = false;
    this.#size = size;
    this.#root = root;
    if (size - this.#triedSize >= EVERY_ENTRIES) this.sign();
  }

  /** Signs the head as it is now, once its rows are on the disk. One at a time. */
  sign(): void {
    const head = this.#due();
    if (head === undefined || this.#isSigning) return;
    this.#isSigning = true;
    this.#options.ledgerSync.later((failure) => {
      // An ending process has signed a later head meanwhile.
      if (this.#isClosed) return;
      if (!this.#append(head, failure)) {
        this.#isSigning = false;
        return;
      }
      this.#log.syncLater((unsynced) => {
        this.#isSigning = false;
        if (!this.#isClosed) this.#keep(head, unsynced);
      });
    });
  }

  /** Signs what is not signed yet, and waits for the disk. Commits come to an end after this, not before. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#isClosed) return;
    this.#isClosed = true;
    const head = this.#due();
    if (head !== undefined && this.#append(head, this.#options.ledgerSync.now()))
      this.#keep(head, this.#log.syncNow());
  }

  /** Takes the notes before an offset out of the file. Rejects when it stayed as it was. */
  dropNotes(offset: number, signal: AbortSignal): Promise<void> {
    return this.#log.keepFrom(offset, signal);
  }

  #due(): Head | undefined {
    const isSigned = this.#size === this.#signedSize;
    if (this.#root === undefined || this.#size === 0 || isSigned || this.#isLost) return undefined;
    // After a failure the next attempt waits for as many entries, or the timer: a full disk is not to be hammered.
    this.#triedSize = this.#size;
    return { size: this.#size, root: this.#root };
  }

  #append({ size, root }: Head, failure: SyncFailure | undefined): boolean {
    const { organisation, key, nowMs, onCheckpoint } = this.#options;
    if (failure !== undefined) return this.#fail(failure);
    const note = signCheckpoint({ organisation, size, root: root.toString("hex"), time: nowMs() }, key);
    try {
      this.#log.append(note);
    } catch (cause) {
      return this.#fail({ reason: cause instanceof Error ? cause.message : "unknown error", isLost: false });
    }
    this.#signedSize = size;
    onCheckpoint(note);
    return true;
  }

  #keep({ size }: Head, failure: SyncFailure | undefined): void {
    if (failure !== undefined) {
      this.#fail(failure);
      return;
    }
    this.#isWordDue = true;
    this.#options.onKept(size, this.#options.nowMs());
  }

  #fail({ reason, isLost }: SyncFailure): false {
    this.#isLost ||= isLost;
    this.#options.onFailure(isLost ? `${reason}; check the disk, then restart` : reason);
    return false;
  }
}
