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

/** Puts what was written to a file so far onto its disk. A file that is not there has nothing to put. */
export class DiskSync {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Without stopping the event loop. `done` gets undefined when it is there. */
  later(done: (failure: SyncFailure | undefined) => void): void {
    open(this.#file, "r+", (refused, fd) => {
      if (refused !== null) return done(openFailure(refused));
      fdatasync(fd, (cause) => close(fd, () => done(cause === null ? undefined : syncFailure(cause))));
    });
  }

  /** Waits for it. */
  now(): SyncFailure | undefined {
    let fd: number;
    try {
      fd = openSync(this.#file, "r+");
    } catch (refused) {
      return openFailure(refused);
    }
    try {
      fdatasyncSync(fd);
      return undefined;
    } catch (cause) {
      return syncFailure(cause);
    } finally {
      closeSync(fd);
    }
  }
}

function openFailure(cause: unknown): SyncFailure | undefined {
  if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
  return { reason: reasonOf(cause), isLost: false };
}

function syncFailure(cause: unknown): SyncFailure {
  return { reason: reasonOf(cause), isLost: true };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "unknown error";
}
