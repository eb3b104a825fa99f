import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DiskSync, type SyncFailure } from "../storage/disk-sync.ts";
import { LAST_LINE } from "./note-file.ts";

/** A torn note, and the zeros that a power cut may leave behind it, are shorter. */
const TAIL_BYTES = 64 * 1024;
const COPIED_BYTES = 256 * 1024;

/**
 * `checkpoints.log`: notes, one after the other, and never a part of one. A torn note (a full disk, a power cut) would
 * make the whole log unreadable, so it is taken away again.
 */
export class CheckpointLog {
  readonly #file: string;
  readonly #sync: DiskSync;
  #mayBeTorn = true;
  #isFolderSynced = false;
  /** How often bytes were taken away from the end: a copy that holds them is none. */
  #mended = 0;

  constructor(file: string) {
    this.#file = file;
    this.#sync = new DiskSync(file);
  }

  /** Throws when the note could not be written whole; what is there of it is taken away before the next one. */
  append(note: string): void {
    const fd = openSync(this.#file, "a+", 0o600);
    try {
      if (this.#mayBeTorn && mend(fd)) this.#mended += 1;
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

  /**
   * Leaves out what stands before `offset`: a copy of the rest takes the place of the file in one step. What is
   * appended meanwhile is in it. Rejects when the file stayed as it was, and does nothing once `signal` is aborted.
   */
  async keepFrom(offset: number, signal: AbortSignal): Promise<void> {
    const draft = `${this.#file}.new`;
    const mended = this.#mended;
    try {
      await using both = await openBoth(this.#file, draft);
      for (let at = offset; ; ) {
        at = await copy(both, at, signal);
        await both.to.sync();
        // INVARIANT: no turn of the event loop lies between this look and the change of names: no note is lost.
        const { size } = statSync(this.#file);
        if (this.#mended !== mended || size < at) throw new Error("a torn note was taken away meanwhile");
        if (signal.aborted || size === at) break;
      }
      if (signal.aborted) return;
      renameSync(draft, this.#file);
      // In the same turn: a sync that is under way opens the new file, and counts only where its name is there, too.
      this.#isFolderSynced = false;
      this.#syncFolder();
    } finally {
      await rm(draft, { force: true });
    }
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

interface Both extends AsyncDisposable {
  readonly from: FileHandle;
  readonly to: FileHandle;
}

async function openBoth(source: string, target: string): Promise<Both> {
  await using opened = new AsyncDisposableStack();
  const from = opened.use(await open(source, "r"));
  const to = opened.use(await open(target, "w", 0o600));
  const kept = opened.move();
  return { from, to, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Appends all that stands from `at` on; where that ended. */
async function copy({ from, to }: Both, at: number, signal: AbortSignal): Promise<number> {
  const buffer = Buffer.alloc(COPIED_BYTES);
  for (let next = at; ; ) {
    const { bytesRead } = await from.read(buffer, 0, buffer.length, next);
    if (bytesRead === 0 || signal.aborted) return next;
    await to.writeFile(buffer.subarray(0, bytesRead));
    next += bytesRead;
  }
}

/** Takes away what stands behind the last whole note; true where something did. */
function mend(fd: number): boolean {
  const { size } = fstatSync(fd);
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  readSync(fd, tail, 0, tail.length, size - tail.length);
  const last = [...tail.toString("latin1").matchAll(LAST_LINE)].at(-1);
  const whole = last === undefined ? 0 : last.index + last[0].length;
  // Nothing whole in so long a tail is not the trace of a torn note: it is left for `log verify` to judge.
  if (whole === tail.length || (last === undefined && size > TAIL_BYTES)) return false;
  ftruncateSync(fd, size - tail.length + whole);
  return true;
}
