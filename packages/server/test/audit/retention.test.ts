import { createPublicKey } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoint, splitNotes } from "../../src/audit/checkpoint.ts";
import { CheckpointLog } from "../../src/audit/checkpoint-log.ts";
import { Checkpointer } from "../../src/audit/checkpointer.ts";
import type { Ledger } from "../../src/audit/ledger.ts";
import { readNotePieces, readNotesNow } from "../../src/audit/note-file.ts";
import { Retention } from "../../src/audit/retention.ts";
import { verifyLedger } from "../../src/audit/verify.ts";
import { DiskSync } from "../../src/storage/disk-sync.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { intentOf, makeFolder, openTestLedger, readBlocks } from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
const PUBLIC = createPublicKey(KEYS.checkpointPublicKey());
const NEVER = new AbortController().signal;

let folder: ReturnType<typeof makeFolder>;
let ledgerFile: string;
let checkpointsFile: string;
let ledger: Ledger;
let checkpointer: Checkpointer;
let nowMs: number;
let failures: string[];
let retention: Retention;
let onKept: () => void;

beforeEach(() => {
  folder = makeFolder();
  ledgerFile = join(folder.path, "ledger.db");
  checkpointsFile = join(folder.path, "checkpoints.log");
  [nowMs, failures] = [1_000, []];
  ledger = openTestLedger(ledgerFile, { onCommit: (size, head) => checkpointer?.noteHead(size, head) });
  checkpointer = new Checkpointer({
    organisation: "org_1",
    key: KEYS.checkpointKey,
    file: checkpointsFile,
    nowMs: () => nowMs,
    size: 0,
    ledgerSync: new DiskSync(`${ledgerFile}-wal`),
    onCheckpoint: () => {},
    onKept: (size, timeMs) => {
      ledger.noteCheckpoint({ size, timeMs });
      onKept();
    },
    onFailure: (reason) => expect.fail(reason),
  });
  retention = new Retention({
    ledger,
    checkpointer,
    checkpointsFile,
    key: KEYS.checkpointKey,
    beforeMs: () => nowMs - 500,
    onFailure: (reason) => failures.push(reason),
  });
});
afterEach(async () => {
  await retention[Symbol.asyncDispose]();
  checkpointer.close();
  ledger.close();
  folder.remove();
});

/** Entries, and a checkpoint behind them that is on the disk. */
async function live(entries: number): Promise<void> {
  await Promise.all(Array.from({ length: entries }, () => ledger.intend(intentOf())));
  const { promise, resolve } = Promise.withResolvers<void>();
  onKept = resolve;
  checkpointer.sign();
  await promise;
  ledger.flush();
}

const sizes = () => [...readNotesNow(checkpointsFile)].map((note) => openCheckpoint(note, PUBLIC)?.size);
const firstSeq = () => readBlocks(ledger.db)[0]?.first;
const verify = () => {
  const publicKey = KEYS.checkpointPublicKey();
  return verifyLedger({ ledgerFile, publicKey, checkpoints: { file: checkpointsFile } });
};

