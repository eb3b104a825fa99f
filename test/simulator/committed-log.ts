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
    for (const row of this.#db.all(
      "SELECT seq, of, body FROM entry WHERE seq > ? ORDER BY seq",
      this.#lastSeq,
    )) {
      const seq = Number(row["seq"]);
      const body = JSON.parse(String(row["body"])) as { [name: string]: string };
      if (seq !== this.#lastSeq + 1) this.strays.push(`entry ${seq} follows entry ${this.#lastSeq}`);
      this.#lastSeq = seq;
      if (row["of"] === null) {
        const { requestId = "", effect = "", fate = "" } = body;
        this.#bySeq.set(seq, { seq, requestId, effect, fate, statuses: [] });
      } else {
        const call = this.#bySeq.get(Number(row["of"]));
        if (call === undefined) this.strays.push(`entry ${seq} is the outcome of nobody`);
        else call.statuses.push(body["status"] ?? "");
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
