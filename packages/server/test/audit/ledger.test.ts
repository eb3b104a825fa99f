import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointBody, intentBody, outcomeBody } from "../../src/audit/entry.ts";
import { exportRows } from "../../src/audit/export.ts";
import type { Ledger } from "../../src/audit/ledger.ts";
import { settleUnknown } from "../../src/audit/settle-unknown.ts";
import { verifyLedger } from "../../src/audit/verify.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
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

function verification() {
  return verifyLedger({ ledgerFile: file, publicKey: KEYS.checkpointPublicKey(), checkpoints: "" });
}

function storedBodies(): readonly string[] {
  const db = openDatabase(file);
  try {
    return readBlocks(db).flatMap(({ lines }) => lines);
  } finally {
    db.close();
  }
}

describe("a commit", () => {
  /** Sizes of the blocks that are made when this many intents come in each turn. */
  async function blocksOf(...turns: readonly number[]): Promise<readonly number[]> {
    const committed: Promise<unknown>[] = [];
    for (const count of turns) {
      for (let at = 0; at < count; at += 1) committed.push(ledger.intend(intentOf()));
      await nextTurn();
    }
    await Promise.all(committed);
    return readBlocks(ledger.db).map(({ lines }) => lines.length);
  }

  it.each([
    ["is made at the end of the turn", [1, 1, 3, 1], [1, 1, 3, 1]],
    ["waits a turn for more after one of many", [4, 0, 1, 0, 0, 1], [4, 1, 1]],
    ["waits on while each turn brings more", [4, 1, 2, 1, 0, 0, 1], [4, 4, 1]],
    ["waits for four turns at most", [4, ...Array<number>(8).fill(1)], [4, 5, 3]],
  ])("%s", async (_, turns, blocks) => expect(await blocksOf(...turns)).toEqual(blocks));

  it("that waits is made at once where the log ends", async () => {
    await blocksOf(4);
    const last = ledger.intend(intentOf());
    await nextTurn();
    ledger.close();
    expect(await last).toBe(5);
    expect(verification()).toEqual({ ok: true, rows: 5, checkpoints: 0 });
  });
});

describe("the chain", () => {
  it("commits the intents and outcomes of a turn together and numbers them in order", async () => {
    const first = await Promise.all([ledger.intend(intentOf()), ledger.intend(intentOf())]);
    ledger.record(outcomeOf(1));
    const third = await ledger.intend(intentOf());
    expect([...first, third]).toEqual([1, 2, 3]);
    expect(verification()).toEqual({ ok: true, rows: 4, checkpoints: 0 });
    expect(readBlocks(ledger.db).map(({ last, lines }) => [last, lines.length])).toEqual([
      [2, 2],
      [4, 2],
    ]);
  });

  it("puts intents, outcomes and the word of a checkpoint into one block, in this order", async () => {
    await commit(ledger, { intents: [intentOf()] });
    await commit(ledger, { intents: [intentOf(), intentOf()], ended: [1], kept: 1 });
    const lines = [
      intentBody(2, intentOf()),
      intentBody(3, intentOf()),
      outcomeBody(4, outcomeOf(1)),
      checkpointBody(5, { size: 1, timeMs: 1 }),
    ];
    expect(readBlocks(ledger.db)[1]).toMatchObject({ first: 2, last: 5, lines });
  });

  it("writes no block where there is nothing to write", async () => {
    await commit(ledger, { intents: [intentOf()] });
    const before = [readBlocks(ledger.db), ledger.size, ledger.head];
    await commit(ledger, {});
    expect([readBlocks(ledger.db), ledger.size, ledger.head]).toEqual(before);
  });

  it("splits what is too much for a block", async () => {
    await commit(ledger, { intents: Array.from({ length: 600 }, () => intentOf()), ended: [1, 2] });
    expect(readBlocks(ledger.db).map(({ last }) => last)).toEqual([256, 512, 602]);
    expect([ledger.size, ledger.head.toString("hex")]).toEqual([602, readBlocks(ledger.db)[2]?.hash]);
    expect(verification()).toEqual({ ok: true, rows: 602, checkpoints: 0 });
  });

  it("resolves only when another connection can read the row (promise P1)", async () => {
    const pending = ledger.intend(intentOf());
    expect(storedBodies()).toEqual([]);
    expect(await pending).toBe(1);
    expect(storedBodies()).toEqual([intentBody(1, intentOf())]);
  });

  it("takes an outcome along with the next intent", async () => {
    ledger.record(outcomeOf(1));
    await nextTurn();
    expect(storedBodies()).toEqual([]);
    expect(await ledger.intend(intentOf())).toBe(1);
    expect(storedBodies()).toEqual([intentBody(1, intentOf()), outcomeBody(2, outcomeOf(1))]);
  });

  it("does not let an outcome wait for long when nobody calls", async () => {
    ledger.record(outcomeOf(1));
    await expect.poll(() => storedBodies()).toEqual([outcomeBody(1, outcomeOf(1))]);
  });

  it("goes on where it ended", async () => {
    await ledger.intend(intentOf());
    ledger.close();
    ledger = openTestLedger(file);
    expect(await ledger.intend(intentOf())).toBe(2);
    expect(verification()).toEqual({ ok: true, rows: 2, checkpoints: 0 });
  });

  it("writes what waits when it closes", () => {
    ledger.record(outcomeOf(1));
    ledger.close();
    expect(storedBodies().length).toBe(1);
    ledger = openTestLedger(file);
  });

  it("a lone surrogate in a name does not break the row", async () => {
    expect(await ledger.intend(intentOf({ argumentKeys: ["\ud800"] }))).toBe(1);
    expect(verification()).toEqual({ ok: true, rows: 1, checkpoints: 0 });
  });
});

