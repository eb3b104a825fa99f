import { randomInt } from "node:crypto";
import { copyFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Verification, verifyLedger } from "../../src/audit/verify.ts";
import { openDatabase, readBlocks } from "./fixtures.ts";
import {
  type Block,
  bytes,
  type Change,
  cutInTwo,
  exchange,
  firstOf,
  joinTwo,
  KEYS,
  lastOf,
  linesOf,
  move,
  moveEntry,
  ofLines,
  one,
  putCopyAt,
  putCopyIn,
  ROWS,
  rehashed,
  SIZES,
  TamperedLog,
  untouched,
  withByte,
} from "./tampering.ts";

/** Mutations of one run; 10,000 is what faults F31 asks for. */
const MUTATIONS = Number(process.env["PORTCULLIS_MUTATIONS"] ?? "400");

let log: TamperedLog;
beforeAll(async () => {
  log = await TamperedLog.make();
});
afterAll(() => log.remove());

describe("a log that nobody touched", () => {
  it("has blocks of one entry and of several", () => {
    const db = openDatabase(log.file);
    expect(readBlocks(db).map(({ lines }) => lines.length)).toEqual(SIZES);
    db.close();
  });

  it("verifies, with and without checkpoints", () => {
    expect(log.verify(untouched)).toEqual({ ok: true, rows: ROWS, checkpoints: 0 });
    const checkpoints = log.noteAt(lastOf(0)) + log.noteAt(lastOf(1)) + log.noteAt(lastOf(20));
    const all = { ok: true, rows: ROWS, checkpoints: 4 };
    expect(log.verify(untouched, { checkpoints, outsideCheckpoint: log.noteAt(ROWS) })).toEqual(all);
  });

  it("is the same when it is numbered and hashed anew", () => {
    expect(log.verify(rehashed, { checkpoints: log.noteAt(ROWS) }).ok).toBe(true);
  });
});

type Changes<Value> = readonly (readonly [name: string, change: (value: Value) => Value])[];

/** The first and the last block, blocks of one entry and of several. */
const PLACES = [0, 1, 3, 21, 39];
const SEVERAL = PLACES.filter((index) => (SIZES[index] ?? 0) > 1);

describe("faults F31: a changed block is found, and named by its first entry", () => {
  const BODIES: Changes<Buffer> = [
    ["a changed name", (bodies) => bytes(bodies.toString().replace('"time":', '"Time":'))],
    ["a changed first byte", (bodies) => withByte(bodies, 0, (byte) => byte ^ 1)],
    ["a changed last byte", (bodies) => withByte(bodies, bodies.length - 1, (byte) => byte ^ 0x80)],
    ["the last byte cut off", (bodies) => bodies.subarray(0, -1)],
    ["nothing left", () => bytes()],
    ["a space at the end", (bodies) => bytes(bodies, " ")],
    ["something behind the end of a text", (bodies) => bytes(bodies, "\0x")],
    ["a NUL within", (bodies) => withByte(bodies, bodies.length >> 1, () => 0)],
    ["a byte that is no text", (bodies) => withByte(bodies, bodies.length >> 1, () => 0xff)],
    ["a newline at the end", (bodies) => bytes(bodies, "\n")],
    ["a newline at the beginning", (bodies) => bytes("\n", bodies)],
    ["a newline within an entry", (bodies) => bytes(bodies.toString().replace(",", ",\n"))],
    ["a newline for the last byte", (bodies) => withByte(bodies, bodies.length - 1, () => 0x0a)],
  ];
  const LINES: Changes<readonly string[]> = [
    ["without its first entry", (lines) => lines.slice(1)],
    ["without its last entry", (lines) => lines.slice(0, -1)],
    ["without the newline between two entries", ([a, b, ...more]) => [`${a}${b}`, ...more]],
    ["with a space between two entries", ([a, b, ...more]) => [`${a} ${b}`, ...more]],
    ["in another order", (lines) => lines.toReversed()],
    ["with its last entry twice", (lines) => [...lines, ...lines.slice(-1)]],
    ["with a line for its first entry's", ([, ...more]) => ["{}", ...more]],
  ];
  const HASHES: Changes<Buffer> = [
    ["another hash", (hash) => withByte(hash, 31, (byte) => byte ^ 1)],
    ["a hash of zeros", () => Buffer.alloc(32)],
    ["a hash cut short", (hash) => hash.subarray(0, 31)],
    ["a longer hash", (hash) => bytes(hash, "\0")],
    ["no hash", () => bytes()],
    ["a hash in hex", (hash) => bytes(hash.toString("hex"))],
  ];
  const NUMBERS: Changes<number> = [
    ["a number behind the end", (seq) => seq + ROWS],
    ["the largest number", () => Number.MAX_SAFE_INTEGER],
  ];
  const at = (places: readonly number[], name: string, change: (block: Block) => Partial<Block>) =>
    places.map((index) => ({ name, index, change }));
  const CASES = [
    ...BODIES.flatMap(([name, change]) => at(PLACES, name, ({ bodies }) => ({ bodies: change(bodies) }))),
    ...LINES.flatMap(([name, change]) => at(SEVERAL, name, (block) => ofLines(change(linesOf(block))))),
    ...HASHES.flatMap(([name, change]) => at(PLACES, name, ({ hash }) => ({ hash: change(hash) }))),
    ...NUMBERS.flatMap(([name, change]) => at(PLACES, name, ({ seq }) => ({ seq: change(seq) }))),
  ];
  it.each(CASES)("$name, block $index", ({ index, change }) => {
    const first = firstOf(index);
    expect(log.verify(one(index, change))).toMatchObject({ ok: false, firstBad: first, rows: first - 1 });
  });
});

