import { describe, expect, it } from "vitest";
import { compilePolicy } from "../src/compile.ts";
import { type CounterState, freeAtMs } from "../src/counter-state.ts";
import type { Reservation } from "../src/decision.ts";
import type { Limit } from "../src/document.ts";
import { evaluateCall } from "../src/evaluate.ts";
import type { JsonValue } from "../src/json.ts";
import {
  type Charge,
  type CounterIds,
  counterKey,
  type QuotaResult,
  refundAll,
  reserveAll,
  toCounterState,
} from "../src/quota.ts";

const IDS: CounterIds = { organisation: "org", server: "srv", grant: "grt" };

/** What one call reserves under these limits. */
function reservationsOf(limits: Limit[], args: JsonValue = {}): readonly Reservation[] {
  const policy = compilePolicy({ version: "1", default: "deny", tools: { t: { limits } } });
  const decision = evaluateCall(policy, { tool: "t", args, nowMs: 0 });
  if (decision.effect !== "allow") throw new Error(`${decision.rule} ${decision.message}`);
  return decision.reservations;
}

const calls = (limit: Partial<Limit>): Limit => ({ counter: "c", window: 10, max: 2, ...limit });
const amounts = (limit: Partial<Limit>): Limit => calls({ increment_from: "args.n", ...limit });

/** A counter store and a way to make calls on it. */
function openQuota(...limits: Limit[]) {
  const store = new Map<string, CounterState>();
  const call = (atMs: number, n: number = 1, ids: CounterIds = IDS): QuotaResult =>
    reserveAll(store, reservationsOf(limits, { n }), ids, atMs);
  /** The charges of a call that must be admitted. */
  const take = (atMs: number, n?: number): Charge[] => {
    const result = call(atMs, n);
    if (!result.ok) throw new Error(result.decision.message);
    return result.charges;
  };
  /** Whether each call is admitted, else its message. */
  const run = (...steps: (number | [number, number])[]) =>
    steps.map((step) => {
      const result = typeof step === "number" ? call(step) : call(...step);
      return result.ok || result.decision.message;
    });
  return { store, call, take, run };
}

const at = (iso: string) => Date.parse(iso);

describe("policy-spec L3: fixed windows", () => {
  it("admits to the maximum, denies, and begins anew at the boundary", () => {
    expect(openQuota(calls({})).run(9_000, 9_999, 9_999, 10_000, 19_999, 19_999)).toEqual([
      true,
      true,
      "Rate limit of 2 per 10 s reached; retry in 1 s.",
      true,
      true,
      "Rate limit of 2 per 10 s reached; retry in 1 s.",
    ]);
  });

  it.each([
    ["minute", "2026-03-01T10:00:30Z", "Rate limit of 1 per minute reached; retry in 30 s."],
    ["hour", "2026-03-01T10:59:59.001Z", "Rate limit of 1 per hour reached; retry in 1 s."],
    ["day", "2026-03-01T23:59:00Z", "Rate limit of 1 per day reached; retry in 60 s."],
    ["week", "2026-03-01T23:59:58.9Z", "Rate limit of 1 per week reached; retry in 2 s."],
    ["month", "2026-03-31T23:00:00Z", "Rate limit of 1 per month reached; retry in 3600 s."],
    [60, "2026-03-01T10:00:30Z", "Rate limit of 1 per minute reached; retry in 30 s."],
  ] as const)("L5 says when a %s ends", (window, now, message) => {
    expect(openQuota(calls({ window, max: 1 })).run(at(now), at(now))).toEqual([true, message]);
  });

  it("L7: time that runs backwards opens no earlier window", () => {
    const quota = openQuota(calls({ max: 1 }));
    expect(quota.run(10_000, 9_999, 10_001, 20_000)).toEqual([
      true,
      "Rate limit of 1 per 10 s reached; retry in 11 s.",
      "Rate limit of 1 per 10 s reached; retry in 10 s.",
      true,
    ]);
  });
});

