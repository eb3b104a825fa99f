import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { append, GENESIS } from "../../src/audit/chain.ts";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { checkpointBody, intentBody } from "../../src/audit/entry.ts";
import { verifyLedger } from "../../src/audit/verify.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { commit, intentOf, makeFolder, openDatabase, openTestLedger, readBlocks } from "./fixtures.ts";
import {
  bytes,
  type Change,
  cutInTwo,
  firstOf,
  joinTwo,
  KEYS,
  lastOf,
  one,
  ROWS,
  rehashed,
  TamperedLog,
  untouched,
} from "./tampering.ts";

const OTHER_KEYS = new FolderKeys(Buffer.from("vutsrqponmlkjihgfedcba9876543210"));
const ZEROS = "00".repeat(32);

let log: TamperedLog;
beforeAll(async () => {
  log = await TamperedLog.make();
});
afterAll(() => log.remove());

describe("faults F31: what a checkpoint that was kept elsewhere proves", () => {
  const kept = lastOf(33);
  const denied = one(7, ({ bodies }) => ({ bodies: bytes(bodies.toString().replace("allow", "deny")) }));
  const CASES: readonly (readonly [name: string, change: Change, firstBad: number])[] = [
    ["a tail that it saw is gone", (blocks) => blocks.slice(0, 30), lastOf(29) + 1],
    ["the last block that it saw is gone", (blocks) => blocks.slice(0, 33), firstOf(33)],
    ["the whole log is gone", () => [], 1],
    ["a rewritten chain", (blocks) => rehashed(denied(blocks)), kept],
    ["the same entries in less blocks", (blocks) => rehashed(joinTwo(5)(blocks)), kept],
    ["the same entries in more blocks", (blocks) => rehashed(cutInTwo(5)(blocks)), kept],
    ["the last block that it saw joined with the next", (blocks) => rehashed(joinTwo(33)(blocks)), kept],
  ];
  it.each(CASES)("%s", (_, change, firstBad) => {
    // Each is a chain that fits: nothing else would find it.
    expect(log.verify(change).ok).toBe(true);
    expect(log.verify(change, { outsideCheckpoint: log.noteAt(kept) })).toMatchObject({
      ok: false,
      firstBad,
    });
  });
});

describe("faults F31: a checkpoint", () => {
  it.each([firstOf(5), firstOf(5) + 3, lastOf(5) - 1])("speaks of no entry within a block, as %i", (size) => {
    for (const root of [log.roots.get(lastOf(4)), log.roots.get(lastOf(5)), ZEROS]) {
      const found = { ok: false, firstBad: size, rows: lastOf(4) };
      expect(log.verify(untouched, { checkpoints: log.noteAt(size, root) })).toMatchObject(found);
    }
  });

  it.each([lastOf(0), lastOf(5), lastOf(9), ROWS])(
    "contradicts the block that ends with entry %i",
    (size) => {
      const found = { ok: false, firstBad: size };
      expect(log.verify(untouched, { checkpoints: log.noteAt(size, ZEROS) })).toMatchObject(found);
    },
  );

  it("does not contradict for another one of the same block, and does although another one fits", () => {
    const [fits, within] = [log.noteAt(lastOf(5)), log.noteAt(lastOf(5) - 1, ZEROS)];
    expect(log.verify(untouched, { checkpoints: fits + fits })).toMatchObject({ ok: true, checkpoints: 2 });
    const found = { ok: false, firstBad: lastOf(5) - 1 };
    expect(log.verify(untouched, { checkpoints: fits + within })).toMatchObject(found);
  });

  it("is of no more entries than there are", () => {
    const checkpoints = log.noteAt(ROWS + 1, log.roots.get(ROWS));
    expect(log.verify(untouched, { checkpoints })).toMatchObject({ ok: false, firstBad: ROWS + 1 });
  });

  it("may not contradict another one", () => {
    const checkpoints = log.noteAt(lastOf(12)) + log.noteAt(lastOf(12), ZEROS);
    expect(log.verify(untouched, { checkpoints })).toMatchObject({ ok: false, firstBad: lastOf(12) });
  });

  it.each([
    ["signed with another key", () => log.noteAt(lastOf(12), undefined, OTHER_KEYS)],
    ["with another size", () => log.noteAt(lastOf(12)).replace(`\n${lastOf(12)}\n`, `\n${lastOf(13)}\n`)],
    ["cut short", () => log.noteAt(lastOf(12)).slice(0, -20)],
    ["of nothing known", () => "hello\n"],
  ])("%s is none", (_, note) => {
    expect(log.verify(untouched, { outsideCheckpoint: note() }).ok).toBe(false);
  });
});

