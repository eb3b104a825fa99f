import { readEntries } from "@portcullis/server";
import { seededRandom } from "../../packages/policy/test/reference/random.ts";
import { atLeast, atMost, type Experiment, exactly, type Figure, promises } from "./experiment.ts";
import { type ClientCall, Load } from "./load.ts";
import { askLog, newestSeq } from "./logged-calls.ts";
import { brokenPromises, reconcile, unknownCalls } from "./reconciler.ts";
import { Rig } from "./rig.ts";

const PER_SECOND = 2_000;
const CONNECTIONS = 128;
/** From a start to the death at most: some die while they start, most while they work. */
const MAX_LIFE_MS = 3_000;
/** An answer is given before its outcome is committed, two turns later at most, and a connection has one call a turn. */
const UNCOMMITTED = 2 * CONNECTIONS;
/** Entries before a death among which all calls are that it can have left open. */
const LOOKED_AT = 20_000;
/** Reached in about the middle of a run, so that both sides of the limit see deaths. */
const CAP_PER_KILL = 200;

interface World {
  readonly rig: Rig;
  readonly load: Load;
  /** Where everybody finds each gateway after the other. */
  readonly port: number;
}

/** One process of the gateway, from its start to its death. */
interface Life {
  /** Undefined when it died before it was ready. */
  readonly readyMs: number | undefined;
  /** Calls of earlier lives that had no outcome when it was ready. */
  readonly leftOpen: number;
  readonly isKilled: boolean;
  readonly diedMs: number;
  /** Calls that were sent and not answered when it died. */
  readonly inFlight: number;
  /** Calls that were answered until then. */
  readonly calls: number;
  /** Entries of the log after its death. */
  readonly entries: number;
}

/** F1: `kill -9` at random instants while calls are offered at a fixed rate, again and again, on one data folder. */
export async function killUnderLoad(kills: number, seed: number): Promise<readonly Figure[]> {
  const random = seededRandom(seed);
  await using rig = await Rig.open({ cap: kills * CAP_PER_KILL });
  const first = await rig.serve();
  await rig.stop(first);
  const load = new Load(rig.target(first), CONNECTIONS);
  const world = { rig, load, port: Number(new URL(first.url).port) };
  const offering = load.offer(PER_SECOND, () => random.pick(["pay", "pay", "capped", "drop"]));
  const lives: Life[] = [];
  while (lives.length < kills) {
    const dieAfterMs = random.below(MAX_LIFE_MS);
    lives.push(await live(world, lives.at(-1), () => new Promise((die) => setTimeout(die, dieAfterMs))));
  }
  lives.push(await live(world, lives.at(-1), () => untilBack(load, lives.at(-1))));
  load.end();
  const perSecond = await offering;
  await load.close();
  // Whatever the last one left open.
  await rig.stop(await rig.serve());
  return figuresOf(world, lives, perSecond);
}

async function live(
  { rig, load, port }: World,
  before: Life | undefined,
  end: () => Promise<void>,
): Promise<Life> {
  const serving = rig.launchServe({ port });
  let leftOpen = 0;
  const ready = serving.ready.then((served) => {
    if (served !== undefined) leftOpen = callsLeftOpen(rig, before?.entries ?? 0);
    return served?.readyMs;
  });
  await end();
  const diedMs = performance.now();
  const inFlight = load.onTheWire;
  const calls = load.calls.length;
  serving.child.kill("SIGKILL");
  const [, signal] = await serving.ended;
  const readyMs = await ready;
  return {
    readyMs,
    leftOpen,
    isKilled: signal === "SIGKILL",
    diedMs,
    inFlight,
    calls,
    entries: askLog(rig, newestSeq),
  };
}

async function untilBack(load: Load, before: Life | undefined): Promise<void> {
  while (backAfterMs(load, before) === undefined) await new Promise(setImmediate);
}

/** From a death to the answer of the first call that was sent after it and ran; undefined while there is none. */
function backAfterMs(load: Load, before: Life | undefined): number | undefined {
  const { diedMs, calls } = before ?? { diedMs: 0, calls: 0 };
  for (let at = calls; at < load.calls.length; at += 1) {
    const call = load.calls[at];
    if (call?.outcome === "ran" && call.sentMs > diedMs) return call.answeredMs - diedMs;
  }
  return undefined;
}

/** As above; undefined when there was none before the next death. */
function backBetweenMs(load: Load, death: Life, next: Life | undefined): number | undefined {
  const backMs = backAfterMs(load, death);
  const isInTime = backMs !== undefined && next !== undefined && death.diedMs + backMs < next.diedMs;
  return isInTime ? backMs : undefined;
}

/** How many of the unknown outcomes no death can explain. */
function strangers(rig: Rig, { calls }: Load, lives: readonly Life[]): number {
  const places = new Map(calls.map((call, at) => [call, at]));
  const isInFlight = (call: ClientCall) => {
    const place = places.get(call) ?? 0;
    return lives.some((life) => call.sentMs <= life.diedMs && place >= life.calls - UNCOMMITTED);
  };
  return unknownCalls(rig, calls).filter((call) => call === undefined || !isInFlight(call)).length;
}

/** Calls among the entries up to `last` that were sent and have no outcome; the last ones, as all before are settled. */
function callsLeftOpen(rig: Rig, last: number): number {
  const open = new Set<number>();
  askLog(rig, (db) => {
    for (const { seq, entry } of readEntries(db, last - LOOKED_AT)) {
      if (entry.kind === "intent" && entry.fate === "sent" && seq <= last) open.add(seq);
      if (entry.kind === "outcome") open.delete(entry.of);
    }
  });
  return open.size;
}

function figuresOf({ rig, load }: World, lives: readonly Life[], perSecond: number): readonly Figure[] {
  const inFlight = lives.reduce((sum, life) => sum + life.inFlight, 0);
  const found = reconcile(rig, load.calls);
  const served = lives.filter(({ readyMs }) => readyMs !== undefined);
  const backMs = lives.map((life, at) => backBetweenMs(load, life, lives[at + 1]));
  const worst = (values: readonly (number | undefined)[]) => Math.max(...values.map((value) => value ?? 0));
  return [
    exactly("kills", lives.filter(({ isKilled }) => isKilled).length, lives.length),
    atLeast("calls offered a second", perSecond, 0.95 * PER_SECOND),
    exactly("executions without an intent", found.lost, 0),
    atMost("unknown outcomes, of calls in flight", found.unknown, inFlight),
    exactly("  of calls that were not in flight at a death", strangers(rig, load, lives), 0),
    exactly(
      "calls without an outcome at a start that was ready",
      worst(lives.map(({ leftOpen }) => leftOpen)),
      0,
    ),
    exactly("over-admission", found.overAdmitted, 0),
    atMost("counter drift, of calls in flight", found.drift, inFlight),
    atMost("ready after a start", worst(served.map(({ readyMs }) => readyMs)), 5_000, " ms"),
    atMost("  and calls are answered", worst(backMs), 5_000, " ms"),
    promises(brokenPromises(found, { drift: inFlight })),
    {
      what: "calls",
      required: "",
      measured: `${load.calls.length + load.unconnected}, ${load.unconnected} met nobody, ${found.executions} ran; ${served.length} lives were ready`,
      ok: true,
    },
  ];
}

export const F1: Experiment = {
  id: "F1",
  fault: "kill -9 at random instants under 2,000 calls/s",
  run: ({ seed, kills }) => killUnderLoad(kills, seed),
};
