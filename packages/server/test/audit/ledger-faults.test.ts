import { spawnSync } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exportRows } from "../../src/audit/export.ts";
import { Ledger } from "../../src/audit/ledger.ts";
import { readSettledMark } from "../../src/audit/open-calls.ts";
import { readEntries } from "../../src/audit/read-entries.ts";
import { settleUnknown } from "../../src/audit/settle-unknown.ts";
import { verifyLedger } from "../../src/audit/verify.ts";
import { Database } from "../../src/storage/database.ts";
import { DiskSync } from "../../src/storage/disk-sync.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { startWalCheckpoints } from "../../src/storage/wal-checkpoints.ts";
import {
  commit,
  intentOf,
  makeFolder,
  openDatabase,
  openTestLedger,
  outcomeOf,
  readBlocks,
} from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
const WRITER = join(import.meta.dirname, "wal-loss.ts");

let folder: ReturnType<typeof makeFolder>;
let file: string;
let ledger: Ledger;
beforeEach(() => {
  folder = makeFolder();
  file = join(folder.path, "ledger.db");
  ledger = openTestLedger(file);
});
afterEach(() => {
  ledger.close();
  folder.remove();
});

describe("faults F16: recovery without a request and without an operator", () => {
  it("commits what waits although nobody calls, and tells of the failure once", async () => {
    const failures: string[] = [];
    const { promise: committed, resolve } = Promise.withResolvers<number>();
    ledger.close();
    ledger = openTestLedger(file, { onFailure: (reason) => failures.push(reason), onCommit: resolve });
    ledger.db.exec("PRAGMA max_page_count = 1");
    ledger.record(outcomeOf(1));
    expect(await ledger.intend(intentOf({ message: "x".repeat(200_000) }))).toBe(undefined);
    expect(await committed).toBe(1);
    expect(failures.length).toBe(1);
  });

  it("is not well again by a commit of nothing", async () => {
    const told: string[] = [];
    let isFull = true;
    ledger.close();
    ledger = openTestLedger(file, {
      onFailure: () => told.push("failed"),
      onCommit: () => told.push("committed"),
      reopen: () => {
        const db = openDatabase(file);
        // As a full disk: what changes nothing succeeds.
        if (isFull) db.exec("PRAGMA query_only = ON");
        return db;
      },
    });
    ledger.db.exec("PRAGMA query_only = ON");
    expect(await ledger.intend(intentOf())).toBe(undefined);
    ledger.flush();
    ledger.flush();
    isFull = false;
    ledger.flush();
    expect(told).toEqual(["failed", "committed"]);
  });
});

describe("faults F17: a disk that lost what it acknowledged", () => {
  it.each([
    ["the last block is gone", "DELETE FROM block WHERE seq = 3"],
    ["the last block has another hash", "UPDATE block SET hash = zeroblob(32) WHERE seq = 3"],
    ["the last block has another number", "UPDATE block SET seq = 4 WHERE seq = 3"],
    ["every block is gone", "DELETE FROM block"],
  ])("stays closed rather than fork the chain: %s", async (_, sql) => {
    await ledger.intend(intentOf());
    await Promise.all([ledger.intend(intentOf()), ledger.intend(intentOf())]);
    const other = openDatabase(file);
    expect(other.run(sql)).toBeGreaterThan(0);
    const left = readBlocks(other);
    other.close();
    ledger.db.exec("PRAGMA max_page_count = 1");
    expect(await ledger.intend(intentOf({ message: "x".repeat(200_000) }))).toBe(undefined);
    expect([await ledger.intend(intentOf()), await ledger.intend(intentOf())]).toEqual([
      undefined,
      undefined,
    ]);
    expect(readBlocks(ledger.db)).toEqual(left);
  });
});

describe("faults F17: a commit that is there although its error was told", () => {
  /** Commits once and says that it could not. */
  class LyingDatabase extends Database {
    isLying = true;
    override transaction<T>(work: () => T): T {
      const value = super.transaction(work);
      if (!this.isLying) return value;
      this.isLying = false;
      throw new Error("disk I/O error");
    }
  }

  it("ends what it refused as not sent, and writes no outcome twice", async () => {
    const first = await ledger.intend(intentOf({ requestId: "before" }));
    ledger.close();
    ledger = new Ledger(new LyingDatabase(file), { reopen: () => openDatabase(file), onFailure: () => {} });
    ledger.record(outcomeOf(first ?? 0));
    const refused = ledger.intend(intentOf({ requestId: "refused" }));
    expect(await refused).toBe(undefined);
    ledger.flush();
    const statuses = [...exportRows(ledger.db, {})].map(({ requestId, status }) => [requestId, status]);
    expect(statuses).toEqual([
      ["before", "ok"],
      ["refused", "upstream_error"],
    ]);
    expect(endedCalls()).toEqual([first, 2]);
    expect(settleUnknown(ledger, 0)).toBe(0);
  });

  it("does so for a commit of several blocks, and goes on behind them", async () => {
    ledger.close();
    const db = new LyingDatabase(file);
    db.isLying = false;
    ledger = new Ledger(db, { reopen: () => openDatabase(file), onFailure: () => {} });
    const first = await ledger.intend(intentOf());
    db.isLying = true;
    ledger.record(outcomeOf(first ?? 0));
    const sent = Array.from({ length: 300 }, () => ledger.intend(intentOf()));
    const stopped = ledger.intend(intentOf({ fate: "stopped" }));
    expect(await Promise.all([...sent, stopped])).toEqual(Array(301).fill(undefined));
    expect(await ledger.intend(intentOf())).toBe(304);
    const refused = Array.from({ length: 300 }, (_, at) => at + 2);
    expect(endedCalls()).toEqual([first, ...refused]);
    expect(readBlocks(ledger.db).map(({ last }) => last)).toEqual([1, 257, 303, 559, 604]);
    expect(settleUnknown(ledger, 0)).toBe(1);
    // All of them are over for the ledger, too.
    await Promise.all(Array.from({ length: 1_000 }, () => ledger.intend(intentOf({ fate: "stopped" }))));
    await ledger.intend(intentOf());
    expect(readSettledMark(ledger.db)).toBe(1_606);
    const input = { ledgerFile: file, publicKey: KEYS.checkpointPublicKey(), checkpoints: "" };
    expect(verifyLedger(input)).toEqual({ ok: true, rows: 1_606, checkpoints: 0 });
  });

  /** `of` of each outcome, as they stand in the log. */
  function endedCalls(): readonly number[] {
    return [...readEntries(ledger.db, 0)].flatMap(({ entry }) =>
      entry.kind === "outcome" ? [entry.of] : [],
    );
  }
});

