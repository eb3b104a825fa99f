import { expect, test } from "vitest";
import { ClockWatch } from "../../src/observe/clock-watch.ts";

const HOUR_MS = 3_600_000;

/** A watch of a clock that is a value, and what it told. */
function watched() {
  const time = { nowMs: 1_790_000_000_000, monotonicMs: 50 };
  const told: unknown[] = [];
  const clock = { nowMs: () => time.nowMs, monotonicMs: () => time.monotonicMs };
  const watch = new ClockWatch(clock, { warn: (event, fields) => told.push({ event, ...fields }) });
  const pass = (wallMs: number, monotonicMs: number) => {
    time.nowMs += wallMs;
    time.monotonicMs += monotonicMs;
    watch.look();
  };
  return { pass, told };
}

test("a clock that goes its way, and one that is set right a little, are nothing to tell", () => {
  const { pass, told } = watched();
  pass(1_000, 1_000);
  pass(3_000, 1_000);
  pass(1_000, 1_000);
  expect(told).toEqual([]);
});

test("a clock that is set is told once each time, with how far (F18)", () => {
  const { pass, told } = watched();
  for (const wallMs of [HOUR_MS, 1_000, -HOUR_MS, 1_000]) pass(wallMs, 1_000);
  const event = "clock_jumped";
  expect(told).toEqual([
    { event, byMs: HOUR_MS - 1_000 },
    { event, byMs: -HOUR_MS - 1_000 },
  ]);
});

test("a clock that stands still is told of again and again, every few seconds", () => {
  const { pass, told } = watched();
  for (let second = 0; second < 12; second += 1) pass(0, 1_000);
  expect(told).toEqual([
    { event: "clock_jumped", byMs: -6_000 },
    { event: "clock_jumped", byMs: -6_000 },
  ]);
});
