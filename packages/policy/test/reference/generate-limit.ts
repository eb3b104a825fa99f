import type { Entry, Limit } from "../../src/document.ts";
import * as times from "./pool-times.ts";
import { optional, type Random } from "./random.ts";

/** What names a counter (policy-spec L4). The limits of one document choose from a few, so that they share. */
export type CounterName = Pick<Limit, "counter" | "window" | "scope" | "algorithm">;

/** The counters of one document; some bear the name of an entry's `rate_limit` (policy-spec section 3). */
export function makeCounters(random: Random): CounterName[] {
  return random.some(1, 3, () => {
    const sliding = random.oneIn(2);
    return {
      counter: random.pick(["calls", "spend", "a/b:c", "pay_rate", "a_rate", "get_user_rate"]),
      window: random.pick(sliding ? times.WINDOWS.filter(isAtMostWeek) : times.WINDOWS),
      ...optional(random, 2, "scope", () =>
        random.pick(["grant", "session", "server", "organisation"] as const),
      ),
      ...(sliding ? { algorithm: "sliding" } : optional(random, 3, "algorithm", () => "fixed" as const)),
    };
  });
}

/** A limit on one of the counters, now and then under the other name of its window (policy-spec L1). */
export function makeLimit(random: Random, counters: readonly CounterName[]): Limit {
  const amount = random.below(3);
  const counter = random.pick(counters);
  return {
    ...counter,
    window: random.oneIn(2) ? counter.window : otherName(counter.window),
    max: random.pick([0, 1, 2, 3, 4, 5, 0.3, 10.5, 100, 2500, 9_000_000_000, 0.000001]),
    ...(amount === 1 ? { increment: random.pick([1, 2, 0.1, 0.000001, 3, 100]) } : {}),
    ...(amount === 2 ? { increment_from: random.pick(AMOUNT_PATHS) } : {}),
    ...optional(random, 6, "refund_on_error", () => true),
  };
}

/** The shorthand, often with the window of one of the counters. */
export function makeRateLimit(
  random: Random,
  counters: readonly CounterName[],
): NonNullable<Entry["rate_limit"]> {
  const window = random.oneIn(2) ? random.pick(counters).window : random.pick(times.WINDOWS);
  return { max: random.pick([0, 1, 2, 3]), window };
}

/** Jumps of time that end exactly where an earlier charge leaves its window, or next to it (policy-spec L3). */
export function windowJumpsMs(counters: readonly CounterName[]): number[] {
  return counters.flatMap(({ window }) => {
    const seconds =
      typeof window === "number" ? window : { ...SECONDS, week: 604_800, month: 2_419_200 }[window];
    return [seconds * 1000 - 1, seconds * 1000];
  });
}

const SECONDS = { minute: 60, hour: 3600, day: 86_400 } as const;

function otherName(window: Limit["window"]): Limit["window"] {
  if (window === "week" || window === "month") return window;
  if (typeof window === "string") return SECONDS[window];
  return window === 60 ? "minute" : window === 3600 ? "hour" : window === 86_400 ? "day" : window;
}

const AMOUNT_PATHS = [
  "args.amount",
  "args.amount",
  'args["amount"]',
  "args.n",
  "args.items[0]",
  "args.obj.a",
] as const;

function isAtMostWeek(window: Limit["window"]): boolean {
  return window === "week" || (typeof window === "string" ? window !== "month" : window <= 604_800);
}
