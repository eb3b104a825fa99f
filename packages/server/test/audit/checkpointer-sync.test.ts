import { createPublicKey } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoint, splitNotes } from "../../src/audit/checkpoint.ts";
import { Checkpointer, type CheckpointerOptions } from "../../src/audit/checkpointer.ts";
import type { Ledger } from "../../src/audit/ledger.ts";
import { type Verification, type VerifyInput, verifyLedger } from "../../src/audit/verify.ts";
import { DiskSync, type SyncFailure } from "../../src/storage/disk-sync.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { intentOf, makeFolder, openTestLedger } from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
const PUBLIC = createPublicKey(KEYS.checkpointPublicKey());
const ROOT = Buffer.alloc(32, 1);

let folder: ReturnType<typeof makeFolder>;
let file: string;
beforeEach(() => {
  folder = makeFolder();
  file = join(folder.path, "checkpoints.log");
});
afterEach(() => folder.remove());

const sizesIn = (text: string) => splitNotes(text).map((note) => openCheckpoint(note, PUBLIC)?.size);
const signedSizes = () => (existsSync(file) ? sizesIn(readFileSync(file, "utf8")) : []);

/** A disk that is done when the test says so. */
class HeldDisk {
  readonly #waiting: ((failure: SyncFailure | undefined) => void)[] = [];
  get asked(): number {
    return this.#waiting.length;
  }
  later(done: (failure: SyncFailure | undefined) => void): void {
    this.#waiting.push(done);
  }
  now(): undefined {
    return undefined;
  }
  finish(failure?: SyncFailure): void {
    this.#waiting.shift()?.(failure);
  }
}

function open(ledgerSync: CheckpointerOptions["ledgerSync"]) {
  const failures: string[] = [];
  const kept = Promise.withResolvers<number>();
  const checkpointer = new Checkpointer({
    organisation: "org_1",
    key: KEYS.checkpointKey,
    file,
    nowMs: () => 7,
    size: 0,
    ledgerSync,
    onCheckpoint: () => {},
    onKept: (size) => kept.resolve(size),
    onFailure: (reason) => failures.push(reason),
  });
  return { checkpointer, failures, kept: kept.promise };
}

describe("a checkpoint never speaks of rows that a power cut can take (F4)", () => {
  it("is signed when the rows are on the disk, and of no row that came meanwhile", async () => {
    const disk = new HeldDisk();
    const { checkpointer, kept } = open(disk);
    checkpointer.noteHead(1_000, ROOT);
    checkpointer.noteHead(1_700, ROOT);
    expect([signedSizes(), disk.asked]).toEqual([[], 1]);
    disk.finish();
    expect(signedSizes()).toEqual([1_000]);
    expect(await kept).toBe(1_000);
    checkpointer.close();
    expect(signedSizes()).toEqual([1_000, 1_700]);
  });

  it("is not signed when the disk could not be asked, and tried again after a thousand entries", () => {
    const disk = new HeldDisk();
    const { checkpointer, failures } = open(disk);
    checkpointer.noteHead(1_000, ROOT);
    disk.finish({ reason: "EMFILE", isLost: false });
    checkpointer.noteHead(1_999, ROOT);
    expect([signedSizes(), failures, disk.asked]).toEqual([[], ["EMFILE"], 0]);
    checkpointer.noteHead(2_000, ROOT);
    disk.finish();
    expect(signedSizes()).toEqual([2_000]);
    checkpointer.close();
  });

  it("is never signed again once the disk refused: a later success proves nothing (F17)", () => {
    const disk = new HeldDisk();
    const { checkpointer, failures } = open(disk);
    checkpointer.noteHead(1_000, ROOT);
    disk.finish({ reason: "EIO", isLost: true });
    checkpointer.noteHead(2_000, ROOT);
    checkpointer.close();
    expect([signedSizes(), failures, disk.asked]).toEqual([[], ["EIO; check the disk, then restart"], 0]);
  });

  it("is not signed either when somebody else was told of the refusal: the system tells it once (F17)", async () => {
    writeFileSync(`${file}-wal`, "x");
    const disk = new DiskSync(`${file}-wal`);
    const { checkpointer, failures } = open(disk);
    disk.noteLost("EIO");
    checkpointer.noteHead(1_000, ROOT);
    await expect.poll(() => failures).toEqual(["EIO; check the disk, then restart"]);
    checkpointer.noteHead(2_000, ROOT);
    checkpointer.close();
    expect(signedSizes()).toEqual([]);
  });

  it("an ending process signs the last head, and nothing that waited comes after it", () => {
    const disk = new HeldDisk();
    const { checkpointer } = open(disk);
    checkpointer.noteHead(1_000, ROOT);
    checkpointer.noteHead(1_400, ROOT);
    checkpointer.close();
    disk.finish();
    expect(signedSizes()).toEqual([1_400]);
  });

  it("the log's own word of a checkpoint is no reason for another one", async () => {
    const { checkpointer, kept } = open({ later: (done) => done(undefined), now: () => undefined });
    checkpointer.noteHead(8, ROOT);
    checkpointer.sign();
    await kept;
    checkpointer.noteHead(9, ROOT);
    checkpointer.sign();
    expect(signedSizes()).toEqual([8]);
    checkpointer.noteHead(10, ROOT);
    checkpointer.close();
    expect(signedSizes()).toEqual([8, 10]);
  });

  it("a real disk says when it is done; a file that is not there has nothing to wait for", async () => {
    writeFileSync(file, "x");
    for (const path of [file, join(folder.path, "missing")]) {
      const sync = new DiskSync(path);
      expect(await new Promise((resolve) => sync.later(resolve))).toBeUndefined();
      expect(sync.now()).toBeUndefined();
    }
    expect(new DiskSync(folder.path).now()).toMatchObject({ isLost: false });
  });
});

