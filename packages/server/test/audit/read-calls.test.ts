import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { append, type ChainEnd, GENESIS } from "../../src/audit/chain.ts";
import { checkpointBody, intentBody, outcomeBody } from "../../src/audit/entry.ts";
import { readCalls } from "../../src/audit/read-calls.ts";
import { readEntries, readEntriesBackwards } from "../../src/audit/read-entries.ts";
import type { Database } from "../../src/storage/database.ts";
import { intentOf, makeFolder, openDatabase, outcomeOf } from "./fixtures.ts";

/** What an entry is: a call by its fate, the word of a checkpoint, or the outcome of a call. */
type Kind = "sent" | "stopped" | "refused" | "checkpoint" | { readonly of: number };
/** A call that was read: its number, and that of its outcome. */
type Pair = readonly [seq: number, outcome?: number | undefined];

let folder: ReturnType<typeof makeFolder>;
let db: Database;
let end: ChainEnd;
beforeEach(() => {
  folder = makeFolder();
  db = openDatabase(join(folder.path, "ledger.db"));
  end = { seq: 0, head: GENESIS };
});
afterEach(() => {
  db.close();
  folder.remove();
});

function bodyOf(kind: Kind, seq: number): string {
  if (kind === "checkpoint") return checkpointBody(seq, { size: 1, timeMs: 1 });
  // By how long it took an outcome is known again.
  if (typeof kind === "object") return outcomeBody(seq, outcomeOf(kind.of, { latencyMs: seq }));
  return intentBody(seq, intentOf({ fate: kind, requestId: `request-${seq}` }));
}

/** Writes a block of these entries. */
function write(...kinds: readonly Kind[]): void {
  const bodies = kinds.map((kind, at) => bodyOf(kind, end.seq + 1 + at));
  end = db.transaction(() => append(db, end, bodies));
}

/** Fills the log with calls that were refused, up to this entry. */
function fillTo(seq: number): void {
  write(...Array<Kind>(seq - end.seq).fill("refused"));
}

function read(after = 0): readonly Pair[] {
  return [...readCalls(db, after)].map(({ seq, outcome }) => [seq, outcome?.latencyMs] as const);
}

const withOutcome = (pairs: readonly Pair[]) => pairs.filter(([, outcome]) => outcome !== undefined);
const numbersTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);

describe("calls with their outcomes", () => {
  const CASES: readonly (readonly [string, readonly (readonly Kind[])[], readonly Pair[]])[] = [
    ["none in an empty log", [], []],
    ["an outcome in the same block", [["sent", { of: 1 }]], [[1, 2]]],
    ["an outcome in the next block", [["sent"], [{ of: 1 }]], [[1, 2]]],
    ["an outcome some blocks later", [["sent"], ["refused"], ["refused"], [{ of: 1 }]], [[1, 4], [2], [3]]],
    ["no outcome", [["sent"], ["refused"]], [[1], [2]]],
    ["calls that were not sent", [["stopped", "refused"]], [[1], [2]]],
    [
      "each its own outcome, in the order of the calls",
      [["sent", "sent", "sent"], [{ of: 3 }, { of: 1 }], [{ of: 2 }]],
      [
        [1, 5],
        [2, 6],
        [3, 4],
      ],
    ],
    [
      "calls that need no outcome, behind one that is open",
      [["sent", "stopped", "sent"], ["refused", { of: 3 }], [{ of: 1 }]],
      [[1, 6], [2], [3, 5], [4]],
    ],
    ["an outcome before its call in a block", [[{ of: 2 }, "sent"]], [[2]]],
    ["an outcome in a block before that of its call", [[{ of: 2 }], ["sent"]], [[2]]],
    ["an outcome of what is no call", [["sent", { of: 1 }, { of: 2 }, { of: 0 }, { of: 99 }]], [[1, 2]]],
    [
      "the word of a checkpoint",
      [
        ["sent", "checkpoint"],
        ["checkpoint", { of: 1 }],
      ],
      [[1, 4]],
    ],
  ];
  it.each(CASES)("%s", (_, blocks, pairs) => {
    for (const block of blocks) write(...block);
    expect(read()).toEqual(pairs.map(([seq, outcome]) => [seq, outcome]));
  });

  it("are what was written", () => {
    write("sent", { of: 1 });
    const [intent, outcome] = [JSON.parse(bodyOf("sent", 1)), JSON.parse(bodyOf({ of: 1 }, 2))];
    expect([...readCalls(db, 0)]).toEqual([{ seq: 1, intent, outcome }]);
  });
});

describe("calls behind an entry", () => {
  const ALL: readonly Pair[] = [
    [1, 5],
    [2, 8],
    [3, undefined],
    [4, 6],
    [7, undefined],
  ];
  it.each([-3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1_000])("%i", (after) => {
    write("sent", "sent", "refused", "sent", { of: 1 });
    write({ of: 4 }, "sent", { of: 2 });
    expect(read(after)).toEqual(ALL.filter(([seq]) => seq > after));
  });
});

