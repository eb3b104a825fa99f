import { openLedger } from "../../packages/server/src/audit/ledger-schema.ts";
import { Database } from "../../packages/server/src/storage/database.ts";

/**
 * What befalls the next commit. `refused`: nothing is written. `lost-answer`: it is written, and an error is told.
 * `killed-before`, `killed-after`: the process dies in it.
 */
export type StoreFault = "none" | "refused" | "lost-answer" | "killed-before" | "killed-after";

export interface StoreEvents {
  /** Asked once for each commit. */
  nextFault(): StoreFault;
  committed(): void;
  killed(): void;
}

/** The real database, whose commits fail or end the process when the simulation says so. */
export class FaultyDatabase extends Database {
  readonly #events: StoreEvents;

  constructor(file: string, events: StoreEvents) {
    super(file);
    this.#events = events;
    // Nothing here is about power: waiting for the disk would only cost time.
    this.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF");
  }

  override transaction<T>(work: () => T): T {
    const fault = this.#events.nextFault();
    if (fault === "killed-before") this.#events.killed();
    const value = super.transaction(() => {
      const written = work();
      if (fault === "refused" || fault === "killed-before") throw new Error("database or disk is full");
      return written;
    });
    this.#events.committed();
    if (fault === "killed-after") this.#events.killed();
    if (fault !== "none") throw new Error("disk I/O error");
    return value;
  }
}

/** Makes the file with its tables. */
export function makeLedger(file: string): void {
  const opened = openLedger(file, { durable: false });
  if (!opened.ok) throw new Error(opened.error);
  opened.value.close();
}
