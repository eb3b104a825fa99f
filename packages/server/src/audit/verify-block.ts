import { hash } from "node:crypto";
import { type Database, numberOf, type Row, textOf } from "../storage/database.ts";

/** Entries that are read and hashed in one go. */
export const BLOCK_ROWS = 256;
/** Of one hash. */
export const HASH_BYTES = 32;
/** Stands before each body in a block; the hash that the body is chained to is written over it. */
const ROOM = " ".repeat(HASH_BYTES);
const INTENT = Buffer.from('"kind":"intent"');

/**
 * Crossing from SQLite to JavaScript costs more than hashing, so that a whole block comes as one row: bodies with
 * room for a hash before each, and everything else as lists. A value of the wrong type makes the block unsound.
 */
const READ = `
  SELECT count(*) AS rows, group_concat(seq) AS seqs, group_concat(octet_length(body)) AS lengths,
      group_concat(CASE typeof(of) WHEN 'null' THEN '-' WHEN 'integer' THEN of ELSE '?' END) AS refs,
      CAST('${ROOM}' || group_concat(body, '${ROOM}') AS BLOB) AS bodies,
      CAST(group_concat(hash, '') AS BLOB) AS hashes,
      sum(typeof(body) = 'text' AND typeof(hash) = 'blob' AND length(hash) = ${HASH_BYTES}) AS sound
    FROM (SELECT seq, of, body, hash FROM entry WHERE seq > ? ORDER BY seq LIMIT ${BLOCK_ROWS})`;

/** Entries of which every number, hash and reference fits. */
export interface VerifiedBlock {
  readonly rows: number;
  /** 32 bytes for each entry. */
  readonly hashes: Buffer;
}

/**
 * The entries after `before`, if they continue the chain whose head is `head`. Undefined on any doubt: what is wrong,
 * and with which entry, is for the slow way to say.
 */
export function verifyBlock(db: Database, before: number, head: Buffer): VerifiedBlock | undefined {
  const row = db.get(READ, before) ?? {};
  const rows = numberOf(row, "rows");
  if (rows === 0) return { rows, hashes: head };
  const hashes = bytesOf(row, "hashes");
  const isSound = row["sound"] === rows && hashes.length === rows * HASH_BYTES;
  if (!isSound || !isNumbered(textOf(row, "seqs"), before, rows)) return undefined;
  return isChained(row, head, hashes) ? { rows, hashes } : undefined;
}

function isNumbered(seqs: string, before: number, rows: number): boolean {
  const numbers = seqs.split(",");
  return numbers.length === rows && numbers.every((seq, at) => Number(seq) === before + 1 + at);
}

function isChained(row: Row, head: Buffer, hashes: Buffer): boolean {
  const bodies = bytesOf(row, "bodies");
  const refs = textOf(row, "refs").split(",");
  let previous = head.toString("latin1");
  let start = 0;
  let at = 0;
  for (const length of textOf(row, "lengths").split(",")) {
    const end = start + HASH_BYTES + Number(length);
    bodies.write(previous, start, "latin1");
    // As text: making a buffer for the digest would cost three times the hash itself.
    previous = hash("sha256", bodies.subarray(start, end), "binary");
    if (previous !== hashes.toString("latin1", at * HASH_BYTES, (at + 1) * HASH_BYTES)) return false;
    if (!isReference(bodies, start + HASH_BYTES, end, refs[at] ?? "?")) return false;
    start = end;
    at += 1;
  }
  return start === bodies.length;
}

/** The column by which outcomes are found must say what the hashed body says. */
function isReference(bodies: Buffer, start: number, end: number, ref: string): boolean {
  // Quotes inside strings are escaped, so these bytes cannot come from a value.
  const said = ref === "-" ? INTENT : `"of":${ref},`;
  const found = bodies.indexOf(said, start, "latin1");
  return found !== -1 && found + said.length <= end;
}

function bytesOf(row: Row, column: string): Buffer {
  const bytes = row[column];
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`column ${column} is not a blob`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