describe("policy-spec L3: sliding windows are exact", () => {
  const sliding = (limit: Partial<Limit>) => openQuota(calls({ algorithm: "sliding", ...limit }));

  it("counts (t − window, t]", () => {
    expect(sliding({}).run(0, 9_999, 9_999, 10_000, 10_000, 19_998, 19_999)).toEqual([
      true,
      true,
      "Rate limit of 2 per 10 s reached; retry in 1 s.",
      true,
      "Rate limit of 2 per 10 s reached; retry in 10 s.",
      "Rate limit of 2 per 10 s reached; retry in 1 s.",
      true,
    ]);
  });

  it("says when enough has left", () => {
    const quota = openQuota(amounts({ algorithm: "sliding", max: 10 }));
    expect(
      quota.run(
        [0, 3],
        [1_000, 3],
        [2_000, 4],
        [3_000, 6],
        [3_000, 7],
        [3_000, 11],
        [10_000, 3],
        [11_000, 8],
      ),
    ).toEqual([
      true,
      true,
      true,
      "Limit of 10 per 10 s reached (asked 6, left 0); retry in 8 s.",
      "Limit of 10 per 10 s reached (asked 7, left 0); retry in 9 s.",
      "Limit of 10 per 10 s reached (asked 11, left 0).",
      true,
      "Limit of 10 per 10 s reached (asked 8, left 3); retry in 9 s.",
    ]);
  });

  it("says when as much has left as is missing", () => {
    const quota = openQuota(amounts({ algorithm: "sliding", max: 10 }));
    expect(quota.run([0, 6], [1_000, 2], [2_000, 7])).toEqual([
      true,
      true,
      "Limit of 10 per 10 s reached (asked 7, left 2); retry in 8 s.",
    ]);
  });

  it("a week is 604,800 seconds", () => {
    const week = 604_800_000;
    expect(sliding({ window: "week", max: 1 }).run(5, week + 4, week + 5)).toEqual([
      true,
      "Rate limit of 1 per week reached; retry in 1 s.",
      true,
    ]);
  });

  it("L7: a clock that was ahead for a call that another limit denied has freed nothing", () => {
    const quota = openQuota(calls({ algorithm: "sliding" }), amounts({ counter: "money", max: 2 }));
    expect(quota.run([1_000, 0], [2_000, 0], [90_000, 3], [3_000, 0])).toEqual([
      true,
      true,
      "Limit of 2 per 10 s reached (asked 3, left 2).",
      "Rate limit of 2 per 10 s reached; retry in 8 s.",
    ]);
  });

  it("L5: what has left the window does not shorten the wait for what is in it", () => {
    const quota = openQuota(amounts({ algorithm: "sliding", max: 3 }));
    expect(quota.run([0, 1], [5_000, 1], [6_000, 1], [10_500, 2]).at(-1)).toBe(
      "Limit of 3 per 10 s reached (asked 2, left 1); retry in 5 s.",
    );
  });

  it("L7: time that runs backwards frees nothing and ages nothing", () => {
    expect(sliding({}).run(10_000, 5_000, 5_000, 20_000)).toEqual([
      true,
      true,
      "Rate limit of 2 per 10 s reached; retry in 15 s.",
      true,
    ]);
  });

  it("keeps a log that is no longer than what it must remember, and stays right while it is cut", () => {
    const quota = sliding({ window: 1, max: 100 });
    const admitted = Array.from({ length: 5_000 }, (_, i) => quota.call(i * 10).ok);
    const [state] = quota.store.values();
    expect(admitted.every((ok) => ok)).toBe(true);
    expect(state).toMatchObject({ algorithm: "sliding", usedMicros: 100e6, expiresAtMs: 50_990 });
    expect(state?.algorithm === "sliding" && state.atMs.length).toBeLessThan(300);
  });

  it("keeps one entry per instant", () => {
    const quota = sliding({ max: 1000 });
    quota.run(...Array.from({ length: 100 }, () => 7));
    expect([...quota.store.values()]).toEqual([
      {
        algorithm: "sliding",
        atMs: [7],
        amountMicros: [100e6],
        head: 0,
        usedMicros: 100e6,
        expiresAtMs: 10_007,
      },
    ]);
  });

  it("agrees with a log that is added up anew for each call", () => {
    const quota = openQuota(amounts({ algorithm: "sliding", max: 20, window: 3 }));
    const log: { atMs: number; n: number }[] = [];
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    let nowMs = 0;
    for (let i = 0; i < 5_000; i += 1) {
      nowMs += random(400);
      const n = random(9) / 2;
      const used = log.filter(({ atMs }) => atMs > nowMs - 3_000).reduce((sum, entry) => sum + entry.n, 0);
      const expected = used + n <= 20;
      expect([i, quota.call(nowMs, n).ok]).toEqual([i, expected]);
      if (expected) log.push({ atMs: nowMs, n });
    }
  });
});

