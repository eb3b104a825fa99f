import { hash } from "node:crypto";
import type { Audit, IntentEntry, OutcomeEntry } from "../call/ports.ts";
import { type Database, numberOf } from "../storage/database.ts";
import { intentBody, outcomeBody } from "./entry.ts";

/** What else is committed together with the rows of a turn: counters. */
export interface LedgerRider {
  /** Writes what changed. Runs inside the transaction and must not throw but for a failing database. */
  write(db: Database): void;
  /** The transaction is on disk: what was written needs no second time. */
  committed(): void;
}

export interface LedgerOptions {
  /** Opens the database anew after a failure. Throws while it cannot. */
  readonly reopen: () => Database;
  readonly onFailure: (reason: string) => void;
  /** After each commit: the number of entries and the head of the chain. */
  readonly onCommit?: (size: number, head: Buffer) => void;
}

/** The head of an empty chain. */
export const GENESIS = Buffer.alloc(32);
/** Outcomes that wait for a broken disk; beyond it the oldest are lost, and their calls end as `unknown`. */
const MAX_WAITING_OUTCOMES = 100_000;

interface Waiting {
  readonly entry: IntentEntry;
  readonly resolve: (seq: number | undefined) => void;
}

/**
 * The one writer of the chain, so that it cannot fork. All rows of one event-loop turn, and the counters that
 * changed in it, share one transaction: either a call has its row and its charge on disk, or it is not sent.
 */
export class Ledger implements Audit {
  #db: Database;
  readonly #options: LedgerOptions;
  readonly #riders: LedgerRider[] = [];
  #intents: Waiting[] = [];
  #outcomes: OutcomeEntry[] = [];
  #seq: number;
  #head: Buffer;
  #isScheduled = false;
  #isBroken = false;
  #isClosed = false;

  constructor(db: Database, options: LedgerOptions) {
    this.#db = db;
    this.#options = options;
    ({ seq: this.#seq, head: this.#head } = readHead(db));
  }

  get size(): number {
    return this.#seq;
  }

  get head(): Buffer {
    return this.#head;
  }

  /** For reading only; another connection after a failure. */
  get db(): Database {
    return this.#db;
  }

  ride(rider: LedgerRider): void {
    this.#riders.push(rider);
  }

  intend(entry: IntentEntry): Promise<number | undefined> {
    return new Promise((resolve) => {
      this.#intents.push({ entry, resolve });
      this.schedule();
    });
  }

  record(entry: OutcomeEntry): void {
    if (this.#outcomes.length >= MAX_WAITING_OUTCOMES) this.#outcomes.shift();
    this.#outcomes.push(entry);
    this.schedule();
  }

  /** Asks for a commit at the end of this turn. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  /** Commits what waits, now. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return this.#refuseAll();
    const intents = this.#intents;
    const outcomes = this.#outcomes;
    this.#intents = [];
    this.#outcomes = [];
    const first = this.#seq + 1;
    try {
      if (this.#isBroken) this.#recover();
      this.#commit(intents, outcomes);
    } catch (cause) {
      this.#isBroken = true;
      this.#outcomes = [...outcomes, ...this.#outcomes];
      this.#options.onFailure(cause instanceof Error ? cause.message : "unknown error");
      for (const { resolve } of intents) resolve(undefined);
      return;
    }
    for (const [at, { resolve }] of intents.entries()) resolve(first + at);
  }

  /** Writes what waits and closes. */
  close(): void {
    this.flush();
    this.#isClosed = true;
    this.#db.close();
  }

  /** Nothing can be put on record any more, so nothing may be sent. */
  #refuseAll(): void {
    for (const { resolve } of this.#intents.splice(0)) resolve(undefined);
  }

  #commit(intents: readonly Waiting[], outcomes: readonly OutcomeEntry[]): void {
    const db = this.#db;
    let seq = this.#seq;
    let head = this.#head;
    db.transaction(() => {
      for (const { entry } of intents) {
        seq += 1;
        head = insert(db, seq, null, intentBody(seq, entry), head);
      }
      for (const entry of outcomes) {
        seq += 1;
        head = insert(db, seq, entry.of, outcomeBody(seq, entry), head);
      }
      for (const rider of this.#riders) rider.write(db);
    });
    // INVARIANT: memory follows the disk, never the other way round.
    this.#seq = seq;
    this.#head = head;
    for (const rider of this.#riders) rider.committed();
    this.#options.onCommit?.(seq, head);
  }

  /** After a failure the file is opened anew: what the disk really holds is the truth (faults F17). */
  #recover(): void {
    try {
      this.#db.close();
    } catch {
      // A database that cannot be closed is left to the process's end.
    }
    this.#db = this.#options.reopen();
    ({ seq: this.#seq, head: this.#head } = readHead(this.#db));
    this.#isBroken = false;
  }
}

function insert(db: Database, seq: number, of: number | null, body: string, previous: Buffer): Buffer {
  const digest = chain(previous, body);
  db.run("INSERT INTO entry (seq, of, body, hash) VALUES (?, ?, ?, ?)", seq, of, body, digest);
  return digest;
}

/** `SHA-256(previous || entry)` (secrets.md: audit integrity). */
export function chain(previous: Buffer, body: string): Buffer {
  const bytes = Buffer.allocUnsafe(32 + Buffer.byteLength(body));
  previous.copy(bytes);
  bytes.write(body, 32);
  return hash("sha256", bytes, "buffer");
}

function readHead(db: Database): { seq: number; head: Buffer } {
  const row =
    db.get("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1") ?? db.get("SELECT seq, hash FROM anchor");
  if (row === undefined) return { seq: 0, head: GENESIS };
  const head = row["hash"];
  if (!(head instanceof Uint8Array)) throw new TypeError("the head of the chain is not a hash");
  return { seq: numberOf(row, "seq"), head: Buffer.from(head) };
}
