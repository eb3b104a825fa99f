import type { DatabaseSync } from "node:sqlite";
import type { Random } from "../../packages/policy/test/reference/random.ts";
import { chain, GENESIS } from "../../packages/server/src/audit/chain.ts";

export interface Block {
  readonly seq: number;
  /** As Latin-1, which keeps every byte. */
  readonly entries: readonly string[];
  readonly hash: Buffer;
}

type Change = (blocks: readonly Block[], random: Random) => readonly Block[];

/** What is done to a log, by whoever may go on and make the numbers and hashes fit again. */
const CHANGES: { readonly [name: string]: Change } = {
  "a byte of the entries flipped": (blocks, random) =>
    changeOne(blocks, random, (block) => {
      const bytes = flip(bytesOf(block), random);
      return [{ ...block, entries: bytes.toString("latin1").split("\n") }];
    }),
  "an entry rewritten": (blocks, random) =>
    changeOne(blocks, random, ({ entries, ...block }) => {
      const at = random.below(entries.length);
      const entry = entries[at]?.replace("1790000000000", "1790000000001") ?? "";
      return [{ ...block, entries: entries.with(at, entry) }];
    }),
  "an entry taken out": (blocks, random) =>
    changeOne(blocks, random, ({ entries, ...block }) =>
      withEntries(block, entries.toSpliced(random.below(entries.length), 1)),
    ),
  "an entry put in twice": (blocks, random) =>
    changeOne(blocks, random, ({ entries, ...block }) =>
      withEntries(block, [random.pick(entries), ...entries]),
    ),
  "two entries exchanged": (blocks, random) => {
    const entries = blocks.flatMap((block) => block.entries);
    exchange(entries, random);
    return blocks.map((block) => ({ ...block, entries: entries.splice(0, block.entries.length) }));
  },
  "an entry moved into the block before": (blocks, random) =>
    changeTwo(blocks, random, ({ entries, ...one }, { entries: [first = "", ...rest], ...other }) => [
      { ...one, seq: one.seq + 1, entries: [...entries, first] },
      ...withEntries(other, rest),
    ]),
  "a block deleted": (blocks, random) => changeOne(blocks, random, () => []),
  "two blocks exchanged": (blocks, random) => {
    const exchanged = [...blocks];
    exchange(exchanged, random);
    return exchanged.map((block, at) => ({ ...block, seq: blocks[at]?.seq ?? 0 }));
  },
  "two blocks made one": (blocks, random) =>
    changeTwo(blocks, random, (one, other) => [{ ...other, entries: [...one.entries, ...other.entries] }]),
  "a block cut in two": (blocks, random) =>
    changeOne(
      blocks,
      random,
      ({ entries, seq, hash }) => {
        const behind = entries.slice(1 + random.below(entries.length - 1));
        const front = entries.slice(0, -behind.length);
        return [
          { seq: seq - behind.length, entries: front, hash },
          { seq, entries: behind, hash },
        ];
      },
      2,
    ),
  "a tail cut": (blocks, random) => blocks.slice(0, random.below(blocks.length)),
  "a head cut": (blocks, random) => blocks.slice(1 + random.below(blocks.length)),
};

/** These, as they are and covered up, and what nobody can cover up. */
export const MUTATIONS: readonly (readonly [name: string, change: Change])[] = [
  [
    "a byte of a hash flipped",
    (blocks, random) => changeOne(blocks, random, (block) => [{ ...block, hash: flip(block.hash, random) }]),
  ],
  [
    "a block with another number",
    (blocks, random) => changeOne(blocks, random, (block) => [{ ...block, seq: freeNumber(blocks, random) }]),
  ],
  ...Object.entries(CHANGES).flatMap(([name, change]) => formsOf(name, change)),
];

function formsOf(name: string, change: Change): typeof MUTATIONS {
  return [
    [name, change],
    [`${name}, hashed anew`, (blocks, random) => hashedAnew(change(blocks, random))],
    [
      `${name}, numbered and hashed anew`,
      (blocks, random) => hashedAnew(numberedAnew(change(blocks, random))),
    ],
  ];
}

/** One block becomes others. */
function changeOne(
  blocks: readonly Block[],
  random: Random,
  into: (block: Block) => readonly Block[],
  leastEntries = 1,
): readonly Block[] {
  const chosen = random.pick(blocks.filter(({ entries }) => entries.length >= leastEntries));
  return blocks.flatMap((block) => (block === chosen ? into(block) : [block]));
}

/** Two blocks that follow each other become others. */
function changeTwo(
  blocks: readonly Block[],
  random: Random,
  into: (one: Block, other: Block) => readonly Block[],
): readonly Block[] {
  const at = random.below(blocks.length - 1);
  const [one, other] = blocks.slice(at);
  return one === undefined || other === undefined ? blocks : blocks.toSpliced(at, 2, ...into(one, other));
}

/** A block without entries is none. */
function withEntries(block: Omit<Block, "entries">, entries: readonly string[]): readonly Block[] {
  return entries.length === 0 ? [] : [{ ...block, entries }];
}

/** Exchanges two different items. */
function exchange<T>(items: T[], random: Random): void {
  const one = random.below(items.length);
  const other = (one + 1 + random.below(items.length - 1)) % items.length;
  [items[one], items[other]] = [items[other] as T, items[one] as T];
}

function flip(bytes: Buffer, random: Random): Buffer {
  const flipped = Buffer.from(bytes);
  const at = random.below(flipped.length);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
  return flipped;
}

/** Within the log or behind it, and no block's. */
function freeNumber(blocks: readonly Block[], random: Random): number {
  const taken = new Set(blocks.map(({ seq }) => seq));
  const last = Math.max(...taken);
  return random.pick(Array.from({ length: last + 10 }, (_, seq) => seq).filter((seq) => !taken.has(seq)));
}

export function numberedAnew(blocks: readonly Block[]): readonly Block[] {
  let seq = 0;
  return blocks.map((block) => {
    seq += block.entries.length;
    return { ...block, seq };
  });
}

export function hashedAnew(blocks: readonly Block[]): readonly Block[] {
  let head: Buffer = GENESIS;
  return blocks.map((block) => {
    head = chain(head, bytesOf(block));
    return { ...block, hash: head };
  });
}

function bytesOf({ entries }: Block): Buffer {
  return Buffer.from(entries.join("\n"), "latin1");
}

export function readBlocks(db: DatabaseSync): readonly Block[] {
  const rows = db.prepare("SELECT seq, bodies, hash FROM block ORDER BY seq").all();
  return rows.map(({ seq, bodies, hash }) => ({
    seq: Number(seq),
    entries: Buffer.from(bodies as Uint8Array)
      .toString("latin1")
      .split("\n"),
    hash: Buffer.from(hash as Uint8Array),
  }));
}

export function writeBlocks(db: DatabaseSync, blocks: readonly Block[]): void {
  const insert = db.prepare("INSERT INTO block (seq, bodies, hash) VALUES (?, ?, ?)");
  db.exec("BEGIN; DELETE FROM block");
  for (const block of blocks) insert.run(block.seq, bytesOf(block), block.hash);
  db.exec("COMMIT");
}
