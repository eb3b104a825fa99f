import { createPublicKey, verify } from "node:crypto";
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Checkpoint, openCheckpoint, signCheckpoint, splitNotes } from "../../src/audit/checkpoint.ts";
import { Checkpointer } from "../../src/audit/checkpointer.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { makeFolder } from "./fixtures.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
/** Rows that are on the disk at once. */
const SYNCED = { later: (done: (failure: undefined) => void) => done(undefined), now: () => undefined };
const PUBLIC = createPublicKey(KEYS.checkpointPublicKey());
const CHECKPOINT: Checkpoint = {
  organisation: "org_1",
  size: 42,
  root: "ab".repeat(32),
  time: 1_793_491_200_000,
};

let folder: ReturnType<typeof makeFolder>;
let file: string;
beforeEach(() => {
  folder = makeFolder();
  file = join(folder.path, "checkpoints.log");
});
afterEach(() => folder.remove());

describe("checkpoints are C2SP signed notes", () => {
  it("hold organisation, size, root and time, and the signature covers that text", () => {
    const note = signCheckpoint(CHECKPOINT, KEYS.checkpointKey);
    const root = Buffer.from(CHECKPOINT.root, "hex").toString("base64");
    const text = `portcullis/org_1\n42\n${root}\ntime 1793491200000\n`;
    expect(note.startsWith(`${text}\n\u2014 portcullis-audit `)).toBe(true);
    const signature = Buffer.from(note.trimEnd().split(" ").at(-1) ?? "", "base64");
    expect(signature.length).toBe(4 + 64);
    expect(verify(null, Buffer.from(text), PUBLIC, signature.subarray(4))).toBe(true);
    expect(openCheckpoint(note, PUBLIC)).toEqual(CHECKPOINT);
  });

  it("a changed byte anywhere is refused", () => {
    const note = signCheckpoint(CHECKPOINT, KEYS.checkpointKey);
    const accepted = [...note.slice(0, -1)].flatMap((character, at) => {
      const changed = note.slice(0, at) + (character === "x" ? "y" : "x") + note.slice(at + 1);
      return openCheckpoint(changed, PUBLIC) === undefined ? [] : [changed];
    });
    expect(accepted).toEqual([]);
  });

  it("notes that follow one another are told apart", () => {
    const notes = [1, 2, 3].map((size) => signCheckpoint({ ...CHECKPOINT, size }, KEYS.checkpointKey));
    expect(splitNotes(notes.join(""))).toEqual(notes);
    expect(splitNotes("")).toEqual([]);
  });
});

describe("when checkpoints are made", () => {
  const notes: string[] = [];
  const failures: string[] = [];
  let checkpointer: Checkpointer;
  beforeEach(() => {
    notes.length = 0;
    failures.length = 0;
    checkpointer = new Checkpointer({
      organisation: "org_1",
      key: KEYS.checkpointKey,
      file,
      nowMs: () => 7,
      ledgerSync: SYNCED,
      onKept: () => {},
      size: 0,
      onCheckpoint: (note) => notes.push(note),
      onFailure: (reason) => failures.push(reason),
    });
  });
  afterEach(() => checkpointer.close());
  const sizes = () => notes.map((note) => openCheckpoint(note, PUBLIC)?.size);

  it("every 1,000 entries, at the end, and never twice for one size", () => {
    for (const size of [1, 999, 1_000, 1_001, 2_500]) checkpointer.noteHead(size, Buffer.alloc(32, 1));
    checkpointer.close();
    checkpointer.close();
    expect(sizes()).toEqual([1_000, 2_500]);
    expect(readFileSync(file, "utf8")).toBe(notes.join(""));
  });

  it("a file that cannot be written is told, and tried again", () => {
    rmSync(folder.path, { recursive: true });
    checkpointer.noteHead(1_000, Buffer.alloc(32, 1));
    expect([sizes(), failures.length]).toEqual([[], 1]);
    folder = makeFolder();
    chmodSync(folder.path, 0o700);
  });
});
