import { createPublicKey, type KeyObject } from "node:crypto";
import { Database, numberOf } from "../storage/database.ts";
import { chain, GENESIS } from "./chained-rows.ts";
import { type Checkpoint, openCheckpoint, rootOfNote, sizeOfNote, splitNotes } from "./checkpoint.ts";
import { type KeptCheckpoint, NO_CALL } from "./entry.ts";
import { readNotesNow } from "./note-file.ts";
import { BLOCK_ROWS, HASH_BYTES, type VerifiedBlock, verifyBlock } from "./verify-block.ts";

export interface VerifyInput {
  readonly ledgerFile: string;
  /** PEM. */
  readonly publicKey: string;
  /**
   * Text of `checkpoints.log`. Beside a running gateway a function, or the file itself, because it grows meanwhile; a
   * file is read in pieces, and may be absent.
   */
  readonly checkpoints: string | (() => string) | { readonly file: string };
  /** Text of a checkpoint that was kept elsewhere; proves a cut tail too. */
  readonly outsideCheckpoint?: string | undefined;
}

export interface Verification {
  readonly ok: boolean;
  /** Chain entries. */
  readonly rows: number;
  readonly checkpoints: number;
  /** `seq` of the first entry that does not fit, or that a checkpoint contradicts. */
  readonly firstBad?: number;
  /** What is wrong, in words. */
  readonly reason?: string;
}

/**
 * Recomputes the chain and holds it against every checkpoint. Reads only; works on a copy, without the gateway, and
 * beside one that runs. Never throws for what a file holds: one that cannot be read does not verify.
 */
export function verifyLedger(input: VerifyInput): Verification {
  const progress: Progress = { rows: 0, checkpoints: 0, seq: undefined };
  let db: Database | undefined;
  try {
    const publicKey = createPublicKey(input.publicKey);
    const expected = new Map<number, string>();
    const outside = splitNotes(input.outsideCheckpoint ?? "");
    for (const notes of [notesOf(input.checkpoints), outside]) addNotes(expected, notes, publicKey, progress);
    db = new Database(input.ledgerFile, { readOnly: true });
    const opened = db;
    opened.reading(() => {
      addNotes(
        expected,
        notesSince(expected, notesOf(input.checkpoints), lastSeq(opened)),
        publicKey,
        progress,
      );
      let newest = 0;
      for (const size of expected.keys()) newest = Math.max(newest, size);
      walk(opened, expected, progress);
      assertCheckpointsKept(opened, newest);
    });
    return { ok: true, rows: progress.rows, checkpoints: progress.checkpoints };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown error";
    const { rows, checkpoints, seq } = progress;
    return { ok: false, rows, checkpoints, ...(seq === undefined ? {} : { firstBad: seq }), reason };
  } finally {
    db?.close();
  }
}

/** How far the work has come; `seq` is the entry that is looked at. */
interface Progress {
  rows: number;
  checkpoints: number;
  seq: number | undefined;
}

function notesOf(checkpoints: VerifyInput["checkpoints"]): Iterable<string> {
  if (typeof checkpoints === "object") return readNotesNow(checkpoints.file);
  return splitNotes(typeof checkpoints === "string" ? checkpoints : checkpoints());
}

/** The view of the database begins with this. */
function lastSeq(db: Database): number {
  const row = db.get("SELECT coalesce(max(seq), 0) AS seq FROM entry") ?? {};
  return numberOf(row, "seq");
}

/** Notes that were made while the database was opened, as far as it can know of what they speak. */
function* notesSince(
  known: ReadonlyMap<number, string>,
  notes: Iterable<string>,
  last: number,
): Generator<string> {
  for (const note of notes) {
    const [size, root] = [sizeOfNote(note), rootOfNote(note)];
    const isKnown = root !== undefined && known.get(size) === root;
    if (!isKnown && !(size > last)) yield note;
  }
}

/** Roots by size. Throws with the reason when a note is not ours or two disagree. */
function addNotes(
  expected: Map<number, string>,
  notes: Iterable<string>,
  publicKey: KeyObject,
  progress: Progress,
): void {
  for (const note of notes) {
    const checkpoint = openCheckpoint(note, publicKey);
    if (checkpoint === undefined) throw new Error("a checkpoint is damaged or signed with another key");
    if (addCheckpoint(expected, checkpoint)) {
      progress.seq = checkpoint.size;
      throw new Error("two checkpoints contradict each other: the chain was forked");
    }
    progress.checkpoints += 1;
  }
}

/** Throws with the reason at the first entry that does not fit. */
function walk(db: Database, expected: Map<number, string>, progress: Progress): void {
  let head = startOf(db, expected, progress);
  let before = progress.seq ?? 0;
  assertNoneUpTo(db, before, progress);
  for (;;) {
    progress.seq = before + 1;
    const block = verifyBlock(db, before, head);
    // INVARIANT: the fast way only accepts; what it doubts is judged entry by entry.
    if (block === undefined) head = walkRows(db, before, head, expected, progress);
    else head = acceptBlock(block, before, expected, progress) ?? head;
    const seen = progress.seq - 1;
    if (seen === before) break;
    before = seen;
  }
  if (expected.size > 0) throw new Error("entries that a checkpoint saw are missing");
  assertIndexed(db);
  progress.seq = undefined;
}

