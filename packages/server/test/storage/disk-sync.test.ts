import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DiskSync, isRefusedSync, type SyncFailure } from "../../src/storage/disk-sync.ts";
import { makeFolder } from "../audit/fixtures.ts";

let folder: ReturnType<typeof makeFolder>;
let file: string;
beforeEach(() => {
  folder = makeFolder();
  file = join(folder.path, "ledger.db-wal");
});
afterEach(() => folder.remove());

const later = (sync: DiskSync) => new Promise<SyncFailure | undefined>((done) => sync.later(done));

describe("a disk that refused once (F17)", () => {
  it.each(["later", "now"] as const)(
    "is not believed again, asked %s: its next success proves nothing",
    async (how) => {
      // A device that takes writes and cannot be synced: EINVAL.
      symlinkSync("/dev/full", file);
      const sync = new DiskSync(file);
      const first = how === "now" ? sync.now() : await later(sync);
      expect(first).toMatchObject({ isLost: true });
      rmSync(file);
      writeFileSync(file, "x");
      expect([sync.now(), await later(sync)]).toEqual([first, first]);
      rmSync(file);
      expect([sync.now(), await later(sync)]).toEqual([first, first]);
    },
  );

  it("is told to a wait that began before, and to one after", async () => {
    writeFileSync(file, "x");
    const sync = new DiskSync(file);
    const waiting = later(sync);
    sync.noteLost("EIO");
    expect(await waiting).toEqual({ reason: "EIO", isLost: true });
  });

  it("counts only what the disk refused: a file that cannot be opened now may be opened later", async () => {
    const sync = new DiskSync(folder.path);
    expect(await later(sync)).toMatchObject({ isLost: false });
    expect(sync.now()).toMatchObject({ isLost: false });
  });
});

describe("what an error says of the disk", () => {
  const asError = (members: object): Error => Object.assign(new Error("x"), members);
  it.each([
    ["fsync of a file", asError({ code: "EIO", syscall: "fsync" }), true],
    ["fdatasync of a file", asError({ code: "EIO", syscall: "fdatasync" }), true],
    ["SQLite's own sync", asError({ code: "ERR_SQLITE_ERROR", errcode: 1034 }), true],
    ["SQLite's sync of a folder", asError({ code: "ERR_SQLITE_ERROR", errcode: 1290 }), true],
    ["SQLite could not write", asError({ code: "ERR_SQLITE_ERROR", errcode: 778 }), false],
    ["SQLite is busy", asError({ code: "ERR_SQLITE_ERROR", errcode: 5 }), false],
    ["SQLite's disk is full", asError({ code: "ERR_SQLITE_ERROR", errcode: 13 }), false],
    ["open of a file", asError({ code: "EMFILE", syscall: "open" }), false],
    ["no error", undefined, false],
  ])("%s", (_, cause, isLost) => {
    expect(isRefusedSync(cause)).toBe(isLost);
  });
});
