import { createPublicKey } from "node:crypto";
import { Database, numberOf, textOf } from "../storage/database.ts";
import { type Checkpoint, openCheckpoint, splitNotes } from "./checkpoint.ts";
import { chain, GENESIS } from "./ledger.ts";

export interface VerifyInput {
  readonly ledgerFile: string;
  /** PEM. */
  readonly publicKey: string;
  /** Text of `checkpoints.log`. */
  readonly checkpoints: string;
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

/** Recomputes the chain and holds it against every checkpoint. Reads only; works on a copy, without the gateway. */
export function verifyLedger(input: VerifyInput): Verification {
  const publicKey = createPublicKey(input.publicKey);
  const expected = new Map<number, string>();
  let count = 0;
  const notes = [...splitNotes(input.checkpoints), ...splitNotes(input.outsideCheckpoint ?? "")];
  for (const note of notes) {
    const checkpoint = openCheckpoint(note, publicKey);
    if (checkpoint === undefined)
      return bad(0, count, undefined, "a checkpoint is damaged or signed with another key");
    const clash = addCheckpoint(expected, checkpoint);
    if (clash)
      return bad(0, count, checkpoint.size, "two checkpoints contradict each other: the chain was forked");
    count += 1;
  }
  const db = new Database(input.ledgerFile, { readOnly: true });
  try {
    return walk(db, expected, count);
  } finally {
    db.close();
  }
}

function walk(db: Database, expected: Map<number, string>, checkpoints: number): Verification {
  const anchor = db.get("SELECT seq, hash FROM anchor");
  let seq = anchor === undefined ? 0 : numberOf(anchor, "seq");
  let head: Buffer = anchor === undefined ? GENESIS : Buffer.from(anchor["hash"] as Uint8Array);
  // What retention pruned is vouched for by the anchor, which a checkpoint must have seen.
  if (anchor !== undefined && expected.get(seq) !== head.toString("hex")) {
    return bad(0, checkpoints, seq, "the anchor of the pruned part matches no checkpoint");
  }
  for (const size of [...expected.keys()]) if (size <= seq) expected.delete(size);
  let rows = 0;
  for (const row of db.iterate("SELECT seq, of, body, hash FROM entry WHERE seq > ? ORDER BY seq", seq)) {
    const found = numberOf(row, "seq");
    seq += 1;
    if (found !== seq) return bad(rows, checkpoints, seq, "an entry is missing");
    const body = textOf(row, "body");
    head = chain(head, body);
    if (!head.equals(Buffer.from(row["hash"] as Uint8Array)))
      return bad(rows, checkpoints, seq, "an entry was changed");
    if (!body.includes(row["of"] === null ? '"kind":"intent"' : `"of":${String(row["of"])},`)) {
      return bad(rows, checkpoints, seq, "an entry's reference was changed");
    }
    const root = expected.get(seq);
    if (root !== undefined && root !== head.toString("hex")) {
      return bad(rows, checkpoints, seq, "a checkpoint contradicts the chain: it was rewritten");
    }
    expected.delete(seq);
    rows += 1;
  }
  const [missing] = expected.keys();
  if (missing !== undefined)
    return bad(rows, checkpoints, seq + 1, "entries that a checkpoint saw are missing");
  return { ok: true, rows, checkpoints };
}

function addCheckpoint(expected: Map<number, string>, { size, root }: Checkpoint): boolean {
  const before = expected.get(size);
  expected.set(size, root);
  return before !== undefined && before !== root;
}

function bad(rows: number, checkpoints: number, firstBad: number | undefined, reason: string): Verification {
  return { ok: false, rows, checkpoints, ...(firstBad === undefined ? {} : { firstBad }), reason };
}
