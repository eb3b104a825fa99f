import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

export type Row = { readonly [column: string]: unknown };

/** How long a writer waits for another process's short transaction. */
const BUSY_TIMEOUT_MS = 5_000;

/** A database that lives as long as its process. */
export const MEMORY = ":memory:";

export interface DatabaseOptions {
  /**
   * Waits for the disk at every commit, against power loss; without it a crash of the process loses nothing.
   */
  readonly durable?: boolean;
  readonly readOnly?: boolean;
  /** How long to wait for another process's transaction. Default 5 s. */
  readonly waitMs?: number;
}

/** The one class that knows `node:sqlite`: statements are prepared once, transactions nest nowhere. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, options: DatabaseOptions = {}) {
    // Made before SQLite does, so that it is never readable by others; its companions get the same mode.
    if (path !== MEMORY && options.readOnly !== true) closeSync(openSync(path, "a", 0o600));
    this.#db = new DatabaseSync(path, { readOnly: options.readOnly === true });
    this.#db.exec(`PRAGMA busy_timeout = ${options.waitMs ?? BUSY_TIMEOUT_MS}`);
    if (options.readOnly === true) return;
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
    this.#db.exec(`PRAGMA synchronous = ${options.durable === true ? "FULL" : "NORMAL"}`);
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values) as readonly Row[];
  }

  iterate(sql: string, ...values: readonly SQLInputValue[]): IterableIterator<Row> {
    return this.#prepare(sql).iterate(...values) as IterableIterator<Row>;
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
    this.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.exec("COMMIT");
      return value;
    } catch (cause) {
      // SQLite may have rolled back by itself (disk full); a second rollback is an error of no interest.
      if (this.#db.isTransaction) this.exec("ROLLBACK");
      throw cause;
    }
  }

  /** Changes whenever another connection commits. */
  dataVersion(): number {
    return Number(this.get("PRAGMA data_version")?.["data_version"]);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
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

export function optionalNumberOf(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : numberOf(row, column);
}
