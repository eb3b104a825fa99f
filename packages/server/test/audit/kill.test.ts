import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEntries } from "../../src/audit/read-entries.ts";
import { settleUnknown } from "../../src/audit/settle-unknown.ts";
import { verifyLedger } from "../../src/audit/verify.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { makeFolder, openTestLedger } from "./fixtures.ts";

const WRITER = join(import.meta.dirname, "ledger-writer.ts");
const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
const KILLS = Number(process.env["PORTCULLIS_KILLS"] ?? "3");

let folder: ReturnType<typeof makeFolder>;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

/** Runs the writer until it has acknowledged so many rows, kills it, and gives all that it acknowledged. */
async function killAfter(file: string, rows: number): Promise<readonly number[]> {
  const child = spawn(process.execPath, ["--conditions=portcullis-source", WRITER, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: number[] = [];
  const closed = once(child, "close");
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === rows) child.kill("SIGKILL");
  }
  await closed;
  return acknowledged;
}

describe("faults F1: kill -9 under load", () => {
  it("loses no acknowledged row, keeps the chain whole and counts at least what ran", {
    timeout: 120_000,
  }, async () => {
    const file = join(folder.path, "ledger.db");
    let charged = 0;
    for (let round = 0; round < KILLS; round += 1) {
      const acknowledged = await killAfter(file, 200 + 137 * round);
      charged += acknowledged.length;
      const ledger = openTestLedger(file);
      const stored = new Set<number>();
      for (const { seq, entry } of readEntries(ledger.db, 0)) if (entry.kind === "intent") stored.add(seq);
      expect(acknowledged.filter((seq) => !stored.has(seq))).toEqual([]);
      const [counter] = ledger.db.all("SELECT sum(micros) AS micros FROM counter_fixed");
      expect(Number(counter?.["micros"])).toBeGreaterThanOrEqual(charged * 1_000_000);
      // What was in flight at the kill, at most two rounds of twenty calls.
      expect(settleUnknown(ledger, Date.now())).toBeLessThanOrEqual(40);
      ledger.close();
      const { ok, reason } = verifyLedger({
        ledgerFile: file,
        publicKey: KEYS.checkpointPublicKey(),
        checkpoints: "",
      });
      expect({ ok, reason }).toEqual({ ok: true, reason: undefined });
    }
  });
});