/** The walk begins behind `start`, and would not see what somebody put or left there: retention leaves nothing. */
function assertNoneUpTo(db: Database, start: number, progress: Progress): void {
  const row = db.get("SELECT seq FROM entry WHERE seq <= ? ORDER BY seq LIMIT 1", start);
  if (row === undefined) return;
  progress.seq = numberOf(row, "seq");
  throw new Error("an entry stands before the first one");
}

/** The head after the block; undefined for an empty one. */
function acceptBlock(
  { rows, hashes }: VerifiedBlock,
  before: number,
  expected: Map<number, string>,
  progress: Progress,
): Buffer | undefined {
  let head: Buffer | undefined;
  for (let at = 0; at < rows; at += 1) {
    head = hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
    accept(before + 1 + at, head, expected, progress);
  }
  return head;
}

/** The same as a block, slowly; throws at the first entry that does not fit. */
function walkRows(
  db: Database,
  before: number,
  previous: Buffer,
  expected: Map<number, string>,
  progress: Progress,
): Buffer {
  let head = previous;
  // As bytes: text that is not UTF-8 would be read as something that other bytes are read as, too.
  const rows = db.iterate(
    "SELECT seq, of, CAST(body AS BLOB) AS body, hash FROM entry WHERE seq > ? ORDER BY seq LIMIT ?",
    before,
    BLOCK_ROWS,
  );
  let seq = before;
  for (const row of rows) {
    seq += 1;
    progress.seq = seq;
    if (row["seq"] !== seq) throw new Error("an entry is missing");
    const { body, hash, of } = row;
    if (!(body instanceof Uint8Array) || !(hash instanceof Uint8Array))
      throw new Error("an entry was changed");
    head = chain(head, body);
    if (!head.equals(hash)) throw new Error("an entry was changed");
    if (!isReference(body, of)) throw new Error("an entry's reference was changed");
    accept(seq, head, expected, progress);
  }
  return head;
}

/** The entry fits; a checkpoint may say otherwise. */
function accept(seq: number, head: Buffer, expected: Map<number, string>, progress: Progress): void {
  if (expected.size > 0) {
    const root = expected.get(seq);
    if (root !== undefined && root !== head.toString("hex"))
      throw new Error("a checkpoint contradicts the chain: it was rewritten");
    expected.delete(seq);
  }
  progress.rows += 1;
  progress.seq = seq + 1;
}

/** Where the chain begins: at nothing, or behind what retention pruned, which a checkpoint must have seen. */
function startOf(db: Database, expected: Map<number, string>, progress: Progress): Buffer {
  const anchor = db.get("SELECT seq, hash FROM anchor");
  if (anchor === undefined) return GENESIS;
  const seq = numberOf(anchor, "seq");
  const { hash } = anchor;
  progress.seq = seq;
  if (!(hash instanceof Uint8Array) || expected.get(seq) !== Buffer.from(hash).toString("hex")) {
    throw new Error("the anchor of the pruned part matches no checkpoint");
  }
  for (const size of [...expected.keys()]) if (size <= seq) expected.delete(size);
  return Buffer.from(hash);
}

/** The column by which outcomes are found must say what the hashed body says. */
function isReference(body: Uint8Array, of: unknown): boolean {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // Quotes inside strings are escaped, so these bytes cannot come from a value.
  return text.includes(of === null ? '"kind":"intent"' : `"of":${String(of)},`);
}

/** The log itself says which checkpoints were made, so that taking away their file is seen (ADR 8). */
function assertCheckpointsKept(db: Database, newest: number): void {
  const row = db.get("SELECT body FROM entry WHERE of = ? ORDER BY seq DESC LIMIT 1", NO_CALL);
  if (row === undefined) return;
  const { size } = JSON.parse(String(row["body"])) as KeptCheckpoint;
  if (newest >= size) return;
  const left = newest === 0 ? "holds none" : `ends at ${newest}`;
  throw new Error(
    `the log says that a checkpoint of ${size} entries was made, and checkpoints.log ${left}: it was cut or deleted`,
  );
}

/** An index that lacks an outcome would make an export lie about rows that verify. */
function assertIndexed(db: Database): void {
  const found = db.all("PRAGMA integrity_check(entry)").map((row) => Object.values(row)[0]);
  if (found[0] !== "ok") throw new Error("the ledger's index was changed");
}

function addCheckpoint(expected: Map<number, string>, { size, root }: Checkpoint): boolean {
  const before = expected.get(size);
  expected.set(size, root);
  return before !== undefined && before !== root;
}
