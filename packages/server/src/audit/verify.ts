import { createPublicKey, type KeyObject } from "node:crypto";
import { bytesOf, type Database, numberOf, type Row } from "../storage/database.ts";
import { chain, GENESIS } from "./chain.ts";
import { type Checkpoint, openCheckpoint, rootOfNote, sizeOfNote, splitNotes } from "./checkpoint.ts";
import { CHECKPOINT_BEGINS, type StoredCheckpoint } from "./entry.ts";
import { newestEntry, openLedgerToRead } from "./ledger-schema.ts";
import { readNotesNow } from "./note-file.ts";

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
  /** `seq` of the first entry of the block that does not fit, or of the entry that a checkpoint contradicts. */
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
    const opening = openLedgerToRead(input.ledgerFile);
    if (!opening.ok) throw new Error(opening.error);
    const opened = opening.value;
    db = opened;
    opened.reading(() => {
      // The view of the database begins with this.
      const newest = newestEntry(opened);
      addNotes(expected, notesSince(expected, notesOf(input.checkpoints), newest), publicKey, progress);
      let known = 0;
      for (const size of expected.keys()) known = Math.max(known, size);
      assertCheckpointsKept(walk(opened, expected, progress), known);
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

/**
 * Throws with the reason at the first block that does not fit. Gives the log's own last word of a checkpoint; undefined
 * where it has none.
 */
function walk(db: Database, expected: Map<number, string>, progress: Progress): StoredCheckpoint | undefined {
  let head = startOf(db, expected, progress);
  let before = progress.seq ?? 0;
  let kept: StoredCheckpoint | undefined;
  assertNoneUpTo(db, before, progress);
  progress.seq = before + 1;
  for (const row of db.iterate("SELECT seq, bodies, hash FROM block ORDER BY seq")) {
    const block = readBlock(row, before);
    head = chain(head, block.bodies);
    if (!head.equals(block.hash)) throw new Error("an entry was changed");
    accept(block.seq, head, expected, progress);
    kept = lastCheckpoint(block.bodies) ?? kept;
    progress.rows += block.seq - before;
    before = block.seq;
    progress.seq = before + 1;
  }
  if (expected.size > 0) throw new Error("entries that a checkpoint saw are missing");
  assertReachable(db);
  progress.seq = undefined;
  return kept;
}

/** The walk begins behind `start`, and would not see what somebody put or left there: retention leaves nothing. */
function assertNoneUpTo(db: Database, start: number, progress: Progress): void {
  const row = db.get("SELECT seq, bodies FROM block WHERE seq <= ? ORDER BY seq LIMIT 1", start);
  if (row === undefined) return;
  progress.seq = numberOf(row, "seq") + 1 - countLines(bytesOf(row, "bodies"));
  throw new Error("an entry stands before the first one");
}

interface Block {
  /** Number of its last entry. */
  readonly seq: number;
  readonly bodies: Uint8Array;
  readonly hash: Uint8Array;
}

/** The block whose first entry follows entry `before`. */
function readBlock({ seq, bodies, hash }: Row, before: number): Block {
  if (!(bodies instanceof Uint8Array) || !(hash instanceof Uint8Array) || typeof seq !== "number")
    throw new Error("an entry was changed");
  if (seq !== before + countLines(bodies)) throw new Error("an entry is missing");
  return { seq, bodies, hash };
}

const LINE_END = 0x0a;

function countLines(bodies: Uint8Array): number {
  let lines = 1;
  for (let at = bodies.indexOf(LINE_END); at !== -1; at = bodies.indexOf(LINE_END, at + 1)) lines += 1;
  return lines;
}

/** The block fits; a checkpoint may say otherwise, and can speak of no entry within it. */
function accept(seq: number, head: Buffer, expected: Map<number, string>, progress: Progress): void {
  if (expected.size === 0) return;
  for (let at = progress.seq ?? seq; at <= seq; at += 1) {
    const root = expected.get(at);
    if (root === undefined) continue;
    progress.seq = at;
    if (at < seq || root !== head.toString("hex"))
      throw new Error("a checkpoint contradicts the chain: it was rewritten");
    expected.delete(at);
  }
}

/** The last entry of a block that says that a checkpoint was made. */
function lastCheckpoint(bodies: Uint8Array): StoredCheckpoint | undefined {
  const text = Buffer.from(bodies.buffer, bodies.byteOffset, bodies.byteLength);
  // Quotes inside strings are escaped, so these bytes cannot come from a value.
  const at = text.lastIndexOf(CHECKPOINT_BEGINS, undefined, "latin1");
  if (at === -1) return undefined;
  const end = text.indexOf(LINE_END, at);
  return JSON.parse(text.toString("utf8", at, end === -1 ? undefined : end)) as StoredCheckpoint;
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

/** The log itself says which checkpoints were made, so that taking away their file is seen (ADR 8). */
function assertCheckpointsKept(kept: StoredCheckpoint | undefined, newest: number): void {
  if (kept === undefined || newest >= kept.size) return;
  const { size } = kept;
  const left = newest === 0 ? "holds none" : `ends at ${newest}`;
  throw new Error(
    `the log says that a checkpoint of ${size} entries was made, and checkpoints.log ${left}: it was cut or deleted`,
  );
}

/** A page or an index that leads past blocks would make an export lie about a log that verifies. */
function assertReachable(db: Database): void {
  const found = db.all("PRAGMA integrity_check(block)").map((row) => Object.values(row)[0]);
  if (found[0] !== "ok") throw new Error("the way to the entries in ledger.db was changed");
}

function addCheckpoint(expected: Map<number, string>, { size, root }: Checkpoint): boolean {
  const before = expected.get(size);
  expected.set(size, root);
  return before !== undefined && before !== root;
}
