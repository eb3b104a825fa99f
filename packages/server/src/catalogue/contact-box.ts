import { err, ok, type Result } from "@portcullis/policy";
import { Database, numberOf, optionalTextOf, textOf } from "../storage/database.ts";

/** A message that somebody left on the contact page. */
export interface ContactMessage {
  readonly id: number;
  readonly atMs: number;
  readonly message: string;
  readonly replyTo: string | undefined;
}

/** Where messages of strangers are kept: a file of its own, so that no flood reaches what people decided. */
export interface ContactBox {
  /** The error is for the sender. */
  add(message: Omit<ContactMessage, "id">): Result<void, string>;
  /** Newest first. */
  list(limit: number): readonly ContactMessage[];
}

/** Beyond this nobody reads them: senders are told so, and nothing is lost. */
const MAX_MESSAGES = 5_000;

/** Opens the box; the file is made with the first message. */
export class SqliteContactBox implements ContactBox, Disposable {
  readonly #file: string;
  #db: Database | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  add({ atMs, message, replyTo }: Omit<ContactMessage, "id">): Result<void, string> {
    const db = this.#open();
    const stored = db.run(
      `INSERT INTO message (at, message, reply_to) SELECT ?, ?, ? WHERE (SELECT count(*) FROM message) < ${MAX_MESSAGES}`,
      atMs,
      message,
      replyTo ?? null,
    );
    return stored === 1
      ? ok(undefined)
      : err("the box is full, and nobody has emptied it yet. Try another day.");
  }

  list(limit: number): readonly ContactMessage[] {
    const rows = this.#open().all(
      "SELECT id, at, message, reply_to FROM message ORDER BY id DESC LIMIT ?",
      limit,
    );
    return rows.map((row) => ({
      id: numberOf(row, "id"),
      atMs: numberOf(row, "at"),
      message: textOf(row, "message"),
      replyTo: optionalTextOf(row, "reply_to"),
    }));
  }

  [Symbol.dispose](): void {
    this.#db?.close();
  }

  #open(): Database {
    if (this.#db !== undefined) return this.#db;
    const db = new Database(this.#file);
    db.exec(
      "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, message TEXT NOT NULL, reply_to TEXT) STRICT",
    );
    this.#db = db;
    return db;
  }
}