describe("faults F16: the disk is full", () => {
  it("answers undefined, leaves no partial row, and goes on by itself when there is space", async () => {
    await ledger.intend(intentOf());
    // The reopened database has no such bound: there is space again.
    ledger.db.exec("PRAGMA max_page_count = 1");
    const big = intentOf({ message: "x".repeat(200_000) });
    const failed = await Promise.all([ledger.intend(intentOf()), ledger.intend(big)]);
    expect(failed).toEqual([undefined, undefined]);
    expect(await ledger.intend(intentOf())).toBe(2);
    expect(verification()).toEqual({ ok: true, rows: 2, checkpoints: 0 });
  });

  it("keeps outcomes for the next commit", async () => {
    await ledger.intend(intentOf());
    ledger.db.exec("PRAGMA max_page_count = 1");
    ledger.record(outcomeOf(1));
    expect(await ledger.intend(intentOf({ message: "x".repeat(200_000) }))).toBe(undefined);
    expect(await ledger.intend(intentOf())).toBe(2);
    expect([...exportRows(ledger.db, {})].map(({ seq, status }) => [seq, status])).toEqual([
      [1, "ok"],
      [2, "unknown"],
    ]);
  });
});

describe("log export", () => {
  it("joins the outcome and shows exactly the published members", async () => {
    await ledger.intend(intentOf());
    ledger.record(outcomeOf(1));
    ledger.flush();
    expect([...exportRows(ledger.db, {})]).toEqual([
      {
        seq: 1,
        time: "2026-11-01T00:00:00.000Z",
        requestId: "request-1",
        grant: "ci-runner",
        server: "stripe",
        method: "tools/call",
        tool: "create_refund",
        effect: "allow",
        rule: "",
        message: "",
        policy: "support",
        policyVersion: 3,
        mode: "enforce",
        argumentKeys: ["amount", "reason"],
        status: "ok",
        latencyMs: 12.5,
      },
    ]);
  });

  it.each([
    ["stopped by policy", { fate: "stopped", effect: "deny" }, null],
    ["refused by the gateway", { fate: "refused", effect: "deny" }, "refused"],
    ["sent, end not known", { fate: "sent" }, "unknown"],
    ["shadow: sent although policy denies", { fate: "sent", effect: "deny", mode: "shadow" }, "unknown"],
  ] as const)("status of a call without outcome: %s", async (_, more, status) => {
    await ledger.intend(intentOf(more));
    expect([...exportRows(ledger.db, {})].map((row) => row.status)).toEqual([status]);
  });

  it.each([
    ["server by name", { server: "github" }, [2]],
    ["server by id", { server: "srv_0000000000000001" }, [1, 2, 3]],
    ["since", { sinceMs: Date.UTC(2026, 10, 2) }, [3]],
    ["after", { afterSeq: 1 }, [2, 3]],
    ["nothing fits", { server: "nobody" }, []],
  ] as const)("filters: %s", async (_, filter, seqs) => {
    await ledger.intend(intentOf());
    await ledger.intend(intentOf({ serverName: "github" }));
    await ledger.intend(intentOf({ time: Date.UTC(2026, 10, 2) }));
    expect([...exportRows(ledger.db, filter)].map(({ seq }) => seq)).toEqual(seqs);
  });
});

describe("after a crash (promise P8)", () => {
  it("calls that were sent and have no outcome end as unknown, once", async () => {
    await ledger.intend(intentOf());
    await ledger.intend(intentOf({ fate: "stopped" }));
    await ledger.intend(intentOf());
    ledger.record(outcomeOf(3));
    ledger.close();
    ledger = openTestLedger(file);
    expect([settleUnknown(ledger, 1), settleUnknown(ledger, 2)]).toEqual([1, 0]);
    expect([...exportRows(ledger.db, {})].map(({ status }) => status)).toEqual(["unknown", null, "ok"]);
    expect(verification()).toEqual({ ok: true, rows: 5, checkpoints: 0 });
  });
});
