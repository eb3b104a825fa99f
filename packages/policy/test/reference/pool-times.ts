import type { WindowName } from "../../src/document.ts";

/** Edges of days, weeks, months, years, leap days, and of summer time in Europe and New York. */
export const EDGES_MS = [
  Date.UTC(2026, 0, 1),
  Date.UTC(2026, 2, 1),
  Date.UTC(2028, 1, 29),
  Date.UTC(2026, 2, 29, 1),
  Date.UTC(2026, 9, 25, 1),
  Date.UTC(2026, 10, 1, 6),
  Date.UTC(2026, 6, 6),
  Date.UTC(2026, 6, 7, 13, 0),
  Date.UTC(2027, 11, 31, 23, 59),
  0,
] as const;

export const JUMPS_MS = [
  0, 0, 1, 400, 999, 1000, 1001, 6999, 7000, 10_000, 59_999, 60_000, 60_001, 90_000, 3_599_999, 3_600_000,
  86_399_999, 86_400_000, 604_800_000, 2_678_400_000, 31_536_000_000,
] as const;

export const TIME_ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kathmandu",
  "Pacific/Kiritimati",
] as const;

export const WINDOWS: readonly (WindowName | number)[] = [
  "minute",
  "hour",
  "day",
  "week",
  "month",
  1,
  7,
  60,
  90,
  3600,
  86_400,
  604_800,
  31_536_000,
];
