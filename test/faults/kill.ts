import { seededRandom } from "../../packages/policy/test/reference/random.ts";
import { atMost, type Experiment, exactly, type Figure, promises } from "./experiment.ts";
import { type ClientCall, Load } from "./load.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig } from "./rig.ts";

const LANES = 16;
/** Reached in about the middle of a run of 200 kills, so that both sides of the limit see deaths. */
const CAP_PER_KILL = 25;

/** F1: `kill -9` at random instants under load, again and again, on one data folder. */
export async function killUnderLoad(kills: number, seed: number): Promise<readonly Figure[]> {
  const random = seededRandom(seed);
  await using rig = await Rig.open({ cap: kills * CAP_PER_KILL });
  const calls: ClientCall[] = [];
  let slowestMs = 0;
  let inFlight = 0;
  const startedMs = performance.now();
  for (let kill = 0; kill < kills; kill += 1) {
    const served = await rig.serve();
    slowestMs = Math.max(slowestMs, served.readyMs);
    const load = new Load(rig.target(served), LANES);
    // Some wait for the first answers, some die while they start to work.
    const after = random.below(400);
    const running = load.run(LANES, () => random.pick(["pay", "pay", "capped", "drop"]));
    while (load.calls.length < after && load.inFlight > 0) await new Promise(setImmediate);
    process.kill(served.pid, "SIGKILL");
    await Promise.all([served.ended, running]);
    inFlight += load.maxInFlight;
    calls.push(...load.calls);
    await load.close();
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const last = await rig.serve();
  await rig.stop(last);
  const found = reconcile(rig, calls);
  return [
    exactly("kills", kills, kills),
    exactly("executions without an intent", found.lost, 0),
    atMost("unknown outcomes, of calls in flight", found.unknown, inFlight),
    exactly("over-admission", found.overAdmitted, 0),
    atMost("counter drift, of calls in flight", found.drift, inFlight),
    atMost("ready again", slowestMs, 5_000, " ms"),
    promises(brokenPromises(found, { drift: inFlight })),
    {
      what: "calls",
      required: "",
      measured: `${found.calls} in ${seconds.toFixed(0)} s, ${found.executions} ran`,
      ok: true,
    },
  ];
}

export const F1: Experiment = {
  id: "F1",
  fault: "kill -9 at random instants under load, 200 times",
  run: ({ seed }) => killUnderLoad(200, seed),
};
