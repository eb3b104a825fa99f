import { close, closeSync, fdatasync, fdatasyncSync, open, openSync } from "node:fs";

/** Why something is not known to be on the disk. */
export interface SyncFailure {
  readonly reason: string;
  /**
   * The disk refused. The system forgets such a failure once it has told it, so a later success proves nothing about
   * what was written before (faults F17).
   */
  readonly isLost: boolean;
}

/**
 * Puts what was written to a file so far onto its disk. A file that is not there has nothing to put. A loss is
 * remembered: all who rely on one file share one of these, or one of them would be told and the next believe.
 */
export class DiskSync {
  readonly #file: string;
  #lost: SyncFailure | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Somebody else was told that the disk refused what belongs to this file. */
  noteLost(reason: string): void {
    this.#lost ??= { reason, isLost: true };
  }

  /** Without stopping the event loop. `done` gets undefined when it is there. */
  later(done: (failure: SyncFailure | undefined) => void): void {
    open(this.#file, "r+", (refused, fd) => {
      if (refused !== null) return done(this.#lost ?? openFailure(refused));
      fdatasync(fd, (cause) => {
        // INVARIANT: before anything else: a wait that began later may have ended well, because this one was told.
        if (cause !== null) this.noteLost(reasonOf(cause));
        close(fd, () => done(this.#lost));
      });
    });
  }

  /** Waits for it. */
  now(): SyncFailure | undefined {
    let fd: number;
    try {
      fd = openSync(this.#file, "r+");
    } catch (refused) {
      return this.#lost ?? openFailure(refused);
    }
    try {
      fdatasyncSync(fd);
    } catch (cause) {
      this.noteLost(reasonOf(cause));
    } finally {
      closeSync(fd);
    }
    return this.#lost;
  }
}

/** `SQLITE_IOERR_FSYNC` and `SQLITE_IOERR_DIR_FSYNC`. */
const SQLITE_SYNC_ERRORS: ReadonlySet<unknown> = new Set([1034, 1290]);

/** True when the disk refused to keep what was written; a file that could not be written lost nothing. */
export function isRefusedSync(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if ("errcode" in cause) return SQLITE_SYNC_ERRORS.has(cause.errcode);
  return "syscall" in cause && (cause.syscall === "fsync" || cause.syscall === "fdatasync");
}

function openFailure(cause: unknown): SyncFailure | undefined {
  if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
  return { reason: reasonOf(cause), isLost: false };
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "unknown error";
}
