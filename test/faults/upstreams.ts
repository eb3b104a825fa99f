import { atLeast, atMost, type Experiment, exactly, type Figure, promises } from "./experiment.ts";
import { chargedTo, longestMs, statusesOf, statusOf } from "./ledger-questions.ts";
import { type ClientCall, Load, percentile } from "./load.ts";
import { besideFigures, measureBeside } from "./neighbour.ts";
import { answerOk, ODDITIES, startOdd } from "./odd-upstream.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig, type Served } from "./rig.ts";

const OPEN = { version: "1", default: "allow" } as const;
/** Counts each call, so that what stays charged can be seen. */
const COUNTED = {
  version: "1",
  default: "deny",
  tools: { pay: { limits: [{ counter: "odd-calls", window: "month", max: 1_000_000 }] } },
} as const;
const DEADLINE_MS = 2_000;
/** What a server has that nobody gave another. */
const DEFAULT_DEADLINE_MS = 55_000;
const HUNG = 100;
/** For how long an answer may be late. */
const LATE_MS = 250;

export interface HangOptions {
  readonly rounds: number;
  /** How late an answer may be; more where other tests run at the same time. */
  readonly lateMs: number;
  readonly noiseMs: number;
}

/** F5: an upstream takes calls and never answers; the calls of another one go on beside it. */
export async function hangUpstream({ rounds, lateMs, noiseMs }: HangOptions): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  await using dead = await startOdd(() => {});
  const hanging = rig.register("dead", dead.url, COUNTED, DEADLINE_MS);
  const served = await rig.serve();
  const others = new Load(rig.target(served), 16);
  const hung = new Load(rig.target(served, hanging), HUNG);
  await others.offer(200, () => "pay", 1_000);
  const options = { rounds, perSecond: 200, windowMs: DEADLINE_MS - 500 };
  const beside = await measureBeside(others, options, async (measure) => {
    let areOver = false;
    const waiting = Promise.all(Array.from({ length: HUNG }, () => hung.call("pay"))).then(() => {
      areOver = true;
    });
    // To make a hundred calls at once is work for both sides; what they cost while they hang is asked here.
    while (!areOver && (await openCalls(served)) < HUNG);
    await measure();
    await waiting;
  });
  const again = await hung.call("pay");
  await Promise.all([others.close(), hung.close()]);
  await rig.stop(served);
  const sent = rounds * HUNG + 1;
  const failed = hung.calls.filter(({ outcome }) => outcome === "failed");
  return [
    exactly("hung calls answered as failed", failed.length, sent),
    atMost(
      "longest by the gateway's clock, deadline 2,000 ms",
      longestMs(rig, "dead"),
      DEADLINE_MS + lateMs,
      " ms",
    ),
    atMost("  by the client's", Math.max(...failed.map(({ ms }) => ms)), DEADLINE_MS + lateMs, " ms"),
    exactly("a slot is free again", again.outcome, "failed"),
    exactly("hung calls that stay charged", chargedTo(rig, "odd-calls"), sent),
    exactly("statuses in the log", [...statusesOf(rig, "dead").keys()].join(" "), "unknown"),
    ...besideFigures(beside, 0.05, noiseMs),
    promises(brokenPromises(reconcile(rig, others.calls), { drift: sent })),
  ];
}

/** F5, for as long as a server has by default. */
async function hangByDefault(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  await using dead = await startOdd(() => {});
  const served = await rig.serve();
  const load = new Load(rig.target(served, rig.register("dead", dead.url, OPEN, DEFAULT_DEADLINE_MS)), 1);
  const { ms, outcome } = await load.call("pay");
  await load.close();
  await rig.stop(served);
  const what = `answered (${outcome}), deadline ${DEFAULT_DEADLINE_MS} ms`;
  return [atMost(what, ms, DEFAULT_DEADLINE_MS + LATE_MS, " ms")];
}