describe("policy-spec L1 and L2: amounts", () => {
  it.each<[string, Limit, (number | [number, number])[], (boolean | string)[]]>([
    ["L1: 0 denies every call", calls({ max: 0 }), [0], ["Rate limit of 0 per 10 s reached."]],
    [
      "L1: 0 denies an amount of 0",
      amounts({ max: 0 }),
      [[0, 0]],
      ["Limit of 0 per 10 s reached (asked 0, left 0)."],
    ],
    [
      "an amount of 0 is free",
      amounts({ max: 5 }),
      [
        [0, 5],
        [0, 0],
      ],
      [true, true],
    ],
    [
      "L2: sums are exact",
      amounts({ max: 0.3 }),
      [
        [0, 0.1],
        [0, 0.1],
        [0, 0.1],
        [0, 0.000001],
      ],
      [true, true, true, "Limit of 0.3 per 10 s reached (asked 0.000001, left 0); retry in 10 s."],
    ],
    [
      "L2: sums of large amounts are exact",
      amounts({ max: 9e9 }),
      [
        [0, 8_999_999_999.999998],
        [0, 0.000002],
        [0, 0.000001],
      ],
      [true, true, "Limit of 9000000000 per 10 s reached (asked 0.000001, left 0); retry in 10 s."],
    ],
    [
      "L5: the call alone exceeds",
      amounts({ max: 9e9 - 1 }),
      [[0, 9e9]],
      ["Limit of 8999999999 per 10 s reached (asked 9000000000, left 8999999999)."],
    ],
    [
      "L5: asked and left",
      amounts({ max: 50_000 }),
      [
        [0, 49_700],
        [9_000, 700],
      ],
      [true, "Limit of 50000 per 10 s reached (asked 700, left 300); retry in 1 s."],
    ],
    [
      "`increment` other than 1 is an amount",
      calls({ increment: 1.5 }),
      [0, 0],
      [true, "Limit of 2 per 10 s reached (asked 1.5, left 0.5); retry in 10 s."],
    ],
    [
      "`increment: 1` is a rate",
      calls({ increment: 1, max: 1 }),
      [0, 0],
      [true, "Rate limit of 1 per 10 s reached; retry in 10 s."],
    ],
    ["a rate of half a call", calls({ max: 0.5 }), [0], ["Rate limit of 0.5 per 10 s reached."]],
  ])("%s", (_, limit, steps, expected) => {
    expect(openQuota(limit).run(...steps)).toEqual(expected);
  });
});

