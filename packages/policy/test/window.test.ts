import { describe, expect, it } from "vitest";
import { toWindow, type Window, windowEndMs, windowLengthMs, windowStartMs } from "../src/window.ts";

describe("policy-spec L1: names of windows", () => {
  it.each([
    ["minute", 60],
    ["hour", 3600],
    ["day", 86_400],
    ["week", "week"],
    ["month", "month"],
    [90, 90],
  ] as const)("%s", (written, window) => {
    expect(toWindow(written)).toBe(window);
  });

  it.each([
    [90, 90_000],
    ["week", 604_800_000],
    ["month", 2_678_400_000],
  ] as const)("length of %s", (window, ms) => {
    expect(windowLengthMs(window)).toBe(ms);
  });
});

describe("policy-spec L3: fixed windows are aligned to UTC", () => {
  it.each<[string, Window, string, string, string]>([
    ["a minute", 60, "2026-02-28T23:59:59.999Z", "2026-02-28T23:59:00.000Z", "2026-03-01T00:00:00.000Z"],
    [
      "its start belongs to it",
      60,
      "2026-03-01T00:00:00.000Z",
      "2026-03-01T00:00:00.000Z",
      "2026-03-01T00:01:00.000Z",
    ],
    ["a day", 86_400, "2026-03-01T12:00:00Z", "2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z"],
    [
      "7 seconds from the epoch",
      7,
      "1970-01-01T00:00:13Z",
      "1970-01-01T00:00:07.000Z",
      "1970-01-01T00:00:14.000Z",
    ],
    [
      "a week, on Sunday",
      "week",
      "2026-03-01T23:59:59Z",
      "2026-02-23T00:00:00.000Z",
      "2026-03-02T00:00:00.000Z",
    ],
    [
      "a week, on Monday",
      "week",
      "2026-03-02T00:00:00Z",
      "2026-03-02T00:00:00.000Z",
      "2026-03-09T00:00:00.000Z",
    ],
    [
      "a week before the first Monday",
      "week",
      "1970-01-01T00:00:00Z",
      "1969-12-29T00:00:00.000Z",
      "1970-01-05T00:00:00.000Z",
    ],
    ["February", "month", "2028-02-29T10:00:00Z", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"],
    ["December", "month", "2026-12-31T23:59:59Z", "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"],
  ])("%s", (_, window, now, start, end) => {
    const startMs = windowStartMs(window, Date.parse(now));
    expect([new Date(startMs).toISOString(), new Date(windowEndMs(window, startMs)).toISOString()]).toEqual([
      start,
      end,
    ]);
  });
});