describe("an anchor", () => {
  /** Takes away all up to an entry, as retention would. */
  const verifyPruned = (size: number, root: string, checkpoints: string) =>
    log.verify(
      (blocks) => blocks.filter(({ seq }) => seq > size),
      { checkpoints },
      `INSERT INTO anchor (id, seq, hash) VALUES (1, ${size}, x'${root}')`,
    );

  it("that no checkpoint saw hides no pruned blocks", () => {
    const size = lastOf(12);
    const root = log.roots.get(size) ?? "";
    expect(verifyPruned(size, root, "").ok).toBe(false);
    expect(verifyPruned(size, root, log.noteAt(lastOf(11)) + log.noteAt(lastOf(13))).ok).toBe(false);
    expect(verifyPruned(size, root, log.noteAt(size))).toEqual({
      ok: true,
      rows: ROWS - size,
      checkpoints: 1,
    });
  });

  it("within a block leaves one that does not begin behind it", () => {
    const size = firstOf(13);
    const found = { ok: false, firstBad: size + 1, rows: 0 };
    expect(verifyPruned(size, ZEROS, log.noteAt(size, ZEROS))).toMatchObject(found);
  });

  it("does not hide a block of several entries that was left before it", () => {
    const root = log.roots.get(lastOf(12)) ?? "";
    const found = log.verify(
      (blocks) => blocks.filter(({ seq }) => seq > lastOf(12) || seq === lastOf(5)),
      { checkpoints: log.noteAt(lastOf(12)) },
      `INSERT INTO anchor (id, seq, hash) VALUES (1, ${lastOf(12)}, x'${root}')`,
    );
    expect(found).toMatchObject({ ok: false, firstBad: firstOf(5), rows: 0 });
  });
});

describe("the log's own word of a checkpoint", () => {
  let folder: ReturnType<typeof makeFolder>;
  let ledgerFile: string;
  beforeEach(() => {
    folder = makeFolder();
    ledgerFile = join(folder.path, "ledger.db");
  });
  afterEach(() => folder.remove());
  const verify = (checkpoints = "") =>
    verifyLedger({ ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints });
  const said = (size: number, left: string) =>
    `the log says that a checkpoint of ${size} entries was made, and checkpoints.log ${left}: it was cut or deleted`;

  it("is found in a block of several entries, and the newest counts", async () => {
    const ledger = openTestLedger(ledgerFile);
    const note = () => {
      const [size, root] = [ledger.size, ledger.head.toString("hex")];
      return signCheckpoint({ organisation: "org_1", size, root, time: 1 }, KEYS.checkpointKey);
    };
    await commit(ledger, { intents: [intentOf(), intentOf()] });
    const early = note();
    await commit(ledger, { intents: [intentOf()], ended: [1, 2], kept: 2 });
    const late = note();
    await commit(ledger, { intents: [intentOf(), intentOf()], kept: 6 });
    await commit(ledger, { intents: [intentOf()] });
    expect(readBlocks(ledger.db).map(({ last }) => last)).toEqual([2, 6, 9, 10]);
    ledger.close();
    expect(verify(early + late)).toEqual({ ok: true, rows: 10, checkpoints: 2 });
    expect(verify(late)).toEqual({ ok: true, rows: 10, checkpoints: 1 });
    expect(verify(early)).toMatchObject({ ok: false, reason: said(6, "ends at 2") });
    expect(verify()).toMatchObject({ ok: false, reason: said(6, "holds none") });
  });

  it.each([0, 1, 2])("is found as line %i of a block", (line) => {
    const db = openDatabase(ledgerFile);
    const others = [intentBody(1, intentOf()), intentBody(2, intentOf())];
    const word = checkpointBody(3, { size: 77, timeMs: 1 });
    append(db, { seq: 0, head: GENESIS }, others.toSpliced(line, 0, word));
    db.close();
    expect(verify()).toMatchObject({ ok: false, rows: 3, reason: said(77, "holds none") });
  });

  it("is the last one of a block that has two", () => {
    const db = openDatabase(ledgerFile);
    const words = [66, 55].map((size, at) => checkpointBody(at + 1, { size, timeMs: 1 }));
    append(db, { seq: 0, head: GENESIS }, words);
    db.close();
    expect(verify()).toMatchObject({ ok: false, reason: said(55, "holds none") });
  });

  it("is not what only looks like it inside a value", async () => {
    const ledger = openTestLedger(ledgerFile);
    const word = checkpointBody(1, { size: 77, timeMs: 1 });
    const texts = { requestId: word, method: word, tool: word, rule: word, message: `"}\n${word}\n` };
    const argumentKeys = [word, `"${word}"`, word.slice(1)];
    await commit(ledger, { intents: [intentOf({ ...texts, argumentKeys }), intentOf()] });
    ledger.close();
    expect(verify()).toEqual({ ok: true, rows: 2, checkpoints: 0 });
  });
});