describe("policy-spec L5: all or none", () => {
  it("consumes nothing when a later limit denies, and names the first that would be exceeded", () => {
    const quota = openQuota(
      calls({ counter: "a", max: 5 }),
      calls({ counter: "b", max: 1 }),
      calls({ counter: "d", max: 1 }),
    );
    const results = [quota.call(0), quota.call(0), quota.call(0)];
    expect(results.map((result) => result.ok || result.decision)).toEqual([
      true,
      {
        rule: "/tools/t/limits/1",
        message: "Rate limit of 1 per 10 s reached; retry in 10 s.",
        retryAfterMs: 10_000,
      },
      {
        rule: "/tools/t/limits/1",
        message: "Rate limit of 1 per 10 s reached; retry in 10 s.",
        retryAfterMs: 10_000,
      },
    ]);
    const used = [...quota.store.values()].map(({ usedMicros }) => usedMicros);
    expect(used).toEqual([1e6, 1e6, 1e6]);
  });

  it("charges a counter once, with the largest amount, and compares each limit with the new total", () => {
    const quota = openQuota(calls({ max: 100 }), amounts({ max: 50 }), calls({ increment: 3, max: 200 }));
    const first = quota.call(0, 40);
    const second = quota.call(0, 20);
    const third = quota.call(0, 1);
    expect([
      first.ok && first.charges.map(({ amountMicros }) => amountMicros),
      second.ok || second.decision,
      third.ok && third.charges.map(({ amountMicros }) => amountMicros),
    ]).toEqual([
      [40e6],
      {
        rule: "/tools/t/limits/1",
        message: "Limit of 50 per 10 s reached (asked 20, left 10); retry in 10 s.",
        retryAfterMs: 10_000,
      },
      [3e6],
    ]);
  });

  it("a limit that another one's use has exceeded leaves nothing", () => {
    const { store } = openQuota();
    const wide = reservationsOf([calls({ max: 9, increment: 9 })]);
    const narrow = reservationsOf([amounts({ max: 5 })], { n: 0 });
    expect(reserveAll(store, wide, IDS, 0).ok).toBe(true);
    expect(reserveAll(store, narrow, IDS, 0)).toEqual({
      ok: false,
      decision: {
        rule: "/tools/t/limits/0",
        message: "Limit of 5 per 10 s reached (asked 0, left 0); retry in 10 s.",
        retryAfterMs: 10_000,
      },
    });
  });

  it("orders the entry's limits, its rate limit, those of `all_tools`", () => {
    const policy = compilePolicy({
      version: "1",
      default: "deny",
      all_tools: { limits: [calls({})] },
      tools: {
        "get_*": {
          rate_limit: { max: 10, window: "minute" },
          limits: [calls({}), amounts({ refund_on_error: true })],
        },
      },
    });
    const { reservations } = evaluateCall(policy, { tool: "get_x", nowMs: 0, args: { n: 2.5 } });
    const common = {
      counter: "c",
      window: 10,
      scope: "grant",
      algorithm: "fixed",
      maxMicros: 2e6,
      byAmount: false,
      refundOnError: false,
    };
    expect(reservations).toEqual([
      { pointer: "/tools/get_*/limits/0", amountMicros: 1e6, limit: common },
      {
        pointer: "/tools/get_*/limits/1",
        amountMicros: 2.5e6,
        limit: { ...common, byAmount: true, refundOnError: true },
      },
      {
        pointer: "/tools/get_*/rate_limit",
        amountMicros: 1e6,
        limit: { ...common, counter: "get_*_rate", window: 60, maxMicros: 10e6 },
      },
      { pointer: "/all_tools/limits/0", amountMicros: 1e6, limit: common },
    ]);
  });

  it("no limits, nothing to charge", () => {
    expect(reserveAll(new Map(), [], IDS, 0)).toEqual({ ok: true, charges: [] });
  });
});

