import { seededRandom } from "../../packages/policy/test/reference/random.ts";
import { atLeast, atMost, type Experiment, exactly, type Figure, info, promises } from "./experiment.ts";
import { type ClientCall, Load } from "./load.ts";
import { askLog, readIntents } from "./logged-calls.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig } from "./rig.ts";

const LANES = 16;
const SLOW_MS = 2_000;

/** F3: SIGTERM while calls are under way, one of them a slow one. */
export async function terminateUnderLoad(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  const served = await rig.serve();
  const load = new Load(rig.target(served), LANES + 1);
  await load.call("pay");
  const running = load.run(LANES, () => "pay");
  while (load.calls.length < 500) await new Promise(setImmediate);
  const slow = load.call("odd_slow", { ms: SLOW_MS });
  while (!rig.executions().some(({ tool }) => tool === "odd_slow")) await new Promise(setImmediate);
  const startedMs = performance.now();
  served.child.kill("SIGTERM");
  const [code] = await served.ended;
  const drainMs = performance.now() - startedMs;
  await running;
  const { outcome } = await slow;
  await load.close();
  const of = (wanted: ClientCall["outcome"]) => load.calls.filter((call) => call.outcome === wanted).length;
  // A client that asks on a kept connection while it is closed cannot know whether it was heard: it was not.
  const cutThatRan = cutAndRan(rig, load.calls);
  return [
    exactly("exit code", String(code), "0"),
    exactly("calls answered with a failure", of("failed") + of("unavailable"), 0),
    exactly("calls that ran and lost their answer", cutThatRan, 0),
    exactly("the slow call that was under way", outcome, "ran"),
    atMost("drained", drainMs, 30_000, " ms"),
    promises(brokenPromises(reconcile(rig, load.calls), { drift: 0 })),
  ];
}

function cutAndRan(rig: Rig, calls: readonly ClientCall[]): number {
  const ran = new Set(rig.executions().map(({ n }) => n));
  return calls.filter(({ outcome, args }) => outcome === "cut" && ran.has(args.n)).length;
}

const PER_SECOND = 2_000;
const CONNECTIONS = 128;

/** F23: a policy is published again and again while calls come at a rate; each version says its number when it denies. */
export async function republish(times: number): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  const served = await rig.serve();
  const load = new Load(rig.target(served), CONNECTIONS);
  await load.offer(PER_SECOND / 4, () => "pay", 1_000);
  const random = seededRandom(times);
  const offering = load.offer(PER_SECOND, () => random.pick(["pay", "drop"]));
  let version = 1;
  const publish = () => rig.publish("bank", rig.bankPolicy(`version ${version + 1}`));
  const startedMs = performance.now();
  for (let edit = 0; edit < times; edit += 1) {
    version = publish();
    const seen = load.calls.length;
    while (load.calls.length < seen + 2) await new Promise(setImmediate);
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  load.end();
  const perSecond = await offering;
  const last = await load.call("drop");
  storeBadVersion(rig);
  const afterBad = await load.call("drop");
  // The bad one took a number.
  version += 1;
  version = publish();
  const afterGood = await load.call("drop");
  await load.close();
  await rig.stop(served);
  const seen = versionsOf(rig);
  const dropped = load.calls.filter(({ outcome }) => outcome !== "ran" && outcome !== "denied").length;
  return [
    atLeast("calls offered a second", perSecond, 0.95 * PER_SECOND),
    exactly("rows whose rule is not their version's", seen.mixed, 0),
    exactly("rows that do not name one version", seen.nameless, 0),
    exactly("calls that were dropped", load.unconnected + dropped, 0),
    exactly("the last word is the last version's", wordOf(last), `version ${times + 1}`),
    exactly("what governs after a version that does not compile", wordOf(afterBad), wordOf(last)),
    exactly("  and after the next good one", wordOf(afterGood), `version ${times + 3}`),
    info(
      "versions",
      `${times} in ${seconds.toFixed(1)} s, ${seen.versions} of them governed ${load.calls.length} calls`,
    ),
    promises(brokenPromises(reconcile(rig, load.calls), { drift: 0 })),
  ];
}

function wordOf({ text }: ClientCall): string {
  return /version \d+/.exec(text)?.[0] ?? text;
}

/** As a program that knew more, or a broken disk, might leave it. */
function storeBadVersion({ state }: Rig): void {
  state.db.run(
    `INSERT INTO policy_version (policy, version, document, source, author, note, created_at)
       SELECT policy, version + 1, '{"version":"1","default":"maybe"}', source, author, note, created_at
         FROM policy_version ORDER BY version DESC LIMIT 1`,
  );
}

interface Versions {
  /** Rows whose message is another version's. */
  readonly mixed: number;
  /** Rows of calls without exactly one version. */
  readonly nameless: number;
  /** Different versions that governed a call. */
  readonly versions: number;
}

function versionsOf(rig: Rig): Versions {
  const rows = askLog(rig, readIntents).filter(({ tool }) => tool !== undefined);
  const mixed = rows.filter(({ tool, policyVersion, message }) => {
    const said = /version (\d+)/.exec(message)?.[1];
    return tool === "drop" && (said === undefined ? policyVersion !== 1 : Number(said) !== policyVersion);
  });
  const nameless = rows.filter(({ policyVersion }) => !Number.isInteger(policyVersion));
  const versions = new Set(rows.map(({ policyVersion }) => policyVersion)).size;
  return { mixed: mixed.length, nameless: nameless.length, versions };
}

export const F3: Experiment = { id: "F3", fault: "SIGTERM under load", run: terminateUnderLoad };
export const F23: Experiment = {
  id: "F23",
  fault: "1,000 policy versions under 2,000 calls/s",
  run: () => republish(1_000),
};
