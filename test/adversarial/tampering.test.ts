import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld } from "./cells.ts";
import { openPlace, say } from "./conversation.ts";
import { type KeptLog, readTampering, tamper } from "./tampering.ts";

const CASES = readTampering();
const folder = mkdtempSync(join(tmpdir(), "portcullis-tampering-"));
const original = join(folder, "ledger.db");
let kept: KeptLog;

/** The log of a gateway that allowed and denied, and was stopped as operators stop it. */
beforeAll(async () => {
  await using world = await openWorld();
  const policy = { version: "1", default: "deny", tools: { any: {} } };
  const place = await openPlace(world, "modern", policy, () => undefined);
  for (const tool of ["any", "delete", "any", "pay", "any", "delete"]) await say(world, place.one, { tool });
  const { ledgerFile, auditPublicKeyFile, checkpointsFile } = world.rig.folder;
  await world.rig.gateway.close();
  // With what is still in the write-ahead log.
  const db = new DatabaseSync(ledgerFile);
  db.exec(`VACUUM INTO '${original}'`);
  db.close();
  const checkpoints = readFileSync(checkpointsFile, "utf8");
  const lastCheckpoint = checkpoints.slice(checkpoints.lastIndexOf("portcullis/"));
  const last = Number(lastCheckpoint.split("\n")[1]);
  kept = { publicKey: readFileSync(auditPublicKeyFile, "utf8"), checkpoints, lastCheckpoint, last };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a log that somebody changed on the disk (threats 75, 76)", () => {
  test("has a checkpoint behind enough rows to change", () => {
    expect(kept.last).toBeGreaterThanOrEqual(12);
    expect(CASES.length).toBeGreaterThanOrEqual(120);
  });

  test.each(CASES)("$name is $expect", (written) => {
    const file = join(folder, "changed.db");
    copyFileSync(original, file);
    expect(tamper(file, written, kept)).toMatchObject({ ok: written.expect === "verified" });
  });
});
