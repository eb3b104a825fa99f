import { describe, expect, it } from "vitest";
import {
  type CounterState,
  type Counting,
  freeAtMs,
  giveBackToCounter,
  type SlidingState,
  takeFromCounter,
  usedMicrosAt,
} from "../src/counter-state.ts";

const SLIDING: Counting = { algorithm: "sliding", window: 10 };

/** A sliding counter that was charged so. */
function charged(...entries: readonly (readonly [atMs: number, micros: number])[]): SlidingState {
  let state: CounterState | undefined;
  for (const [atMs, micros] of entries) state = takeFromCounter(state, SLIDING, micros, atMs).state;
  if (state?.algorithm !== "sliding") throw new Error("no sliding state");
  return state;
}

describe("policy-spec L6: a refund finds the instant it was taken at", () => {
  const instants = [1, 5, 20, 21, 22, 1000, 3000];
  it.each(instants)("%i among others", (atMs) => {
    const state = charged(...instants.map((at) => [at, at] as const));
    const after = giveBackToCounter(state, atMs, atMs);
    expect(after).toEqual({
      algorithm: "sliding",
      atMs: instants,
      amountMicros: instants.map((at) => (at === atMs ? 0 : at)),
      head: 0,
      usedMicros: instants.reduce((a, b) => a + b) - atMs,
      expiresAtMs: 13_000,
    });
  });

  it.each([0, 2, 23, 4000])("%i, at which nothing was taken, changes nothing", (atMs) => {
    const state = charged(...instants.map((at) => [at, at] as const));
    const before = structuredClone(state);
    expect([giveBackToCounter(state, 1, atMs), state]).toEqual([undefined, before]);
  });

  it("an instant that a charge found outside the window is gone", () => {
    const state = charged([0, 1], [5_000, 2], [10_000, 4]);
    const before = structuredClone(state);
    expect([giveBackToCounter(state, 1, 0), state]).toEqual([undefined, before]);
    expect(usedMicrosAt(state, SLIDING, 10_000)).toBe(6);
  });

  it("an instant that has left the window, but was not dropped yet, gives nothing free", () => {
    const state = charged([0, 1], [5_000, 2]);
    expect(giveBackToCounter(state, 1, 0)).toBe(state);
    expect([usedMicrosAt(state, SLIDING, 9_999), usedMicrosAt(state, SLIDING, 10_000)]).toEqual([2, 2]);
  });
});

describe("policy-spec L7: a look changes nothing", () => {
  const many = Array.from({ length: 64 }, (_, index) => [index, 1] as const);

  it.each<[string, number, { used: number; freeAt: number }]>([
    ["before the first entry", -1, { used: 64, freeAt: 10_000 }],
    ["when the first has left", 10_000, { used: 63, freeAt: 10_001 }],
    ["when half have left", 10_031, { used: 32, freeAt: 10_032 }],
    ["when all but the last have left", 10_062, { used: 1, freeAt: 10_063 }],
    ["long after", 1_000_000, { used: 0, freeAt: 10_063 }],
  ])("%s", (_, nowMs, { used, freeAt }) => {
    const state = charged(...many);
    const before = structuredClone(state);
    const seen = [usedMicrosAt(state, SLIDING, nowMs), freeAtMs(state, SLIDING, 1, nowMs)];
    expect([...seen, state]).toEqual([used, freeAt, before]);
  });
});

describe("policy-spec L3: a charge cuts a sliding log when half of it is over", () => {
  const many = (count: number, fromMs = 0) =>
    Array.from({ length: count }, (_, index) => [fromMs + index, 1] as const);

  it.each<[string, number, number, { entries: number; head: number }]>([
    ["too few are over", 31, 0, { entries: 31, head: 31 }],
    ["enough are over, and all", 32, 0, { entries: 0, head: 0 }],
    ["enough are over, and just half", 32, 32, { entries: 32, head: 0 }],
    ["less than half is over", 32, 33, { entries: 65, head: 32 }],
  ])("%s", (_, over, living, { entries, head }) => {
    const state = charged(...many(over), ...many(living, 9_000), [10_000 + over - 1, 7]);
    expect([state.atMs.length, state.amountMicros.length, state.head, state.usedMicros]).toEqual([
      entries + 1,
      entries + 1,
      head,
      living + 7,
    ]);
  });

  it("an empty log begins again", () => {
    const state = charged(...many(40));
    expect(takeFromCounter(state, SLIDING, 7, 60_001)).toEqual({
      takenAtMs: 60_001,
      state: {
        algorithm: "sliding",
        atMs: [60_001],
        amountMicros: [7],
        head: 0,
        usedMicros: 7,
        expiresAtMs: 70_001,
      },
    });
  });
});

