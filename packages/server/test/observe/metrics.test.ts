import { expect, test } from "vitest";
import { Metrics } from "../../src/observe/metrics.ts";

test("nothing was counted yet: every metric is declared, a gauge is read", () => {
  const { metrics } = makeMetrics();
  expect(metrics.text()).toBe(`# HELP refusals_total Refused.
# TYPE refusals_total counter

# HELP calls_total Sent.
# TYPE calls_total counter

# HELP call_seconds Time.
# TYPE call_seconds histogram

# HELP open Open now.
# TYPE open gauge
open 7
`);
});

test("counters have a line for each combination of labels, histograms a running total of buckets", () => {
  const { metrics, refusals, calls, seconds } = makeMetrics();
  for (const kind of ["denied", "held", "denied"]) refusals.raise(kind);
  calls.raise("a", "ok");
  calls.raise("a", "failed");
  calls.raise("b", "ok");
  calls.raise("a", "ok");
  // A bound belongs to its bucket.
  for (const value of [0.25, 0.26, 0, 1, 2]) seconds.observe("a", value);
  seconds.observe("b", 0.5);
  expect(metrics.text()).toBe(`# HELP refusals_total Refused.
# TYPE refusals_total counter
refusals_total{kind="denied"} 2
refusals_total{kind="held"} 1

# HELP calls_total Sent.
# TYPE calls_total counter
calls_total{server="a",status="ok"} 2
calls_total{server="a",status="failed"} 1
calls_total{server="b",status="ok"} 1

# HELP call_seconds Time.
# TYPE call_seconds histogram
call_seconds_bucket{le="0.25",server="a"} 2
call_seconds_bucket{le="1",server="a"} 4
call_seconds_bucket{le="+Inf",server="a"} 5
call_seconds_sum{server="a"} 3.51
call_seconds_count{server="a"} 5
call_seconds_bucket{le="0.25",server="b"} 0
call_seconds_bucket{le="1",server="b"} 1
call_seconds_bucket{le="+Inf",server="b"} 1
call_seconds_sum{server="b"} 0.5
call_seconds_count{server="b"} 1

# HELP open Open now.
# TYPE open gauge
open 7
`);
});

test("a label's value cannot end its quotes or its line", () => {
  const { metrics, refusals, seconds } = makeMetrics();
  refusals.raise('a"b\\c\nd');
  seconds.observe('a"b\\c\nd', 1);
  const values = [...metrics.text().matchAll(/(?:kind|server)="(.*)"\}/g)].map((match) => match[1]);
  expect(values).toEqual(new Array(6).fill('a\\"b\\\\c\\nd'));
});

function makeMetrics() {
  const metrics = new Metrics();
  const refusals = metrics.counter("refusals_total", "Refused.", ["kind"]);
  const calls = metrics.counter("calls_total", "Sent.", ["server", "status"]);
  const seconds = metrics.histogram("call_seconds", "Time.", "server", [0.25, 1]);
  metrics.gauge("open", "Open now.", () => 7);
  return { metrics, refusals, calls, seconds };
}