describe("a run of retention", () => {
  it("takes what is old, and an hour later the notes that vouch for nothing that is left", async () => {
    for (let round = 0; round < 4; round += 1) await live(9);
    nowMs += 1_000;
    await live(9);
    await retention.run();
    expect([firstSeq(), sizes()]).toEqual([40, [9, 19, 29, 39, 49]]);
    expect(verify()).toMatchObject({ ok: true, checkpoints: 5 });
    await retention.run();
    expect([sizes(), verify()]).toEqual([[39, 49], { ok: true, rows: 11, checkpoints: 2 }]);
    await live(9);
    expect([sizes(), verify().ok, failures]).toEqual([[39, 49, 59], true, []]);
    expect(statSync(checkpointsFile).mode & 0o777).toBe(0o600);
  });

  it("never throws: a ledger that cannot be written is told once, and taken from when it can", async () => {
    await live(9);
    nowMs += 1_000;
    ledger.db.exec(
      "CREATE TRIGGER full BEFORE DELETE ON block BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    );
    await retention.run();
    await retention.run();
    expect(failures).toEqual([expect.stringContaining("disk is full")]);
    expect([firstSeq(), verify().ok]).toEqual([1, true]);
    ledger.db.exec("DROP TRIGGER full");
    await retention.run();
    expect([firstSeq(), failures.length]).toEqual([10, 1]);
  });

  it("survives a database that was closed and could not be opened again", async () => {
    await live(9);
    nowMs += 1_000;
    const { db } = ledger;
    const closed = new Retention({
      ledger: { flush: () => {}, db },
      checkpointer,
      checkpointsFile,
      key: KEYS.checkpointKey,
      beforeMs: () => nowMs,
      onFailure: (reason) => failures.push(reason),
    });
    ledger.close();
    await closed.run();
    await closed[Symbol.asyncDispose]();
    expect(failures).toEqual([expect.stringContaining("not open")]);
  });

  it("has nothing to do before the first checkpoint; notes that cannot be read are told", async () => {
    await retention.run();
    expect(failures).toEqual([]);
    mkdirSync(checkpointsFile);
    await retention.run();
    expect(failures).toEqual([expect.stringContaining("EISDIR")]);
    rmSync(checkpointsFile, { recursive: true });
  });

  it("does nothing once it was ended", async () => {
    await live(9);
    nowMs += 1_000;
    await retention[Symbol.asyncDispose]();
    await retention.run();
    expect(firstSeq()).toBe(1);
  });
});

describe("notes that are left out of the file", () => {
  it("none that is appended meanwhile is lost", async () => {
    await live(9);
    await live(9);
    const [first = "", second = ""] = readNotesNow(checkpointsFile);
    const log = new CheckpointLog(checkpointsFile);
    const kept = log.keepFrom(Buffer.byteLength(first), NEVER);
    let appended = 0;
    for (let isOver = false; !isOver; ) {
      if (appended < 50) log.append(second);
      appended += 1;
      isOver = await Promise.race([
        kept.then(() => true),
        new Promise<false>((go) => setImmediate(() => go(false))),
      ]);
    }
    log.append(second);
    expect([...readNotesNow(checkpointsFile)]).toEqual(Array(Math.min(appended, 50) + 2).fill(second));
    expect(log.syncNow()).toBeUndefined();
  });

  it("a torn note that is taken away meanwhile leaves the file as it is, to be tried another time", async () => {
    await live(9);
    await live(9);
    const [first = "", second = ""] = readNotesNow(checkpointsFile);
    appendFileSync(checkpointsFile, second.slice(0, 90));
    const log = new CheckpointLog(checkpointsFile);
    const kept = log.keepFrom(Buffer.byteLength(first), NEVER);
    log.append(second);
    await expect(kept).rejects.toThrow("torn");
    expect([...readNotesNow(checkpointsFile)]).toEqual([first, second, second]);
  });

  it("all stay where the folder takes no new file, or nobody wants it any more", async () => {
    await live(9);
    const before = readFileSync(checkpointsFile, "utf8");
    const log = new CheckpointLog(checkpointsFile);
    await log.keepFrom(10, AbortSignal.abort());
    mkdirSync(`${checkpointsFile}.new`);
    await expect(log.keepFrom(10, NEVER)).rejects.toThrow("EISDIR");
    chmodSync(`${checkpointsFile}.new`, 0o700);
    expect(readFileSync(checkpointsFile, "utf8")).toBe(before);
    rmSync(`${checkpointsFile}.new`, { recursive: true });
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".new"))).toEqual([]);
  });
});

describe("notes read in pieces", () => {
  it("are those of the whole text, with their places, and what is none is given out too", async () => {
    await live(9);
    const [note = ""] = readNotesNow(checkpointsFile);
    const torn = note.slice(0, 40);
    const text = note.repeat(2_000) + "x".repeat(200_000) + note + torn;
    writeFileSync(checkpointsFile, text);
    const notes = [];
    for await (const piece of readNotePieces(checkpointsFile)) notes.push(...piece);
    const bytes = readFileSync(checkpointsFile);
    expect(notes.map(({ start, end }) => bytes.toString("utf8", start, end))).toEqual(
      notes.map((one) => one.text),
    );
    expect(notes.map((one) => one.text).join("")).toBe(text);
    expect([...readNotesNow(checkpointsFile)]).toEqual(notes.map((one) => one.text));
    expect(notes.slice(0, 2_000).every((one) => one.text === note)).toBe(true);
    expect(notes.at(-1)?.text).toBe(torn);
    expect(splitNotes(note.repeat(3))).toEqual([note, note, note]);
  });
});
