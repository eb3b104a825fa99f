import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

export type Row = { readonly [column: string]: unknown };

/** How long a writer waits for another process's short transaction. */
const BUSY_TIMEOUT_MS = 5_000;

/** A database that lives as long as its process. */
export const MEMORY = ":memory:";

export interface DatabaseOptions {
  /** Waits for the disk at every commit, against power loss; without it a crash of the process loses nothing. */
  readonly durable?: boolean;
  readonly readOnly?: boolean;
  /** How long to wait for another process's transaction; it blocks the event loop meanwhile. Default 5 s. */
  readonly waitMs?: number;
  /** `rollback` is for a file that is only locked: its exclusive lock shuts everybody out. Default `wal`. */
  readonly journal?: "wal" | "rollback";
}

/** The one class that knows `node:sqlite`: statements are prepared once, transactions nest nowhere. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #dataVersion: StatementSync | undefined;

  constructor(path: string, options: DatabaseOptions = {}) {
    const readOnly = options.readOnly === true;
    if (!readOnly && path !== MEMORY) makePrivate(path);
    this.#db = new DatabaseSync(path, { readOnly, timeout: options.waitMs ?? BUSY_TIMEOUT_MS });
    try {
      if (!readOnly) this.#configure(options);
    } catch (cause) {
      this.#db.close();
      throw cause;
    }
  }

  get isOpen(): boolean {
    return this.#db.isOpen;
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values) as readonly Row[];
  }

  /** Rows one by one. Its own statement: two walks over the same rows may go on at once. */
  iterate(sql: string, ...values: readonly SQLInputValue[]): IterableIterator<Row> {
    return this.#db.prepare(sql).iterate(...values) as IterableIterator<Row>;
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  /** Number of rows changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** All or nothing. `IMMEDIATE` takes the write lock first, so that two processes never deadlock half-way. */
  transaction<T>(work: () => T): T {
    this.run("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.run("COMMIT");
      return value;
    } catch (cause) {
      // SQLite may have rolled back by itself (disk full); a second rollback is an error of no interest.
      if (this.#db.isTransaction) this.exec("ROLLBACK");
      throw cause;
    }
  }

  /** Runs `work` on one unchanging view, whatever other processes commit meanwhile. */
  reading<T>(work: () => T): T {
    this.exec("BEGIN");
    try {
      return work();
    } finally {
      if (this.#db.isTransaction) this.exec("COMMIT");
    }
  }

  /** Changes whenever another connection commits. */
  dataVersion(): number {
    if (this.#dataVersion === undefined) {
      this.#dataVersion = this.#db.prepare("PRAGMA data_version");
      // Asked in every turn; a list of one costs less than a row with a name.
      this.#dataVersion.setReturnArrays(true);
    }
    return Number((this.#dataVersion.get() as unknown as readonly unknown[])[0]);
  }

  close(): void {
    this.#statements.clear();
    this.#dataVersion = undefined;
    if (this.#db.isOpen) this.#db.close();
  }

  #configure({ journal, durable }: DatabaseOptions): void {
    if (journal === "rollback") return;
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
    this.#db.exec(`PRAGMA synchronous = ${durable === true ? "FULL" : "NORMAL"}`);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Made before SQLite makes it with the mode of the umask; its journals then get the same mode. A file that is there
 * is not opened: closing it again would drop the locks of every connection of this process (POSIX).
 */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
  }
}

/** Reads a column that holds text; anything else is a broken database. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`column ${column} is not text`);
  return value;
}

/** Text or null. */
export function optionalTextOf(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textOf(row, column);
}

/** Reads an integer column; node:sqlite refuses integers that a double cannot hold. */
export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`column ${column} is not a number`);
  return value;
}

/** Reads a column that holds bytes. */
export function bytesOf(row: Row, column: string): Buffer {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new TypeError(`column ${column} is not a blob`);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

export function optionalNumberOf(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : numberOf(row, column);
}