describe("policy-spec L4: names of counters", () => {
  const keyOf = (limit: Partial<Limit>, ids: Partial<CounterIds> = {}) => {
    const [reservation] = reservationsOf([calls(limit)]);
    return reservation === undefined ? "" : counterKey(reservation.limit, { ...IDS, ...ids });
  };

  it.each<[string, Partial<Limit>, Partial<CounterIds>, Partial<Limit>, Partial<CounterIds>]>([
    ["minute and 60", { window: "minute" }, {}, { window: 60 }, {}],
    ["day and 86400", { window: "day" }, {}, { window: 86_400 }, {}],
    ["another max (L9)", { max: 5 }, {}, { max: 6 }, {}],
    ["another increment", { increment: 5 }, {}, {}, {}],
    [
      "`organisation` on another server",
      { scope: "organisation" },
      { server: "a" },
      { scope: "organisation" },
      { server: "b", grant: "b" },
    ],
    [
      "`server` for another grant",
      { scope: "server" },
      { grant: "a" },
      { scope: "server" },
      { grant: "b", session: "s" },
    ],
    ["`grant` in another session", {}, { session: "a" }, {}, { session: "b" }],
  ])("one counter: %s", (_, limitA, idsA, limitB, idsB) => {
    expect(keyOf(limitA, idsA)).toBe(keyOf(limitB, idsB));
  });

  it("different counters: everything else", () => {
    const scopes = (["grant", "session", "server", "organisation"] as const).map((scope) => keyOf({ scope }));
    const keys = [
      ...scopes,
      keyOf({ counter: "d" }),
      keyOf({ window: "week" }),
      keyOf({ window: 604_800 }),
      keyOf({ algorithm: "sliding" }),
      keyOf({}, { organisation: "o2" }),
      keyOf({}, { server: "s2" }),
      keyOf({}, { grant: "g2" }),
      keyOf({}, { mode: "shadow" }),
      keyOf({ scope: "session" }, { session: "s" }),
      keyOf({ scope: "session" }, { session: "" }),
      keyOf({ scope: "session" }, { session: "s", grant: "g2" }),
      keyOf({}, { organisation: "org3:srv", server: "" }),
      keyOf({}, { organisation: "or", server: "gsrv" }),
      keyOf({ scope: "server" }, { server: "srv3:grt" }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("are kept in data folders, where another spelling would reset them (L9)", () => {
    const keys = (["grant", "session", "server", "organisation"] as const).map((scope) =>
      keyOf({ scope }, { session: "s-1" }),
    );
    expect([...keys, keyOf({ algorithm: "sliding", window: "week" }, { mode: "shadow" })]).toEqual([
      "live|grant|fixed|10|1:c3:org3:srv3:grt",
      "live|session|fixed|10|1:c3:org3:srv3:grt3:s-1",
      "live|server|fixed|10|1:c3:org3:srv",
      "live|organisation|fixed|10|1:c3:org",
      "shadow|grant|sliding|week|1:c3:org3:srv3:grt",
    ]);
  });

  it("counts calls in shadow mode apart (A1)", () => {
    const quota = openQuota(calls({ max: 1 }));
    const results = [quota.call(0), quota.call(0, 1, { ...IDS, mode: "shadow" }), quota.call(0)];
    expect(results.map(({ ok }) => ok)).toEqual([true, true, false]);
  });

  it("remembers keys where it may, and they are the same", () => {
    const [reservation] = reservationsOf([calls({})]);
    const reservations = reservation === undefined ? [] : [reservation];
    const ids = { ...IDS, keys: new WeakMap() };
    const results = [0, 0, 0].map(() => reserveAll(store, reservations, ids, 0));
    expect([results.map(({ ok }) => ok), [...store.keys()]]).toEqual([[true, true, false], [keyOf({})]]);
  });
  const store = new Map<string, CounterState>();
});

describe("policy-spec L6: refunds", () => {
  it.each(["fixed", "sliding"] as const)("%s: to the window taken from, once", (algorithm) => {
    const quota = openQuota(amounts({ algorithm, max: 10 }));
    const charges = quota.take(0, 4);
    quota.take(1, 6);
    refundAll(quota.store, charges, 2);
    refundAll(quota.store, charges, 2);
    expect(quota.run([3, 5], [3, 4])).toEqual([
      "Limit of 10 per 10 s reached (asked 5, left 4); retry in 10 s.",
      true,
    ]);
  });

  it.each(["fixed", "sliding"] as const)("%s: nothing to a later window", (algorithm) => {
    const quota = openQuota(calls({ algorithm, max: 1 }));
    const charges = quota.take(0);
    quota.take(10_000);
    refundAll(quota.store, charges, 10_000);
    expect(quota.run(10_001)).toEqual(["Rate limit of 1 per 10 s reached; retry in 10 s."]);
  });

  it("sliding: an entry of one instant gives back a part", () => {
    const quota = openQuota(amounts({ algorithm: "sliding", max: 10 }));
    const charges = quota.take(0, 4);
    quota.take(0, 6);
    refundAll(quota.store, charges);
    expect(quota.run([0, 5], [0, 4], [9_999, 1], [10_000, 10])).toEqual([
      "Limit of 10 per 10 s reached (asked 5, left 4); retry in 10 s.",
      true,
      "Limit of 10 per 10 s reached (asked 1, left 0); retry in 1 s.",
      true,
    ]);
  });

  it("never below zero", () => {
    const fixed = openQuota(calls({}));
    const sliding = openQuota(calls({ algorithm: "sliding" }));
    for (const quota of [fixed, sliding]) {
      const charges = quota.take(0).map((charge) => ({ ...charge, amountMicros: 5e6 }));
      refundAll(quota.store, charges);
      expect([...quota.store.values()]).toMatchObject([{ usedMicros: 0 }]);
    }
  });

  it("does nothing for a counter that is gone or over", () => {
    const quota = openQuota(calls({}));
    const [gone, over] = [quota.take(0), quota.take(0)];
    refundAll(new Map(), gone);
    refundAll(quota.store, over, 10_000);
    expect([[...gone, ...over].map(({ refunded }) => refunded), [...quota.store.values()]]).toEqual([
      [true, true],
      [{ algorithm: "fixed", windowStartMs: 0, usedMicros: 2e6, expiresAtMs: 10_000 }],
    ]);
  });

  it.each<[string, boolean[], boolean]>([
    ["asked for", [true], true],
    ["not asked for", [false], false],
    ["asked for by all that share it", [true, true], true],
    ["not asked for by one that shares it", [true, false], false],
    ["not asked for by the first that shares it", [false, true], false],
  ])("on `isError: true`: %s", (_, flags, expected) => {
    const quota = openQuota(...flags.map((refund_on_error) => calls({ refund_on_error })));
    expect(quota.take(0).map(({ refundOnError }) => refundOnError)).toEqual([expected]);
  });

  it("a charge survives JSON", () => {
    const quota = openQuota(calls({ max: 1 }));
    const charges: Charge[] = JSON.parse(JSON.stringify(quota.take(5)));
    refundAll(quota.store, charges, 6);
    expect(quota.run(7)).toEqual([true]);
  });
});

describe("policy-spec L10 and A3: states", () => {
  it("a counter can begin with what is given", () => {
    const [fixed, sliding] = reservationsOf([calls({}), calls({ algorithm: "sliding" })]);
    const states = [fixed, sliding].map(
      (reservation) => reservation && toCounterState(reservation.limit, 2e6, 12_000),
    );
    expect(states).toEqual([
      { algorithm: "fixed", windowStartMs: 10_000, usedMicros: 2e6, expiresAtMs: 20_000 },
      {
        algorithm: "sliding",
        atMs: [12_000],
        amountMicros: [2e6],
        head: 0,
        usedMicros: 2e6,
        expiresAtMs: 22_000,
      },
    ]);
  });

  it("what can never be free is not promised before the log is empty", () => {
    const [sliding] = reservationsOf([calls({ algorithm: "sliding" })]);
    if (sliding === undefined) throw new Error("no reservation");
    const state = toCounterState(sliding.limit, 1e6, 500);
    expect(freeAtMs(state, sliding.limit, 2e6, 500)).toBe(10_500);
  });

  it("a state of another algorithm is a broken store, never an empty counter", () => {
    const [fixed, sliding] = reservationsOf([calls({}), calls({ algorithm: "sliding" })]);
    const reserve = (wanted: Reservation, stored: Reservation) => {
      const store = new Map([[counterKey(wanted.limit, IDS), toCounterState(stored.limit, 0, 0)]]);
      return () => reserveAll(store, [wanted], IDS, 0);
    };
    if (fixed === undefined || sliding === undefined) throw new Error("no reservations");
    expect(reserve(fixed, sliding)).toThrow("counter state is sliding, not fixed");
    expect(reserve(sliding, fixed)).toThrow("counter state is fixed, not sliding");
  });
});
