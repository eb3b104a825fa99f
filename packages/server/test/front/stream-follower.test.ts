import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StreamEnd } from "../../src/front/line-reply.ts";
import { StreamFollower } from "../../src/front/stream-follower.ts";

const FULL: StreamEnd = { status: undefined, carried: true, lastEventId: "a", retryMs: 100, lose: undefined };
const EMPTY: StreamEnd = { ...FULL, carried: false, lastEventId: undefined, retryMs: undefined };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What a stream that ends like each of `ends` in turn is asked for, and after how long: `ms after lastEventId`. */
function follow(ends: readonly StreamEnd[], patience = Number.POSITIVE_INFINITY) {
  const asked: string[] = [];
  const state = { isWanted: true, lost: 0 };
  let sinceMs = Date.now();
  const left = [...ends];
  const follower = new StreamFollower((lastEventId, onEnd) => {
    asked.push(`${Date.now() - sinceMs} after ${lastEventId}`);
    sinceMs = Date.now();
    const end = left.shift();
    if (end !== undefined) onEnd(end);
  });
  const first = left.shift();
  const lose = (): void => {
    state.lost += 1;
  };
  if (first !== undefined) follower.follow(first, { isWanted: () => state.isWanted, patience, lose });
  return { asked, state, follower };
}

describe("when a stream is asked for again", () => {
  const CASES: readonly { name: string; ends: readonly StreamEnd[]; asked: readonly string[] }[] = [
    { name: "after what the server says", ends: [FULL], asked: ["100 after a"] },
    {
      name: "after a second where it says nothing",
      ends: [{ ...FULL, retryMs: undefined }],
      asked: ["1000 after a"],
    },
    { name: "not at once, even if it says so", ends: [{ ...FULL, retryMs: 0 }], asked: ["20 after a"] },
    {
      name: "within ten minutes, whatever it says",
      ends: [{ ...FULL, retryMs: 999_999_999_999_999 }],
      asked: ["600000 after a"],
    },
    {
      name: "from the newest place, as the newest stream says",
      ends: [FULL, { ...FULL, lastEventId: "b", retryMs: 300 }],
      asked: ["100 after a", "300 after b"],
    },
    {
      name: "from the same place where a stream says nothing new",
      ends: [FULL, { ...FULL, lastEventId: undefined, retryMs: undefined }],
      asked: ["100 after a", "100 after a"],
    },
    {
      name: "less and less often while it brings nothing, up to a minute",
      ends: [FULL, ...Array.from({ length: 11 }, () => EMPTY)],
      asked: [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000].map(
        (ms) => `${ms} after a`,
      ),
    },
    {
      name: "as often as before once it brings something",
      ends: [FULL, EMPTY, EMPTY, FULL],
      asked: ["100 after a", "200 after a", "400 after a", "100 after a"],
    },
  ];
  for (const { name, ends, asked } of CASES) {
    test(name, () => {
      const followed = follow(ends);
      vi.runAllTimers();
      expect([followed.asked, followed.state.lost]).toEqual([asked, 0]);
    });
  }
});

describe("when it is given up", () => {
  const CASES: readonly { name: string; ends: readonly StreamEnd[]; asked: number; lost: number }[] = [
    {
      name: "after as many empty ones as there is patience",
      ends: [FULL, EMPTY, EMPTY, EMPTY],
      asked: 3,
      lost: 1,
    },
    { name: "not before", ends: [FULL, EMPTY, EMPTY, FULL, EMPTY, EMPTY], asked: 6, lost: 0 },
    { name: "at once where no session is", ends: [FULL, { ...EMPTY, status: 404 }], asked: 1, lost: 1 },
    { name: "at once where no streams are", ends: [FULL, { ...EMPTY, status: 405 }], asked: 1, lost: 1 },
    { name: "not for a fault that may pass", ends: [FULL, { ...EMPTY, status: 503 }], asked: 2, lost: 0 },
  ];
  for (const { name, ends, asked, lost } of CASES) {
    test(name, () => {
      const followed = follow(ends, 2);
      vi.runAllTimers();
      expect([followed.asked.length, followed.state.lost]).toEqual([asked, lost]);
    });
  }

  test("silently, once nobody wants it", () => {
    const followed = follow([FULL]);
    followed.state.isWanted = false;
    vi.runAllTimers();
    expect([followed.asked, followed.state.lost]).toEqual([[], 0]);
  });

  test("silently, at the end of everything", () => {
    const followed = follow([FULL]);
    followed.follower.close();
    expect(vi.getTimerCount()).toBe(0);
    expect([followed.asked, followed.state.lost]).toEqual([[], 0]);
  });
});
