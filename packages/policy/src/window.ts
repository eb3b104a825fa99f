import type { WindowName } from "./document.ts";

/** A window in the form counters use: seconds, or one of the two calendar windows in UTC (L1, L3). */
export type Window = number | "week" | "month";

/** Compiles a window; `minute`, `hour` and `day` become seconds, so that they name the same counter (L1). */
export function toWindow(written: WindowName | number): Window {
  if (written === "minute") return 60;
  if (written === "hour") return 3600;
  if (written === "day") return 86_400;
  return written;
}

/** Start of the fixed window `[start, end)` that holds `nowMs`, aligned to UTC (L3). */
export function windowStartMs(window: Window, nowMs: number): number {
  if (window === "week") return floorTo(nowMs - FIRST_MONDAY_MS, WEEK_MS) + FIRST_MONDAY_MS;
  if (window === "month") return monthStartMs(nowMs, 0);
  return floorTo(nowMs, window * 1000);
}

/** End of the fixed window that starts at `startMs`. */
export function windowEndMs(window: Window, startMs: number): number {
  if (window === "month") return monthStartMs(startMs, 1);
  return startMs + windowLengthMs(window);
}

/** Length of a sliding window. Validation keeps `month`, which has no fixed length, away (L3). */
export function windowLengthMs(window: Window): number {
  if (window === "month") return 31 * 86_400_000;
  return window === "week" ? WEEK_MS : window * 1000;
}

const WEEK_MS = 7 * 86_400_000;
// 1970-01-05, the first Monday of the epoch.
const FIRST_MONDAY_MS = 4 * 86_400_000;

function floorTo(ms: number, step: number): number {
  return Math.floor(ms / step) * step;
}

function monthStartMs(ms: number, monthsLater: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater, 1);
}
