import { expect, test } from "vitest";
import { mutateChain } from "./chain.ts";
import type { Figure } from "./experiment.ts";
import { badCertificates, badNames } from "./network.ts";
import { republish, terminateUnderLoad } from "./traffic.ts";
import { hangUpstream, oddAnswers } from "./upstreams.ts";

/** A machine that runs other tests at the same time is slow to answer, and no less right. */
const ON_A_BUSY_MACHINE = { rounds: 1, lateMs: 5_000, noiseMs: 1_000 };

const FAULTS: readonly { readonly name: string; readonly run: () => Promise<readonly Figure[]> }[] = [
  { name: "F3: SIGTERM under load loses no call that ran (P8)", run: terminateUnderLoad },
  {
    name: "F5: an upstream that hangs costs its own calls alone",
    run: () => hangUpstream(ON_A_BUSY_MACHINE),
  },
  { name: "F6: every way in which an upstream breaks is one failed call", run: oddAnswers },
  { name: "F23: no call is judged by two versions of a policy", run: () => republish(150) },
  { name: "F33: a name that leads nowhere costs nothing (policy-spec L6)", run: badNames },
  { name: "F34: no certificate is believed that must not be", run: badCertificates },
];

test.each(FAULTS)("$name", async ({ run }) => {
  expect((await run()).filter(({ ok }) => !ok)).toEqual([]);
});

test("F31: 10,000 changes of a chain are found with a checkpoint kept elsewhere (P6)", async () => {
  expect(await mutateChain(10_000, 1)).toEqual([]);
});