describe("faults F31: what is found between blocks, and where", () => {
  const CASES: readonly (readonly [name: string, change: Change, firstBad: number])[] = [
    ["the first block deleted", (blocks) => blocks.slice(1), 1],
    ["a block of several deleted", (blocks) => blocks.toSpliced(5, 1), firstOf(5)],
    ["a block of one deleted", (blocks) => blocks.toSpliced(4, 1), firstOf(4)],
    ["a number one less", one(2, ({ seq }) => ({ seq: seq - 1 })), firstOf(2)],
    ["a number one more", one(2, ({ seq }) => ({ seq: seq + 1 })), firstOf(2)],
    ["two blocks of a size exchanged", exchange(3, 11, "seq"), firstOf(3)],
    ["neighbours of other sizes exchanged", exchange(5, 6, "seq"), firstOf(5)],
    ["the bodies of two blocks exchanged", exchange(3, 11, "bodies"), firstOf(3)],
    ["the hashes of two blocks exchanged", exchange(3, 11, "hash"), firstOf(3)],
    ["a copy put in", putCopyIn(7, 1), firstOf(7)],
    ["a copy of the block before put in", putCopyIn(8, 7), firstOf(8)],
    ["a copy at the end", putCopyIn(40, 39), ROWS + 1],
    ["a copy in front of the first", putCopyAt(0, 1), 0],
    ["a copy of several entries in front of the first", putCopyAt(0, 0), -2],
    ["a byte moved to the next block", move(5, 1), firstOf(5)],
    ["half an entry moved to the next block", move(5, 50), firstOf(5)],
    ["a byte moved from the next block", move(5, -1), firstOf(5)],
    ["a byte moved from one hash to the next", move(7, 1, "hash"), firstOf(7)],
    ["a byte moved from a hash to the one before", move(7, -1, "hash"), firstOf(7)],
    ["an entry moved to the next block, and its number", moveEntry(5), firstOf(5)],
    ["two blocks joined", joinTwo(5), firstOf(5)],
    // The halves fit: only what follows does not.
    ["a block cut in two, with hashes of their own", cutInTwo(5), firstOf(6)],
  ];
  it.each(CASES)("%s", (_, change, firstBad) => {
    expect(log.verify(change)).toMatchObject({ ok: false, firstBad });
  });

  it("but a cut tail that no checkpoint saw cannot be told from a shorter log", () => {
    const shorter = log.verify((blocks) => blocks.slice(0, 30));
    expect(shorter).toEqual({ ok: true, rows: lastOf(29), checkpoints: 0 });
  });
});

