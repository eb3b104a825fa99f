import type { Audit, IntentEntry, OutcomeEntry } from "../call/ports.ts";
import { turn } from "../call/turn.ts";
import { bytesOf, type Database, numberOf } from "../storage/database.ts";
import { append, type ChainEnd, GENESIS } from "./chain.ts";
import { checkpointBody, intentBody, type KeptCheckpoint, outcomeBody } from "./entry.ts";
import { OpenCalls } from "./open-calls.ts";
import { readEntries } from "./read-entries.ts";

/** What else is committed together with the rows of a turn: counters. */
export interface LedgerRider {
  /** Writes what changed. Runs inside the transaction and must not throw but for a failing database. */
  write(db: Database): void;
  /** The transaction is on disk: what was written needs no second time. */
  committed(): void;
  /** The database was opened anew after a failure: what was written last may be on disk or not. */
  reopened(): void;
}

export interface LedgerOptions {
  /** Opens the database anew after a failure. Throws while it cannot. */
  readonly reopen: () => Database;
  /** Once when commits begin to fail, not for each that does. */
  readonly onFailure: (reason: string) => void;
  /** After each commit: the number of entries and the head of the chain. */
  readonly onCommit?: (size: number, head: Buffer) => void;
}

/** Outcomes that wait for a broken disk; beyond it the oldest are lost, and their calls end as `unknown`. */
const MAX_WAITING_OUTCOMES = 100_000;
/** Intents of one commit from which on it is worth waiting for more. */
const BUSY_INTENTS = 4;
/** For so many turns at most, and only while each brings more. */
const MAX_GATHERING_TURNS = 4;
/** How long an outcome may wait for an intent to be committed with; a crash within ends the call as `unknown`. */
const OUTCOME_DELAY_MS = 10;
/** While commits fail: how often one is tried although nobody calls (faults F16: no operator is needed). */
const RETRY_MS = 1_000;

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
  #kept: KeptCheckpoint | undefined;
  #end: ChainEnd;
  readonly #openCalls = new OpenCalls();
  #isScheduled = false;
  /** The last commit had many calls: the next waits for more, which cost little when they are sent together. */
  #isBusy = false;
  #isBroken = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;
  #lateOutcome: NodeJS.Timeout | undefined;

  constructor(db: Database, options: LedgerOptions) {
    this.#db = db;
    this.#options = options;
    this.#end = readEnd(db);
  }

  get size(): number {
    return this.#end.seq;
  }

  get head(): Buffer {
    return this.#end.head;
  }

  /** For reading only; another connection after a failure. */
  get db(): Database {
    return this.#db;
  }

  ride(rider: LedgerRider): void {
    this.#riders.push(rider);
  }

  intend(entry: IntentEntry): Promise<number | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#intents.push({ entry, resolve });
      this.schedule();
    });
  }

  record(entry: OutcomeEntry): void {
    if (this.#outcomes.length >= MAX_WAITING_OUTCOMES) this.#outcomes.shift();
    this.#outcomes.push(entry);
    // A commit of its own would cost as much as the whole line; the next intent takes it along.
    this.#lateOutcome ??= setTimeout(() => {
      this.#lateOutcome = undefined;
      if (this.#outcomes.length > 0) this.schedule();
    }, OUTCOME_DELAY_MS);
  }

  /** A checkpoint was made: an entry says so, so that nobody can take it away unseen. */
  noteCheckpoint(kept: KeptCheckpoint): void {
    this.#kept = kept;
    this.schedule();
  }

  /** Asks for a commit at the end of this turn; under load some turns later. */
  schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    turn.commits.add(() => (this.#isBusy ? this.#gather(MAX_GATHERING_TURNS) : this.flush()));
  }

  /** Commits after the first of so many turns that brings no further intent. */
  #gather(turns: number): void {
    const before = this.#intents.length;
    turn.commits.add(() => {
      if (turns > 1 && this.#intents.length > before) this.#gather(turns - 1);
      else this.flush();
    });
  }

  /** Commits what waits, now. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    const intents = this.#intents;
    this.#intents = [];
    this.#isBusy = intents.length >= BUSY_INTENTS;
    let first: number;
    try {
      const wasBroken = this.#isBroken;
      if (wasBroken) this.#recover();
      first = this.#commit(intents, wasBroken);
      this.#isBroken = false;
    } catch (cause) {
      this.#fail(cause);
      for (const { resolve } of intents) resolve(undefined);
      return;
    }
    for (const [at, { resolve }] of intents.entries()) resolve(first + at);
  }

  /** Writes what waits and closes. What comes later is refused. */
  close(): void {
    this.flush();
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#lateOutcome);
    this.#db.close();
  }

  /**
   * The number of the first intent. `mustWrite`: a transaction that changes nothing succeeds on a full disk, and would
   * prove nothing.
   */
  #commit(intents: readonly Waiting[], mustWrite: boolean): number {
    const db = this.#db;
    const outcomes = this.#outcomes;
    const kept = this.#kept;
    let next = this.#end.seq + 1;
    const first = next;
    const bodies = intents.map(({ entry }) => intentBody(next++, entry));
    for (const entry of outcomes) bodies.push(outcomeBody(next++, entry));
    if (kept !== undefined) bodies.push(checkpointBody(next, kept));
    const end = db.transaction(() => {
      for (const rider of this.#riders) rider.write(db);
      this.#openCalls.write(db, first, mustWrite);
      return append(db, this.#end, bodies);
    });
    // INVARIANT: memory follows the disk, never the other way round.
    for (const [at, { entry }] of intents.entries()) this.#openCalls.begin(first + at, entry);
    for (const { of } of outcomes) this.#openCalls.end(of);
    this.#outcomes = [];
    this.#kept = undefined;
    this.#end = end;
    for (const rider of this.#riders) rider.committed();
    this.#options.onCommit?.(end.seq, end.head);
    return first;
  }

  #fail(cause: unknown): void {
    const wasBroken = this.#isBroken;
    this.#isBroken = true;
    if (!wasBroken) this.#options.onFailure(cause instanceof Error ? cause.message : "unknown error");
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.flush();
    }, RETRY_MS).unref();
  }

  /**
   * After a failure the file is opened anew: what the disk really holds is the truth (faults F17). A failed commit
   * may be there after all; then its outcomes are not written twice.
   */
  #recover(): void {
    try {
      this.#db.close();
    } catch {
      // A database that cannot be closed is left to the process's end.
    }
    this.#db = this.#options.reopen();
    assertHolds(this.#db, this.#end);
    this.#adopt();
    this.#end = readEnd(this.#db);
    for (const rider of this.#riders) rider.reopened();
  }

  /** If the commit that failed is there, its outcomes are written, and its calls were refused, so none was sent. */
  #adopt(): void {
    const written = new Set<number>();
    const refused: OutcomeEntry[] = [];
    const unsent = { status: "upstream_error", httpStatus: undefined, latencyMs: 0, bytes: 0 } as const;
    for (const { seq, entry } of readEntries(this.#db, this.#end.seq)) {
      if (entry.kind === "outcome") written.add(entry.of);
      if (entry.kind === "intent" && entry.fate === "sent")
        refused.push({ of: seq, time: entry.time, ...unsent });
    }
    for (const of of written) this.#openCalls.end(of);
    this.#outcomes = [...this.#outcomes.filter(({ of }) => !written.has(of)), ...refused];
  }
}

/**
 * An entry that was acknowledged and is gone means that the disk lost what it had promised. Going on would fork the
 * chain and hide that, so nothing is committed until an operator has looked and starts anew.
 */
function assertHolds(db: Database, { seq, head }: ChainEnd): void {
  const row =
    db.get("SELECT hash FROM block WHERE seq = ?", seq) ??
    db.get("SELECT hash FROM anchor WHERE seq = ?", seq);
  const hashed = seq === 0 ? GENESIS : row?.["hash"];
  if (hashed instanceof Uint8Array && head.equals(hashed)) return;
  throw new Error(`entry ${seq} of the audit log was committed and is gone: check the disk, then restart`);
}

function readEnd(db: Database): ChainEnd {
  const row =
    db.get("SELECT seq, hash FROM block ORDER BY seq DESC LIMIT 1") ?? db.get("SELECT seq, hash FROM anchor");
  return row === undefined
    ? { seq: 0, head: GENESIS }
    : { seq: numberOf(row, "seq"), head: bytesOf(row, "hash") };
}