describe("an outcome that comes long after its call", () => {
  it.each([255, 256, 9_999, 10_000, 10_001, 10_002, 21_000])("%i entries later", (distance) => {
    write("refused", "sent");
    fillTo(1 + distance);
    write({ of: 2 }, "refused");
    const pairs = read();
    expect(pairs.map(([seq]) => seq)).toEqual([...numbersTo(1 + distance), distance + 3]);
    expect(withOutcome(pairs)).toEqual([[2, distance + 2]]);
  });

  it("is found for each of many calls, also for those that came after the first was given up", () => {
    write("sent", "sent", "sent");
    fillTo(4_999);
    write("sent");
    fillTo(10_500);
    write("sent", "sent", { of: 10_501 }, { of: 2 });
    fillTo(16_000);
    write({ of: 5_000 });
    fillTo(22_000);
    write("sent", { of: 10_502 });
    fillTo(33_000);
    write({ of: 22_001 }, "sent");
    const found: readonly Pair[] = [
      [2, 10_504],
      [5_000, 16_001],
      [10_501, 10_503],
      [10_502, 22_002],
      [22_001, 33_001],
    ];
    for (const after of [0, 2, 5_000, 22_000])
      expect(withOutcome(read(after))).toEqual(found.filter(([seq]) => seq > after));
  });

  it("is none where it stands before its call, however far, and none of what is no call", () => {
    write("refused", { of: 20_000 }, "sent");
    fillTo(11_000);
    write({ of: 2 }, { of: 20_000 });
    fillTo(19_999);
    write("sent");
    fillTo(31_000);
    expect(withOutcome(read())).toEqual([]);
    write({ of: 20_000 });
    expect(withOutcome(read())).toEqual([[20_000, 31_001]]);
  });
});

describe("a call that never ends", () => {
  it("does not hold back those behind it to the end of the log", () => {
    write("sent");
    fillTo(10_700);
    const calls = readCalls(db, 0);
    expect(calls.next().value).toMatchObject({ seq: 1, outcome: undefined });
    // Who has not read to the end meets what is written meanwhile.
    write("sent", { of: 10_701 });
    const rest = [...calls];
    expect(rest.map(({ seq }) => seq)).toEqual(numbersTo(10_701).slice(1));
    expect(rest.at(-1)?.outcome?.latencyMs).toBe(10_702);
  });

  it("holds back none before it", () => {
    write("refused", "sent", { of: 2 }, "sent");
    fillTo(600);
    const calls = readCalls(db, 0);
    expect([calls.next().value?.seq, calls.next().value?.seq]).toEqual([1, 2]);
    write("sent");
    expect([...calls].at(-1)?.seq).toBe(601);
  });
});

describe("any log", () => {
  const fate = fc.constantFrom<Kind>("sent", "sent", "stopped", "refused", "checkpoint");
  const outcome = fc.nat(60).map((of): Kind => ({ of }));
  const block = fc.array(fc.oneof(fate, outcome), { minLength: 1, maxLength: 8 });

  /** Only a call that was sent has an outcome, and one: what is drawn beyond that is left out. */
  function sound(blocks: readonly (readonly Kind[])[]): readonly (readonly Kind[])[] {
    const drawn = blocks.flat();
    const ended = new Set<number>();
    const soundOne = (kind: Kind): Kind => {
      if (typeof kind !== "object") return kind;
      if (ended.has(kind.of) || drawn[kind.of - 1] !== "sent") return "checkpoint";
      ended.add(kind.of);
      return kind;
    };
    return blocks.map((kinds) => kinds.map(soundOne));
  }

  /** Looks for the outcome of each call in all that follows. */
  function search(entries: readonly Kind[], after: number): readonly Pair[] {
    return entries.flatMap((kind, at) => {
      if (typeof kind === "object" || kind === "checkpoint" || at < after) return [];
      const found = entries.findIndex(
        (later, where) => where > at && typeof later === "object" && later.of === at + 1,
      );
      return [[at + 1, found === -1 ? undefined : found + 1]];
    });
  }

  it("is read as who looks for each outcome would find it", () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 12 }), fc.integer({ min: -1, max: 60 }), (drawn, after) => {
        db.exec("DELETE FROM block");
        end = { seq: 0, head: GENESIS };
        const blocks = sound(drawn);
        for (const kinds of blocks) write(...kinds);
        expect(read(after)).toEqual(search(blocks.flat(), after));
      }),
    );
  });
});

describe("entries", () => {
  const KINDS: readonly Kind[] = ["sent", "sent", { of: 1 }, "checkpoint", "refused", { of: 2 }];
  const ALL = KINDS.map((kind, at) => ({ seq: at + 1, body: bodyOf(kind, at + 1) })).map(({ seq, body }) => ({
    seq,
    body,
    entry: JSON.parse(body),
  }));
  beforeEach(() => {
    for (const [from, to] of [
      [0, 1],
      [1, 4],
      [4, 6],
    ])
      write(...KINDS.slice(from, to));
  });

  it.each([-1, 0, 1, 2, 3, 4, 5, 6, 7])("behind number %i are read in their order", (after) => {
    expect([...readEntries(db, after)]).toEqual(ALL.filter(({ seq }) => seq > after));
  });

  it("are read backwards, too", () => {
    expect([...readEntriesBackwards(db)]).toEqual(ALL.toReversed());
  });

  it("are none in an empty log", () => {
    db.exec("DELETE FROM block");
    expect([[...readEntries(db, 0)], [...readEntriesBackwards(db)]]).toEqual([[], []]);
  });
});