describe("after close", () => {
  it("refuses without opening the file again", async () => {
    let reopened = 0;
    ledger.close();
    ledger = openTestLedger(file, {
      reopen: () => {
        reopened += 1;
        return openDatabase(file);
      },
    });
    ledger.close();
    ledger.record(outcomeOf(1));
    expect(await ledger.intend(intentOf())).toBe(undefined);
    expect(reopened).toBe(0);
  });
});

describe("the mark before which every call is over", () => {
  it("stays behind a call that is still open, and moves on when it ends", async () => {
    await commit(ledger, { intents: [intentOf({ fate: "stopped" }), intentOf()] });
    const many = () =>
      Promise.all(Array.from({ length: 1_500 }, () => ledger.intend(intentOf({ fate: "stopped" }))));
    await many();
    await many();
    expect(readSettledMark(ledger.db)).toBe(2);
    ledger.record(outcomeOf(2));
    await many();
    await many();
    expect(readSettledMark(ledger.db)).toBeGreaterThan(4_000);
  });

  it("lets a call be found that was open through thousands of others", async () => {
    await ledger.intend(intentOf());
    for (let count = 0; count < 3; count += 1) {
      await Promise.all(Array.from({ length: 1_500 }, () => ledger.intend(intentOf({ fate: "stopped" }))));
    }
    ledger.close();
    ledger = openTestLedger(file);
    expect(settleUnknown(ledger, 1)).toBe(1);
    expect(exportRows(ledger.db, {}).next().value?.status).toBe("unknown");
  });
});

describe("the WAL", () => {
  it("is moved into the file by a thread, while commits go on", async () => {
    const onFailure = (reason: string) => expect.fail(reason);
    await using _ = startWalCheckpoints(file, { disk: new DiskSync(`${file}-wal`), onFailure });
    const before = statSync(file).size;
    // Long enough for the log to be worth a thread.
    for (let count = 0; count < 1_000; count += 1)
      await ledger.intend(intentOf({ message: "x".repeat(2_000) }));
    await vi.waitFor(() => expect(statSync(file).size).toBeGreaterThan(before + 500_000), {
      timeout: 10_000,
    });
    expect(await ledger.intend(intentOf())).toBe(1_001);
  });

  it("whose thread cannot start only grows, and somebody is told once", async () => {
    const broken = join(folder.path, "broken.db");
    writeFileSync(broken, "x".repeat(8_192));
    writeFileSync(`${broken}-wal`, Buffer.alloc(2_000_000));
    const { promise, resolve } = Promise.withResolvers<string>();
    const disk = new DiskSync(`${broken}-wal`);
    await using _ = startWalCheckpoints(broken, { disk, onFailure: resolve });
    expect(await promise).toContain("not a database");
  });

  const hasTracer = spawnSync("strace", ["-V"]).status === 0;
  it.skipIf(!hasTracer).each(["ledger.db", "ledger.db-wal"])(
    "whose thread is refused by the disk at %s: the writer is told, though its own next sync succeeds (F17)",
    (name) => {
      ledger.close();
      const fault = ["-P", join(folder.path, name), "-e", "inject=fsync:error=EIO:when=1"];
      const trace = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", ...fault];
      const writer = [process.execPath, "--conditions=portcullis-source", WRITER, file];
      const { stdout } = spawnSync("strace", [...trace, ...writer], { encoding: "utf8", timeout: 30_000 });
      expect(JSON.parse(stdout)).toEqual({ reason: "disk I/O error", isLost: true });
      ledger = openTestLedger(file);
    },
  );

  it("is private like the file itself", async () => {
    await ledger.intend(intentOf());
    expect(existsSync(`${file}-wal`)).toBe(true);
    const modes = [file, `${file}-wal`, `${file}-shm`].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });
});

describe("reading", () => {
  it("lets two exports go on at once", async () => {
    // Within a block, and from one to the next.
    for (let count = 0; count < 2; count += 1)
      await Promise.all([ledger.intend(intentOf()), ledger.intend(intentOf())]);
    const [first, second] = [exportRows(ledger.db, {}), exportRows(ledger.db, {})];
    const seqs = [first, second, first, second, first].map((rows) => rows.next().value?.seq);
    expect(seqs).toEqual([1, 1, 2, 2, 3]);
  });
});
