import { expect, test } from "vitest";
import { compare, judge } from "./comparison.ts";
import { EXPECTED_FAILURES } from "./expected-failures.ts";
import { JOBS } from "./jobs.ts";

for (const job of JOBS) {
  test(`${job.name} find the gateway transparent, check by check`, async () => {
    const compared = (await job.run()).map((pair) => ({ pair, findings: compare(pair) }));
    expect(judge(compared, EXPECTED_FAILURES)).toEqual({ unexpected: [], stale: [] });
  });
}