describe("an amount of 0", () => {
  it("leaves no entry, however often it is charged, and can be given back", () => {
    const zeros = Array.from({ length: 1_000 }, (_, index) => [index, 0] as const);
    const state = charged([0, 5], ...zeros);
    expect(state).toEqual(charged([0, 5]));
    const { takenAtMs } = takeFromCounter(state, SLIDING, 0, 1_000);
    expect(takenAtMs).toBe(1_000);
    giveBackToCounter(state, 0, takenAtMs);
    expect(state).toEqual(charged([0, 5]));
  });

  it("takes nothing from what was charged at the same instant", () => {
    const state = charged([0, 5]);
    const { takenAtMs } = takeFromCounter(state, SLIDING, 0, 0);
    giveBackToCounter(state, 0, takenAtMs);
    expect([takenAtMs, state]).toEqual([0, charged([0, 5])]);
  });

  it("is charged at the newest instant that was seen, and drops what is over", () => {
    expect(takeFromCounter(charged([10_000, 5]), SLIDING, 0, 5_000).takenAtMs).toBe(10_000);
    const { state } = takeFromCounter(charged([0, 5], [5_000, 7]), SLIDING, 0, 10_000);
    expect(state).toMatchObject({ usedMicros: 7, expiresAtMs: 15_000 });
  });

  it("makes a counter that says the same as none", () => {
    const { state, takenAtMs } = takeFromCounter(undefined, SLIDING, 0, 7);
    expect([takenAtMs, usedMicrosAt(state, SLIDING, 7), state.expiresAtMs]).toEqual([7, 0, 0]);
    expect(giveBackToCounter(state, 0, takenAtMs)).toBeUndefined();
  });
});

describe("policy-spec L7: time that runs backwards", () => {
  it("charges the newest instant that was seen", () => {
    expect(takeFromCounter(charged([10_000, 1]), SLIDING, 2, 5_000)).toEqual({
      takenAtMs: 10_000,
      state: {
        algorithm: "sliding",
        atMs: [10_000],
        amountMicros: [3],
        head: 0,
        usedMicros: 3,
        expiresAtMs: 20_000,
      },
    });
  });

  it("does not bring back what had left by the newest instant of a log that was kept", () => {
    const kept: SlidingState = {
      algorithm: "sliding",
      atMs: [0, 1, 20_000],
      amountMicros: [1, 2, 4],
      head: 0,
      usedMicros: 7,
      expiresAtMs: 30_000,
    };
    expect(usedMicrosAt(kept, SLIDING, 5_000)).toBe(4);
  });

  it("a counter that nobody used is free at the end of its window", () => {
    expect(freeAtMs(undefined, { algorithm: "fixed", window: 10 }, 1, 12_000)).toBe(20_000);
  });
});

describe("policy-spec R2: a broken state is never a free counter", () => {
  it.each<[string, (state: SlidingState) => unknown]>([
    ["when it is read", (state) => usedMicrosAt(state, SLIDING, 10_000)],
    ["when it says when it is free", (state) => freeAtMs(state, SLIDING, 1, 0)],
    ["when an instant is charged again", (state) => takeFromCounter(state, SLIDING, 1, 0)],
    ["when it is given back to", (state) => giveBackToCounter(state, 1, 0)],
  ])("amounts that are lost: %s", (_, use) => {
    const state: SlidingState = { ...charged([0, 5]), amountMicros: [] };
    expect(() => use(state)).toThrow("counter state has no entry 0");
  });
});