describe("faults F31: values of another type, in a table that takes anything", () => {
  /** What a person with the file and another program can do: SQLite's own guard is off. */
  function verifyLoosened(columns: string, sql: string): Verification {
    const ledgerFile = `${log.file}.loose`;
    copyFileSync(log.file, ledgerFile);
    const loosen = `PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = 'CREATE TABLE block (${columns})' WHERE name = 'block'`;
    for (const statements of [loosen, sql]) {
      const db = new DatabaseSync(ledgerFile, { defensive: false });
      db.exec(statements);
      db.close();
    }
    return verifyLedger({ ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints: "" });
  }

  it.each([
    ["bodies as text", "bodies = CAST(bodies AS TEXT)"],
    ["no bodies", "bodies = NULL"],
    ["a number as bodies", "bodies = 7"],
    ["a hash as text", "hash = hex(hash)"],
    ["no hash", "hash = NULL"],
    ["a number as a hash", "hash = 0.5"],
  ])("%s", (_, set) => {
    const update = (where: string) =>
      verifyLoosened("seq INTEGER PRIMARY KEY, bodies, hash", `UPDATE block SET ${set} WHERE ${where}`);
    expect(update("seq = -1").ok).toBe(true);
    const found = { ok: false, firstBad: firstOf(3), reason: "an entry was changed" };
    expect(update(`seq = ${lastOf(3)}`)).toMatchObject(found);
  });

  it("numbers that are none", () => {
    const found = { ok: false, firstBad: 1, rows: 0, reason: "an entry was changed" };
    expect(verifyLoosened("seq, bodies, hash", "")).toMatchObject(found);
  });
});

describe("faults F31: random mutations", () => {
  const below = (limit: number) => randomInt(Math.max(limit, 1));
  const other = (index: number) => (index + 1 + below(SIZES.length - 1)) % SIZES.length;
  const flip = (buffer: Buffer) => withByte(buffer, below(buffer.length), (byte) => byte ^ (1 << below(8)));
  const takeOut = (buffer: Buffer) => {
    const from = below(buffer.length);
    return bytes(buffer.subarray(0, from), buffer.subarray(from + 1 + below(buffer.length - from)));
  };
  const putIn = (buffer: Buffer) => {
    const at = below(buffer.length);
    return bytes(buffer.subarray(0, at), Buffer.from([below(256)]), buffer.subarray(at));
  };
  const freeNumber = (blocks: readonly Block[]) => {
    const taken = new Set(blocks.map(({ seq }) => seq));
    let seq = ROWS;
    while (taken.has(seq)) seq = randomInt(-ROWS, 2 * ROWS);
    return seq;
  };
  /** Each of them changes something, whatever is drawn. */
  const MUTATIONS_BY_NAME: Readonly<Record<string, (index: number) => Change>> = {
    "flip a bit of bodies": (index) => one(index, ({ bodies }) => ({ bodies: flip(bodies) })),
    "take bytes out": (index) => one(index, ({ bodies }) => ({ bodies: takeOut(bodies) })),
    "put a byte in": (index) => one(index, ({ bodies }) => ({ bodies: putIn(bodies) })),
    "flip a bit of a hash": (index) => one(index, ({ hash }) => ({ hash: flip(hash) })),
    "cut a hash": (index) => one(index, ({ hash }) => ({ hash: hash.subarray(0, below(32)) })),
    "move bytes to the next": (index) => move(index % 39, 1 + below(100)),
    "delete a block": (index) => (blocks) => blocks.toSpliced(index, 1),
    "cut the tail": (index) => (blocks) => blocks.slice(0, index),
    "exchange two numbers": (index) => exchange(index, other(index), "seq"),
    "exchange two bodies": (index) => exchange(index, other(index), "bodies"),
    "put a copy in": (index) => putCopyIn(index, below(SIZES.length)),
    "copy to a free number": (index) => (blocks) => putCopyAt(freeNumber(blocks), index)(blocks),
    renumber: (index) => (blocks) => one(index, () => ({ seq: freeNumber(blocks) }))(blocks),
    "join two": (index) => joinTwo(index % 39),
    "flip a bit and hash anew": (index) => (blocks) =>
      rehashed(one(index, ({ bodies }) => ({ bodies: flip(bodies) }))(blocks)),
  };

  it(`all of ${MUTATIONS} are found with a checkpoint kept elsewhere`, { timeout: 600_000 }, () => {
    const missed: string[] = [];
    const mutations = Object.entries(MUTATIONS_BY_NAME);
    for (let count = 0; count < MUTATIONS; count += 1) {
      const [name, mutate] = mutations[count % mutations.length] ?? ["none", () => untouched];
      const index = below(SIZES.length);
      if (log.verify(mutate(index), { outsideCheckpoint: log.noteAt(ROWS) }).ok)
        missed.push(`${name} ${index}`);
    }
    expect(missed).toEqual([]);
  });
});