describe("a torn note (F16, F4)", () => {
  const TEARS: readonly { readonly name: string; readonly tear: (whole: Buffer) => Buffer }[] = [
    { name: "half a note", tear: (whole) => Buffer.concat([whole, whole.subarray(0, 90)]) },
    { name: "all but the last byte", tear: (whole) => Buffer.concat([whole, whole.subarray(0, -1)]) },
    {
      name: "a note cut inside a character",
      tear: (whole) => Buffer.concat([whole, whole.subarray(0, whole.indexOf("\u2014") + 1)]),
    },
    { name: "zeros of a power cut", tear: (whole) => Buffer.concat([whole, Buffer.alloc(4_096)]) },
    { name: "nothing whole at all", tear: (whole) => whole.subarray(0, 50) },
    { name: "nothing torn", tear: (whole) => whole },
  ];
  it.each(TEARS)("$name: the next one stands alone", ({ name, tear }) => {
    const first = open(new HeldDisk());
    first.checkpointer.noteHead(10, ROOT);
    first.checkpointer.close();
    writeFileSync(file, tear(readFileSync(file)));
    const second = open(new HeldDisk());
    second.checkpointer.noteHead(20, ROOT);
    second.checkpointer.close();
    expect(signedSizes()).toEqual(name === "nothing whole at all" ? [20] : [10, 20]);
  });
});

describe("the log knows which checkpoints were made", () => {
  let ledgerFile: string;
  beforeEach(() => {
    ledgerFile = join(folder.path, "ledger.db");
  });

  /** As a gateway lives: entries, checkpoints among them, an end. */
  async function live(rounds: readonly number[]): Promise<void> {
    let checkpointer: Checkpointer | undefined;
    const ledger: Ledger = openTestLedger(ledgerFile, {
      onCommit: (size, head) => checkpointer?.noteHead(size, head),
    });
    checkpointer = new Checkpointer({
      organisation: "org_1",
      key: KEYS.checkpointKey,
      file,
      nowMs: () => 7,
      size: ledger.size,
      root: ledger.head,
      ledgerSync: new DiskSync(`${ledgerFile}-wal`),
      onCheckpoint: () => {},
      onKept: (size, timeMs) => ledger.noteCheckpoint({ size, timeMs }),
      onFailure: (reason) => expect.fail(reason),
    });
    for (const entries of rounds)
      await Promise.all(Array.from({ length: entries }, () => ledger.intend(intentOf())));
    ledger.flush();
    checkpointer.close();
    ledger.close();
  }
  const verify = (more: Partial<VerifyInput> = {}): Verification => {
    const checkpoints = existsSync(file) ? readFileSync(file, "utf8") : "";
    return verifyLedger({ ledgerFile, publicKey: KEYS.checkpointPublicKey(), checkpoints, ...more });
  };

  it("verifies, with an entry more for the checkpoint at the end", async () => {
    await live([5]);
    expect([verify(), signedSizes()]).toEqual([{ ok: true, rows: 6, checkpoints: 1 }, [5]]);
  });

  it("says so when the file is deleted, and when its end is cut", async () => {
    await live([5]);
    await live([5]);
    expect(verify()).toEqual({ ok: true, rows: 12, checkpoints: 2 });
    const kept = readFileSync(file, "utf8");
    const [first = ""] = splitNotes(kept);
    truncateSync(file, Buffer.byteLength(first));
    const said = "the log says that a checkpoint of 11 entries was made, and checkpoints.log";
    expect(verify()).toMatchObject({ ok: false, reason: `${said} ends at 5: it was cut or deleted` });
    rmSync(file);
    expect(verify()).toMatchObject({ ok: false, reason: `${said} holds none: it was cut or deleted` });
    expect(verify({ outsideCheckpoint: kept }).ok).toBe(true);
  });

  it("what is made while the log is read contradicts nothing; what was there before must hold", async () => {
    await live([5]);
    const early = readFileSync(file, "utf8");
    const view = join(folder.path, "view.db");
    copyFileSync(ledgerFile, view);
    await live([5]);
    const late = readFileSync(file, "utf8");
    const growing = () => {
      const answers = [early];
      return () => answers.shift() ?? late;
    };
    expect(verify({ checkpoints: growing() })).toEqual({ ok: true, rows: 12, checkpoints: 2 });
    expect(verify({ ledgerFile: view, checkpoints: growing() })).toEqual({
      ok: true,
      rows: 6,
      checkpoints: 1,
    });
    expect(verify({ ledgerFile: view, checkpoints: late })).toMatchObject({ ok: false, firstBad: 7 });
  });
});
