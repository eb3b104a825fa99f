import { hash } from "node:crypto";
import type { Database } from "../storage/database.ts";

/** The head of an empty chain. */
export const GENESIS = Buffer.alloc(32);

type Values = Parameters<Database["run"]> extends [string, ...infer Rest] ? Rest[number] : never;

/** How many rows one statement inserts, the most first: entering SQLite costs as much as two rows do. */
const ROWS_AT_ONCE = [32, 8, 3, 1] as const;
const COLUMNS = 4;
const INSERTS = new Map(
  ROWS_AT_ONCE.map((rows) => [
    rows,
    `INSERT INTO entry (seq, of, body, hash) VALUES ${Array(rows).fill("(?, ?, ?, ?)").join(", ")}`,
  ]),
);

/** Entries that continue a chain, ready to be written together. */
export class ChainedRows {
  #seq: number;
  #head: Buffer;
  readonly #values: Values[] = [];

  /** After entry `seq`, whose hash is `head`. */
  constructor(seq: number, head: Buffer) {
    this.#seq = seq;
    this.#head = head;
  }

  /** Number of the last entry. */
  get seq(): number {
    return this.#seq;
  }

  /** Hash of the last entry. */
  get head(): Buffer {
    return this.#head;
  }

  /** `of`: the entry whose outcome this is; null for one that is no outcome. */
  add(of: number | null, body: string): void {
    this.#seq += 1;
    this.#head = chain(this.#head, body);
    this.#values.push(this.#seq, of, body, this.#head);
  }

  insert(db: Database): void {
    const values = this.#values;
    let at = 0;
    for (const rows of ROWS_AT_ONCE) {
      const size = rows * COLUMNS;
      for (; at + size <= values.length; at += size)
        db.run(INSERTS.get(rows) ?? "", ...values.slice(at, at + size));
    }
  }
}

const HASH_BYTES = 32;
/** Entries up to this are hashed in place: their parts are bounded, and nearly all are shorter. */
const scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** `SHA-256(previous || entry)`. The entry as UTF-8 text or its bytes. */
export function chain(previous: Buffer, body: string | Uint8Array): Buffer {
  const size = HASH_BYTES + (typeof body === "string" ? Buffer.byteLength(body) : body.length);
  const bytes = size <= scratch.length ? scratch.subarray(0, size) : Buffer.allocUnsafe(size);
  previous.copy(bytes);
  if (typeof body === "string") bytes.write(body, HASH_BYTES);
  else bytes.set(body, HASH_BYTES);
  // Latin-1 keeps every byte, and Node makes it in a third of the time that a Buffer takes.
  return Buffer.from(hash("sha256", bytes, "binary"), "latin1");
}
