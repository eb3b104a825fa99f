import { expect, test } from "vitest";
import { FailureThrottle, MAX_FAILURES_PER_MINUTE } from "../../src/call/throttle.ts";

/** The waits, in seconds, that an address was told. */
function fail(throttle: FailureThrottle, times: number, nowMs: number, address = "a"): number[] {
  return Array.from({ length: times }, () => throttle.noteFailure(address, nowMs));
}

test("an address that keeps failing is told to wait until its minute is over (threat 56)", () => {
  const throttle = new FailureThrottle();
  const free = Array.from({ length: MAX_FAILURES_PER_MINUTE }, () => 0);
  expect(fail(throttle, MAX_FAILURES_PER_MINUTE, 1_000)).toEqual(free);
  expect([...fail(throttle, 2, 1_000), ...fail(throttle, 1, 60_500), ...fail(throttle, 1, 60_999)]).toEqual([
    60, 60, 1, 1,
  ]);
  expect(fail(throttle, MAX_FAILURES_PER_MINUTE, 61_000)).toEqual(free);
  expect(fail(throttle, 1, 61_000)).toEqual([60]);
});

test("other addresses do not wait with it", () => {
  const throttle = new FailureThrottle();
  fail(throttle, MAX_FAILURES_PER_MINUTE, 0);
  expect([...fail(throttle, 1, 0, "b"), ...fail(throttle, 1, 0)]).toEqual([0, 60]);
});

test("the oldest of ten thousand addresses is forgotten", () => {
  const throttle = new FailureThrottle();
  fail(throttle, MAX_FAILURES_PER_MINUTE, 0);
  for (let index = 0; index < 9_999; index += 1) throttle.noteFailure(`x${index}`, 0);
  expect(fail(throttle, 1, 0)).toEqual([60]);
  throttle.noteFailure("one more", 0);
  expect(fail(throttle, 1, 0)).toEqual([0]);
});

test("an address whose minute begins anew is the newest again", () => {
  const throttle = new FailureThrottle();
  throttle.noteFailure("a", 0);
  for (let index = 0; index < 9_999; index += 1) throttle.noteFailure(`x${index}`, 0);
  fail(throttle, MAX_FAILURES_PER_MINUTE, 60_000);
  throttle.noteFailure("one more", 60_000);
  expect(fail(throttle, 1, 60_000)).toEqual([60]);
});
