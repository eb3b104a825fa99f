import { readEntries } from "../../packages/server/src/audit/read-entries.ts";
import { Database } from "../../packages/server/src/storage/database.ts";

/** What the log holds of one call. */
export interface LoggedCall {
  readonly seq: number;
  readonly requestId: string;
  readonly effect: string;
  readonly fate: string;
  readonly statuses: string[];
}

/** What is committed, as another connection reads it after each commit. */
export class CommittedLog {
  readonly #db: Database;
  readonly #bySeq = new Map<number, LoggedCall>();
  #lastSeq = 0;
  /** Entries that name no call that is there. */
  readonly strays: string[] = [];

  constructor(ledgerFile: string) {
    this.#db = new Database(ledgerFile, { readOnly: true });
  }

  get calls(): Iterable<LoggedCall> {
    return this.#bySeq.values();
  }

  /** Entries seen so far. */
  get rows(): number {
    return this.#lastSeq;
  }

  at(seq: number): LoggedCall | undefined {
    return this.#bySeq.get(seq);
  }

  readOn(): void {
    for (const { seq, body, entry } of readEntries(this.#db, this.#lastSeq)) {
      if (seq !== this.#lastSeq + 1) this.strays.push(`entry ${seq} follows entry ${this.#lastSeq}`);
      // Or a block overlaps another one, or has fewer entries than its number says.
      if (!body.includes(`"seq":${seq},`)) this.strays.push(`entry ${seq} says that it is another one`);
      this.#lastSeq = seq;
      if (entry.kind === "intent") {
        const { requestId, effect, fate } = entry;
        this.#bySeq.set(seq, { seq, requestId, effect, fate, statuses: [] });
      } else {
        const call = entry.kind === "outcome" ? this.#bySeq.get(entry.of) : undefined;
        if (entry.kind !== "outcome" || call === undefined)
          this.strays.push(`entry ${seq} is the outcome of nobody`);
        else call.statuses.push(entry.status);
      }
    }
  }

  /** Counters that hold less than nothing. */
  negativeCounters(): readonly string[] {
    const fixed = this.#db.all("SELECT key FROM counter_fixed WHERE micros < 0");
    const sliding = this.#db.all("SELECT key FROM counter_sliding GROUP BY key, at HAVING sum(micros) < 0");
    return [...fixed, ...sliding].map((row) => String(row["key"]));
  }

  close(): void {
    this.#db.close();
  }
}
