import { createPublicKey } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/audit/checkpoint.ts";
import { Checkpointer } from "../../src/audit/checkpointer.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { makeFolder } from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
/** Rows that are on the disk at once. */
const SYNCED = { later: (done: (failure: undefined) => void) => done(undefined), now: () => undefined };
const PUBLIC = createPublicKey(KEYS.checkpointPublicKey());

let folder: ReturnType<typeof makeFolder>;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

function open(file: string, size: number, root: Buffer | undefined) {
  const sizes: (number | undefined)[] = [];
  const failures: string[] = [];
  const checkpointer = new Checkpointer({
    organisation: "org_1",
    key: KEYS.checkpointKey,
    file,
    nowMs: () => 7,
    ledgerSync: SYNCED,
    onKept: () => {},
    size,
    ...(root === undefined ? {} : { root }),
    onCheckpoint: (note) => sizes.push(openCheckpoint(note, PUBLIC)?.size),
    onFailure: (reason) => failures.push(reason),
  });
  return { checkpointer, sizes, failures };
}

describe("checkpoints", () => {
  it("cover what a crash left behind the last one, without new entries", () => {
    const { checkpointer, sizes } = open(join(folder.path, "log"), 500, Buffer.alloc(32, 1));
    checkpointer.close();
    expect(sizes).toEqual([500]);
  });

  it("do not hammer a disk that refuses them", () => {
    const { checkpointer, failures } = open(join(folder.path, "missing", "log"), 0, undefined);
    for (let size = 1_000; size < 1_100; size += 1) checkpointer.noteHead(size, Buffer.alloc(32, 1));
    expect(failures.length).toBe(1);
    checkpointer.noteHead(2_000, Buffer.alloc(32, 1));
    expect(failures.length).toBe(2);
    checkpointer.close();
  });
});