/** F6: each oddity is one failure of one call, told by name, and the gateway lives. */
export async function oddAnswers(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  const byNumber = new Map<number, (typeof ODDITIES)[number]>();
  await using odd = await startOdd((socket, id) => byNumber.get(id)?.answer(socket, id));
  const registered = rig.register("odd", odd.url, OPEN, DEADLINE_MS);
  const served = await rig.serve();
  const load = new Load(rig.target(served, registered), 8);
  const calls: ClientCall[] = [];
  for (const oddity of ODDITIES) {
    byNumber.set(load.nextNumber(), oddity);
    calls.push(await load.call("pay"));
  }
  const others = new Load(rig.target(served), 1);
  const after = await others.call("pay");
  await Promise.all([load.close(), others.close()]);
  await rig.stop(served);
  const figures = ODDITIES.map((oddity, at): Figure => {
    const call = calls[at];
    if (call === undefined) throw new Error("an oddity that nobody called");
    const named = call.text.includes("odd") ? "names the server" : call.text.slice(0, 80);
    const measured = `${call.outcome}, ${statusOf(rig, call)}, ${named}`;
    return exactly(oddity.name, measured, `failed, ${oddity.status}, names the server`);
  });
  const found = promises(brokenPromises(reconcile(rig, others.calls), { drift: 0 }));
  return [...figures, exactly("still serving", after.outcome, "ran"), found];
}

const PLACES = 128;
const QUEUE = 256;
const CROWD_PER_SECOND = 400;
const WELL_MS = 50;
const SLOW_MS = 5_000;

/** F8: one server slows down a hundredfold under the same load; others do not notice, and its queue is bounded. */
export async function slowNeighbour(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  let delayMs = WELL_MS;
  await using slow = await startOdd((socket, id) => {
    setTimeout(() => answerOk(socket, id), delayMs);
  });
  const registered = rig.register("slow", slow.url, OPEN, 4 * SLOW_MS);
  const served = await rig.serve();
  const others = new Load(rig.target(served), 16);
  const crowd = new Load(rig.target(served, registered), 1_000);
  await Promise.all([others, crowd].map((load) => load.offer(200, () => "pay", 1_000)));
  const crowding = crowd.offer(CROWD_PER_SECOND, () => "pay");
  let most = 0;
  const beside = await measureBeside(
    others,
    { rounds: 6, perSecond: 200, windowMs: 3_000 },
    async (measure) => {
      delayMs = SLOW_MS;
      await measure();
      most = Math.max(most, await openCalls(served));
      delayMs = WELL_MS;
      // Until the last slow call is over, and the queue behind it.
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    },
  );
  crowd.end();
  await crowding;
  await Promise.all([others.close(), crowd.close()]);
  await rig.stop(served);
  const busy = crowd.calls.filter(({ text }) => text.includes("too many calls are waiting"));
  const told = busy.filter(({ text }) => text.includes('"io.portcullis/retryAfterMs":1000'));
  return [
    atMost("calls that the slow server had at a time", slow.most(), PLACES),
    atMost("calls that were open in the gateway", most, PLACES + QUEUE),
    atLeast("calls that were told that it is busy", busy.length, 1),
    atMost(
      "  p99 of the time that it took",
      percentile(
        busy.map(({ ms }) => ms),
        0.99,
      ),
      250,
      " ms",
    ),
    exactly("  and when to ask again", told.length, busy.length),
    ...besideFigures(beside, 0.1),
    promises(brokenPromises(reconcile(rig, others.calls), { drift: 0 })),
  ];
}

async function openCalls({ adminUrl }: Served): Promise<number> {
  const metrics = await fetch(`${adminUrl}/metrics`).then((answer) => answer.text());
  return Number(/^portcullis_open_calls (\d+)/m.exec(metrics)?.[1]);
}

const IN_FULL: HangOptions = { rounds: 8, lateMs: LATE_MS, noiseMs: 1 };

export const F5: Experiment = {
  id: "F5",
  fault: "an upstream accepts and hangs",
  run: async () => [...(await hangUpstream(IN_FULL)), ...(await hangByDefault())],
};
export const F6: Experiment = { id: "F6", fault: "an upstream breaks in every way", run: oddAnswers };
export const F8: Experiment = {
  id: "F8",
  fault: "one server slows down from 50 ms to 5 s",
  run: slowNeighbour,
};
