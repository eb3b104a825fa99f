import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { append, BLOCK_ENTRIES, type ChainEnd, chain, GENESIS } from "../../src/audit/chain.ts";
import type { Database } from "../../src/storage/database.ts";
import { makeFolder, openDatabase } from "./fixtures.ts";

const START: ChainEnd = { seq: 0, head: GENESIS };
/** Up to so many bytes, hash before and three for each unit of text, a block is put together in place. */
const SCRATCH_BYTES = 256 * 1024;
const MOST_UNITS = Math.floor((SCRATCH_BYTES - 32) / 3);

let folder: ReturnType<typeof makeFolder>;
let db: Database;
beforeEach(() => {
  folder = makeFolder();
  db = openDatabase(join(folder.path, "ledger.db"));
});
afterEach(() => {
  db.close();
  folder.remove();
});

const sha256 = (previous: Uint8Array, text: string) =>
  createHash("sha256").update(previous).update(text).digest();

/** The rows that these bodies make, computed another way: blocks of at most so many, one hash over each. */
function expectedRows(bodies: readonly string[], start = START): readonly object[] {
  const rows: object[] = [];
  let head: Uint8Array = start.head;
  for (let done = 0; done < bodies.length; ) {
    const text = bodies.slice(done, done + 256).join("\n");
    done = Math.min(done + 256, bodies.length);
    head = sha256(head, text);
    rows.push({ seq: start.seq + done, bodies: hexOfText(text), hash: hexOf(head) });
  }
  return rows;
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const hexOfText = (text: string) => hexOf(Buffer.from(text));
const storedRows = (after = 0) =>
  db.all(
    "SELECT seq, lower(hex(bodies)) AS bodies, lower(hex(hash)) AS hash FROM block WHERE seq > ? ORDER BY seq",
    after,
  );
const write = (end: ChainEnd, bodies: readonly string[]) => db.transaction(() => append(db, end, bodies));
const entries = (count: number) => Array.from({ length: count }, (_, at) => `{"seq":${at + 1}}`);

describe("blocks", () => {
  it("have 256 entries at most", () => expect(BLOCK_ENTRIES).toBe(256));

  it.each([
    [0, []],
    [1, [1]],
    [2, [2]],
    [255, [255]],
    [256, [256]],
    [257, [256, 257]],
    [512, [256, 512]],
    [600, [256, 512, 600]],
  ])("of %i entries end with %j", (count, ends) => {
    const end = write(START, entries(count));
    expect(storedRows()).toEqual(expectedRows(entries(count)));
    expect(storedRows().map(({ seq }) => seq)).toEqual(ends);
    expect(end.seq).toBe(count);
    expect(hexOf(end.head)).toBe(storedRows().at(-1)?.["hash"] ?? hexOf(GENESIS));
  });

  it("hold bytes, whatever they are given", () => {
    write(START, ["{}"]);
    expect(db.all("SELECT typeof(bodies) AS bodies, typeof(hash) AS hash FROM block")).toEqual([
      { bodies: "blob", hash: "blob" },
    ]);
  });

  it("go on where the chain ended, and leave the end that was given as it was", () => {
    const first = write(START, entries(300));
    const kept = hexOf(first.head);
    const second = write(first, entries(2));
    write(second, entries(257));
    expect([hexOf(first.head), first.seq, hexOf(GENESIS)]).toEqual([kept, 300, "00".repeat(32)]);
    expect(storedRows(300)).toEqual([
      ...expectedRows(entries(2), first),
      ...expectedRows(entries(257), second),
    ]);
  });

  it("are gone when the transaction of the caller fails", () => {
    const first = write(START, ["{}"]);
    const failing = () =>
      db.transaction(() => {
        append(db, first, entries(300));
        throw new Error("full");
      });
    expect(failing).toThrow("full");
    expect(storedRows()).toEqual(expectedRows(["{}"]));
    write(first, entries(3));
    expect(storedRows(1)).toEqual(expectedRows(entries(3), first));
  });
});

describe("the text of a block", () => {
  const CHARACTERS = [
    ["one byte", "a"],
    ["two bytes", "é"],
    ["three bytes", "✓"],
    ["four bytes", "𝄞"],
    ["half a pair, written as the three bytes of U+FFFD", "\ud834"],
  ] as const;
  const units = (character: string, count: number) => character.repeat(count / character.length);
  const CASES: readonly (readonly [string, string])[] = [
    ...CHARACTERS.flatMap(([name, character]) =>
      [60, MOST_UNITS - 2, MOST_UNITS, MOST_UNITS + 2].map(
        (count) => [`of ${count} units, of characters of ${name}`, units(character, count)] as const,
      ),
    ),
    ["of characters of every length", CHARACTERS.map(([, character]) => character.repeat(7)).join("")],
    ["of one unit more than surely fits", units("✓", MOST_UNITS + 1)],
    ["as long as what it is put together in", units("a", SCRATCH_BYTES)],
    ["of a megabyte", "✓é𝄞a".repeat(100_000)],
  ];
  it.each(CASES)("%s, is stored and hashed whole", (_, text) => {
    const end = write(START, [text]);
    expect(end.head.equals(sha256(GENESIS, text))).toBe(true);
    expect(storedRows()).toEqual(expectedRows([text]));
  });

  it("may be long in sum, of entries that are not", () => {
    const bodies = Array.from({ length: 256 }, (_, at) => `${at}${"✓".repeat(400)}`);
    write(START, bodies);
    expect(storedRows()).toEqual(expectedRows(bodies));
  });

  it("has nothing of a longer one before", () => {
    let end = START;
    for (const text of ["x".repeat(80_000), "short", "y".repeat(300_000), "", "z"]) {
      const { head } = end;
      end = write(end, [text]);
      expect(end.head.equals(sha256(head, text))).toBe(true);
    }
    expect(storedRows().map(({ bodies }) => bodies)).toEqual(
      ["x".repeat(80_000), "short", "y".repeat(300_000), "", "z"].map(hexOfText),
    );
  });
});

describe("a link", () => {
  it.each([
    ["nothing", ""],
    ["a short text", '{"tool":"é✓𝄞"}'],
    ["a long text", "✓".repeat(100_000)],
    ["a text whose bytes just fit", "a".repeat(SCRATCH_BYTES - 32)],
    ["a text whose bytes do not", "a".repeat(SCRATCH_BYTES - 31)],
  ])("of %s is the same for text and for its bytes", (_, text) => {
    const previous = createHash("sha256").update("before").digest();
    const links = [
      chain(previous, text),
      chain(previous, Buffer.from(text)),
      chain(previous, new TextEncoder().encode(text)),
    ];
    expect(links.map(hexOf)).toEqual(Array(3).fill(hexOf(sha256(previous, text))));
  });

  it("keeps its bytes when another one is made", () => {
    const first = chain(GENESIS, "first");
    chain(first, "second");
    expect(first.equals(sha256(GENESIS, "first"))).toBe(true);
  });
});
