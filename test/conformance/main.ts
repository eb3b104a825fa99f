/** The official suite, direct and through the gateway, compared check by check. */
import { readOptions } from "../../scripts/options.ts";
import { compare, judge, tally } from "./comparison.ts";
import { EXPECTED_FAILURES } from "./expected-failures.ts";
import { JOBS } from "./jobs.ts";
import type { Pair } from "./pair.ts";

readOptions(
  `npm run conformance

Runs the official conformance suite against a server, and against it through the gateway, and the other way round with the
gateway as the client. Prints a table and every difference; takes minutes. Exit code 1 on a difference that is not
expected, and on an expectation that is not needed any more.`,
  {},
);

const HEAD = [
  "the gateway stands",
  "revision",
  "required, direct",
  "required, through the gateway",
  "others, direct",
  "others, through the gateway",
  "differences",
];

const pairs: Pair[] = [];
for (const job of JOBS) {
  console.error(`${job.name} …`);
  pairs.push(...(await job.run()));
}
const compared = pairs.map((pair) => ({ pair, findings: compare(pair) }));
const rows = compared.map(({ pair, findings }) => {
  const { place, revision, required } = pair;
  const [direct, gateway] = [tally(pair.direct, required), tally(pair.gateway, required)];
  const counts = [direct.required, gateway.required, direct.others, gateway.others];
  return [place, revision, ...counts, String(findings.length)];
});
for (const row of [HEAD, HEAD.map(() => "---"), ...rows]) console.log(`| ${row.join(" | ")} |`);

const { unexpected, stale } = judge(compared, EXPECTED_FAILURES);
for (const line of unexpected) console.log(`\nUNEXPECTED  ${line}`);
for (const line of stale) console.log(`\nSTALE  ${line}; take it out of expected-failures.ts`);
process.exitCode = unexpected.length + stale.length === 0 ? 0 : 1;
