import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { DiskSync, type SyncFailure } from "../storage/disk-sync.ts";

/** The last line of a whole note, as bytes: a torn one may end inside a character. */
const SIGNATURE_LINE = new RegExp(Buffer.from("\n— portcullis-audit \\S+\n").toString("latin1"), "g");
/** A torn note, and the zeros that a power cut may leave behind it, are shorter. */
const TAIL_BYTES = 64 * 1024;

/**
 * `checkpoints.log`: notes, one after the other, and never a part of one. A torn note (a full disk, a power cut) would
 * make the whole log unreadable, so it is taken away again.
 */
export class CheckpointLog {
  readonly #file: string;
  readonly #sync: DiskSync;
  #mayBeTorn = true;
  #isFolderSynced = false;

  constructor(file: string) {
    this.#file = file;
    this.#sync = new DiskSync(file);
  }

  /** Throws when the note could not be written whole; what is there of it is taken away before the next one. */
  append(note: string): void {
    const fd = openSync(this.#file, "a+", 0o600);
    try {
      if (this.#mayBeTorn) mend(fd);
      this.#mayBeTorn = true;
      const bytes = Buffer.from(note);
      if (writeSync(fd, bytes) < bytes.length) throw new Error("there is no space for a checkpoint");
      this.#mayBeTorn = false;
    } finally {
      closeSync(fd);
    }
  }

  /** `done` gets undefined when every note so far is on the disk. */
  syncLater(done: (failure: SyncFailure | undefined) => void): void {
    this.#syncFolder();
    this.#sync.later(done);
  }

  syncNow(): SyncFailure | undefined {
    this.#syncFolder();
    return this.#sync.now();
  }

  /** A new file is there after a power cut only if its folder was put on the disk too. */
  #syncFolder(): void {
    if (this.#isFolderSynced) return;
    this.#isFolderSynced = true;
    try {
      const fd = openSync(dirname(this.#file), "r");
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch {
      // Some systems cannot put a folder on the disk, and need not.
    }
  }
}

/** Takes away what stands behind the last whole note. */
function mend(fd: number): void {
  const { size } = fstatSync(fd);
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  readSync(fd, tail, 0, tail.length, size - tail.length);
  const last = [...tail.toString("latin1").matchAll(SIGNATURE_LINE)].at(-1);
  const whole = last === undefined ? 0 : last.index + last[0].length;
  // Nothing whole in so long a tail is not the trace of a torn note: it is left for `log verify` to judge.
  if (last !== undefined || size <= TAIL_BYTES) ftruncateSync(fd, size - tail.length + whole);
}
