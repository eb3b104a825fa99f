import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { chain, GENESIS } from "../../src/audit/chain.ts";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { type Verification, type VerifyInput, verifyLedger } from "../../src/audit/verify.ts";
import { bytesOf, numberOf } from "../../src/storage/database.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { commit, intentOf, makeFolder, openDatabase, openTestLedger, readBlocks } from "./fixtures.ts";

export const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));

/** Entries of each block of the log that is tampered with, by its index. */
export const SIZES = Array.from({ length: 40 }, (_, index) => [3, 1, 2, 5, 1, 8, 4, 2][index % 8] ?? 1);
export const ROWS = SIZES.reduce((sum, size) => sum + size);
/** Number of the last entry of a block, and of its first. */
export const lastOf = (index: number) => SIZES.slice(0, index + 1).reduce((sum, size) => sum + size);
export const firstOf = (index: number) => lastOf(index) + 1 - (SIZES[index] ?? 0);

/** A row of the table. */
export interface Block {
  readonly seq: number;
  readonly bodies: Buffer;
  readonly hash: Buffer;
}

/** What somebody makes of the table. */
export type Change = (blocks: readonly Block[]) => readonly Block[];

/** A log whose blocks have these {@link SIZES}, of calls and outcomes. */
export class TamperedLog {
  readonly #folder = makeFolder();
  readonly file = join(this.#folder.path, "ledger.db");
  /** Hash of each block in hex, by the number of its last entry. */
  readonly roots = new Map<number, string>();

  static async make(): Promise<TamperedLog> {
    const log = new TamperedLog();
    const ledger = openTestLedger(log.file);
    const open: number[] = [];
    for (const size of SIZES) {
      const ended = open.splice(0, Math.ceil(size / 2));
      // What looks like the log's own word of a checkpoint, inside a value; and characters of one to four bytes.
      const message = '{"kind":"checkpoint","of":0,"seq":1,"size":999,"time":1} é✓𝄞';
      const intents = Array.from({ length: size - ended.length }, () => intentOf({ message }));
      open.push(...intents.map((_, at) => ledger.size + 1 + at));
      await commit(ledger, { intents, ended });
    }
    ledger.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    for (const { last, hash } of readBlocks(ledger.db)) log.roots.set(last, hash);
    ledger.close();
    return log;
  }

  remove(): void {
    this.#folder.remove();
  }

  /** A checkpoint of so many entries, by default as it should be. */
  noteAt(size: number, root = this.roots.get(size) ?? "", keys = KEYS): string {
    return signCheckpoint({ organisation: "org_1", size, root, time: 1 }, keys.checkpointKey);
  }

  /** Verifies a copy whose blocks were changed, and where these statements were run. */
  verify(change: Change, more: Partial<VerifyInput> = {}, sql = ""): Verification {
    const ledgerFile = join(this.#folder.path, "changed.db");
    copyFileSync(this.file, ledgerFile);
    const db = openDatabase(ledgerFile);
    const blocks = db.all("SELECT seq, bodies, hash FROM block ORDER BY seq").map((row) => ({
      seq: numberOf(row, "seq"),
      bodies: bytesOf(row, "bodies"),
      hash: bytesOf(row, "hash"),
    }));
    db.transaction(() => {
      db.run("DELETE FROM block");
      for (const { seq, bodies, hash } of change(blocks))
        db.run("INSERT INTO block (seq, bodies, hash) VALUES (?, ?, ?)", seq, bodies, hash);
    });
    db.exec(sql);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
    return verifyLedger({ ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints: "", ...more });
  }
}

export const untouched: Change = (blocks) => blocks;

/** Changes one block. */
export function one(index: number, change: (block: Block) => Partial<Block>): Change {
  return (blocks) => blocks.with(index, { ...blockAt(blocks, index), ...change(blockAt(blocks, index)) });
}

function blockAt(blocks: readonly Block[], index: number): Block {
  const block = blocks[index];
  if (block === undefined) throw new Error(`there is no block ${index}`);
  return block;
}

export function bytes(...parts: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

export function withByte(buffer: Buffer, at: number, change: (byte: number) => number): Buffer {
  const changed = Buffer.from(buffer);
  changed.writeUInt8(change(buffer.readUInt8(at)), at);
  return changed;
}

export const linesOf = ({ bodies }: Pick<Block, "bodies">) => bodies.toString().split("\n");
export const ofLines = (lines: readonly string[]) => ({ bodies: Buffer.from(lines.join("\n")) });

/** Numbers and hashes anew, as somebody would who hides a change. */
export const rehashed: Change = (blocks) => {
  let seq = 0;
  let head: Buffer = GENESIS;
  return blocks.map(({ bodies }) => {
    seq += linesOf({ bodies }).length;
    head = chain(head, bodies);
    return { seq, bodies, hash: head };
  });
};

/** Moves bytes from the end of a block to the beginning of the next; from there to here where `count` is negative. */
export function move(index: number, count: number, column: "bodies" | "hash" = "bodies"): Change {
  return (blocks) => {
    const here = blockAt(blocks, index)[column];
    const all = bytes(here, blockAt(blocks, index + 1)[column]);
    const cut = here.length - count;
    const moved = one(index, () => ({ [column]: all.subarray(0, cut) }))(blocks);
    return one(index + 1, () => ({ [column]: all.subarray(cut) }))(moved);
  };
}

/** Moves the last entry of a block to the next one, and its number with it. */
export function moveEntry(index: number): Change {
  return (blocks) => {
    const lines = linesOf(blockAt(blocks, index));
    const moved = lines.pop() ?? "";
    const shorter = one(index, ({ seq }) => ({ seq: seq - 1, ...ofLines(lines) }))(blocks);
    return one(index + 1, (block) => ofLines([moved, ...linesOf(block)]))(shorter);
  };
}

/** Exchanges what two blocks have in a column. */
export function exchange(left: number, right: number, column: keyof Block): Change {
  return (blocks) => {
    const [a, b] = [blockAt(blocks, left)[column], blockAt(blocks, right)[column]];
    return one(left, () => ({ [column]: b }))(one(right, () => ({ [column]: a }))(blocks));
  };
}

/** A block and the next as one, with the hash of the second. */
export function joinTwo(index: number): Change {
  return (blocks) => {
    const [here, next] = [blockAt(blocks, index), blockAt(blocks, index + 1)];
    return blocks.toSpliced(index, 2, { ...next, ...ofLines([...linesOf(here), ...linesOf(next)]) });
  };
}

/** A block as two, each with a hash that fits what stands before it. */
export function cutInTwo(index: number): Change {
  return (blocks) => {
    const { seq, bodies } = blockAt(blocks, index);
    const lines = linesOf({ bodies });
    const [first, second] = [ofLines(lines.slice(0, 1)), ofLines(lines.slice(1))];
    const hash = chain(blocks[index - 1]?.hash ?? GENESIS, first.bodies);
    const begin = { ...first, seq: seq + 1 - lines.length, hash };
    return blocks.toSpliced(index, 1, begin, { ...second, seq, hash: chain(hash, second.bodies) });
  };
}

/** A copy of one block before another; what follows gets other numbers. */
export function putCopyIn(index: number, copied: number): Change {
  return (blocks) => {
    const size = SIZES[copied] ?? 0;
    const later = blocks.slice(index).map((block) => ({ ...block, seq: block.seq + size }));
    const copy = { ...blockAt(blocks, copied), seq: (blocks[index - 1]?.seq ?? 0) + size };
    return [...blocks.slice(0, index), copy, ...later];
  };
}

/** A copy of one block with another number. */
export function putCopyAt(seq: number, copied: number): Change {
  return (blocks) => [...blocks, { ...blockAt(blocks, copied), seq }];
}
