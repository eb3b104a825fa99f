import { compilePolicy, evaluateCall, type Limit, type Reservation } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { CounterIds, Counters, Reserving } from "../../src/call/ports.ts";

/** A wall clock that a test sets. */
export interface SetClock {
  nowMs: number;
  /** Where the clock that nobody sets is not the same. */
  monotonicMs?: number;
}

const IDS: CounterIds = { organisation: "org", server: "srv", grant: "grt" };
const START = Date.UTC(2026, 0, 5, 12, 0, 0);

/** What every counter store must do; run by each implementation. */
export function counterContract(name: string, open: (clock: SetClock) => Counters): void {
  describe(`${name} keeps the contract of counters`, () => {
    const setUp = () => {
      const clock: SetClock = { nowMs: START };
      const counters = open(clock);
      const take = (limits: readonly Limit[], args: object = {}, ids = IDS): Reserving => {
        const answer = counters.reserve(reservationsOf(limits, args, clock.nowMs), ids, clock.nowMs);
        if (answer instanceof Promise) throw new TypeError("an embedded store answers at once");
        return answer;
      };
      return { clock, counters, take };
    };
    const admitted = (answers: readonly Reserving[]) => answers.filter(({ ok }) => ok).length;

    test("admits exactly max within a window, and again in the next (policy-spec L3, L10)", () => {
      const { clock, take } = setUp();
      const limits = [limit({ max: 3, window: "minute" })];
      expect(admitted([1, 2, 3, 4, 5].map(() => take(limits)))).toBe(3);
      clock.nowMs += 60_000;
      expect(admitted([1, 2, 3, 4].map(() => take(limits)))).toBe(3);
    });

    test("a sliding window forgets each amount on its own (policy-spec L3)", () => {
      const { clock, take } = setUp();
      const limits = [limit({ max: 2, window: 60, algorithm: "sliding" })];
      expect(take(limits).ok).toBe(true);
      clock.nowMs += 30_000;
      expect(take(limits).ok).toBe(true);
      clock.nowMs += 29_999;
      expect(take(limits)).toMatchObject({ ok: false, retryAfterMs: 1 });
      clock.nowMs += 1;
      expect(take(limits).ok).toBe(true);
      expect(take(limits).ok).toBe(false);
    });

    test("reserves all or none (policy-spec L5)", () => {
      const { take } = setUp();
      const wide = limit({ counter: "wide", max: 10 });
      const narrow = limit({ counter: "narrow", max: 1 });
      expect(take([wide, narrow]).ok).toBe(true);
      for (let call = 0; call < 5; call += 1)
        expect(take([wide, narrow])).toMatchObject({ ok: false, rule: "/tools/t/limits/1" });
      // Nothing of the refused calls was charged to the first.
      expect(admitted(Array.from({ length: 12 }, () => take([wide])))).toBe(9);
    });

    test("a counter that two limits name is charged once, with the larger amount (policy-spec L5)", () => {
      const { take } = setUp();
      const shared = [limit({ max: 10 }), limit({ max: 10, increment_from: "args.n" })];
      expect(take(shared, { n: 4 }).ok).toBe(true);
      expect(take(shared, { n: 6 }).ok).toBe(true);
      expect(take([limit({ max: 10 })]).ok).toBe(false);
    });

    for (const algorithm of ["fixed", "sliding"] as const) {
      test(`a ${algorithm} refund gives back once and never below zero (policy-spec L6)`, () => {
        const { counters, take } = setUp();
        const limits = [limit({ max: 2, algorithm })];
        const first = take(limits);
        expect(take(limits).ok).toBe(true);
        if (!first.ok) throw new Error("refused");
        counters.refund(first.charges);
        counters.refund(first.charges);
        expect(admitted([1, 2, 3].map(() => take(limits)))).toBe(1);
      });

      test(`a ${algorithm} refund after its window changes nothing (policy-spec L6)`, () => {
        const { clock, counters, take } = setUp();
        const limits = [limit({ max: 1, algorithm })];
        const first = take(limits);
        clock.nowMs += 120_000;
        expect(take(limits).ok).toBe(true);
        if (first.ok) counters.refund(first.charges);
        expect(take(limits).ok).toBe(false);
      });
    }

    for (const algorithm of ["fixed", "sliding"] as const) {
      test(`a clock that is set ahead and back frees no ${algorithm} counter (faults F18)`, async () => {
        const { clock, take } = setUp();
        clock.monotonicMs = 0;
        const limits = [limit({ max: 2, window: "hour", algorithm })];
        expect(admitted([1, 2].map(() => take(limits)))).toBe(2);
        await new Promise(setImmediate);
        clock.nowMs += 24 * 3_600_000;
        clock.monotonicMs += 61_000;
        expect(take([limit({ counter: "other" })]).ok).toBe(true);
        await new Promise(setImmediate);
        clock.nowMs -= 24 * 3_600_000;
        expect(take(limits).ok).toBe(false);
      });
    }

    test("grants, sessions, servers and modes count apart as their scope says (policy-spec L4, A1)", () => {
      const { take } = setUp();
      const per = (scope: Limit["scope"] & string) => [limit({ counter: scope, max: 1, scope })];
      const first = { ...IDS, session: "s1" };
      const others: readonly CounterIds[] = [
        { ...IDS, session: "s2" },
        { ...IDS, grant: "other", session: "s3" },
        { ...IDS, server: "other", grant: "other", session: "s4" },
        { ...IDS, session: "s5", mode: "shadow" },
      ];
      const scopes = ["session", "grant", "server", "organisation"] as const;
      for (const scope of scopes) expect(take(per(scope), {}, first).ok).toBe(true);
      const seen = others.map((ids) => scopes.filter((scope) => take(per(scope), {}, ids).ok));
      expect(seen).toEqual([["session"], ["session", "grant"], ["session", "grant", "server"], [...scopes]]);
    });

    test("an edited max never resets a counter (policy-spec L9)", () => {
      const { take } = setUp();
      expect(take([limit({ max: 1 })]).ok).toBe(true);
      expect(take([limit({ max: 2 })]).ok).toBe(true);
      expect(take([limit({ max: 2 })]).ok).toBe(false);
    });

    test("amounts are exact to the millionth (policy-spec L2)", () => {
      const { take } = setUp();
      const limits = [limit({ max: 1, increment_from: "args.n" })];
      expect(admitted(Array.from({ length: 11 }, () => take(limits, { n: 0.1 })))).toBe(10);
    });
  });
}

export function limit(parts: Partial<Limit>): Limit {
  return { counter: "c", window: "minute", max: 1, ...parts };
}

/** Through the policy itself, as the line does. */
export function reservationsOf(
  limits: readonly Limit[],
  args: object,
  nowMs: number,
): readonly Reservation[] {
  const policy = compilePolicy({ version: "1", default: "deny", tools: { t: { limits } } });
  const { reservations } = evaluateCall(policy, { tool: "t", args: JSON.parse(JSON.stringify(args)), nowMs });
  return reservations;
}
