import type { IntentEntry } from "../call/ports.ts";
import { type Database, numberOf } from "../storage/database.ts";

/** How many entries may come before the mark moves: after a crash so many more are looked at. */
const EVERY_ENTRIES = 1_000;
/** Beyond this the oldest calls are forgotten here; their rows read `unknown` all the same. */
const MAX_OPEN = 100_000;

/**
 * Which calls were sent and have no outcome yet. The ledger keeps a mark before which every call is over, so that
 * the start after a crash looks at the few rows behind it, however long the log is and however long a stream lived.
 */
export class OpenCalls {
  readonly #open = new Set<number>();
  #markedAt = 0;

  begin(seq: number, { fate }: Pick<IntentEntry, "fate">): void {
    if (fate !== "sent") return;
    this.#open.add(seq);
    if (this.#open.size > MAX_OPEN) this.#open.delete(this.#oldest() ?? seq);
  }

  end(seq: number): void {
    this.#open.delete(seq);
  }

  /** Moves the mark, now and then or when `isForced`, inside the transaction whose entries begin at `firstSeq`: what it commits is not over yet. */
  write(db: Database, firstSeq: number, isForced = false): void {
    if (!isForced && firstSeq - this.#markedAt < EVERY_ENTRIES) return;
    this.#markedAt = firstSeq;
    db.run(
      "INSERT INTO settled (id, before) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET before = excluded.before",
      this.#oldest() ?? firstSeq,
    );
  }

  #oldest(): number | undefined {
    // A set keeps the order in which calls began.
    return this.#open.values().next().value;
  }
}

/** The entry before which every call is over. */
export function readSettledMark(db: Database): number {
  const row = db.get("SELECT before FROM settled");
  return row === undefined ? 0 : numberOf(row, "before");
}
