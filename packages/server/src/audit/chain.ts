import { hash } from "node:crypto";
import type { Database } from "../storage/database.ts";

/** The head of an empty chain. */
export const GENESIS = Buffer.alloc(32);

/** How far a chain has come. */
export interface ChainEnd {
  /** Number of the last entry. */
  readonly seq: number;
  /** Hash of the block that ends with it. */
  readonly head: Buffer;
}

/** Entries of one block at most: what does not verify is found to within so many. */
export const BLOCK_ENTRIES = 256;
const HASH_BYTES = 32;
/** Of UTF-8, for each unit of UTF-16. */
const MAX_BYTES_PER_UNIT = 3;
/** Blocks up to this are put together and hashed in place: their parts are bounded, and nearly all are shorter. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024);

/** Writes these entries behind the end of the chain, inside the caller's transaction. The new end. */
export function append(db: Database, end: ChainEnd, bodies: readonly string[]): ChainEnd {
  let { seq, head } = end;
  for (let at = 0; at < bodies.length; at += BLOCK_ENTRIES) {
    const some = bodies.length <= BLOCK_ENTRIES ? bodies : bodies.slice(at, at + BLOCK_ENTRIES);
    const link = toLink(head, some.join("\n"));
    seq += some.length;
    head = hashOf(link);
    // What was hashed is what is stored.
    db.run("INSERT INTO block (seq, bodies, hash) VALUES (?, ?, ?)", seq, link.subarray(HASH_BYTES), head);
  }
  return { seq, head };
}

/** `SHA-256(previous || bodies)`: the bodies of a block, a line each, as UTF-8 text or its bytes. */
export function chain(previous: Buffer, bodies: string | Uint8Array): Buffer {
  return hashOf(toLink(previous, bodies));
}

/** What is hashed. Good until the next one is put together. */
function toLink(previous: Buffer, bodies: string | Uint8Array): Buffer {
  const most = HASH_BYTES + bodies.length * (typeof bodies === "string" ? MAX_BYTES_PER_UNIT : 1);
  const bytes = most <= scratch.length ? scratch : Buffer.allocUnsafe(most);
  previous.copy(bytes);
  if (typeof bodies === "string") return bytes.subarray(0, HASH_BYTES + bytes.write(bodies, HASH_BYTES));
  bytes.set(bodies, HASH_BYTES);
  return bytes.subarray(0, most);
}

function hashOf(link: Buffer): Buffer {
  // Latin-1 keeps every byte, and Node makes it in a third of the time that a Buffer takes.
  return Buffer.from(hash("sha256", link, "binary"), "latin1");
}
