import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KeptLog, keepLog, readTampering, tamper } from "./tampering.ts";

const CASES = readTampering();
const folder = mkdtempSync(join(tmpdir(), "portcullis-tampering-"));
let kept: KeptLog;

beforeAll(async () => {
  kept = await keepLog(join(folder, "ledger.db"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a log that somebody changed on the disk (threats 75, 76)", () => {
  test("has a checkpoint behind enough entries to change, some of them in one block", () => {
    expect(kept.last).toBeGreaterThanOrEqual(12);
    expect(kept.next).toBeGreaterThan(kept.last);
    expect(kept.long).toBeLessThan(kept.last);
    expect(CASES.length).toBeGreaterThanOrEqual(450);
  });

  test.each(CASES)("$name is $expect", (written) => {
    const verified = tamper(join(folder, "changed.db"), written, kept);
    expect(verified).toMatchObject({ ok: written.expect === "verified" });
  });
});
