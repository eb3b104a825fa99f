import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readEntries } from "@portcullis/server";
import {
  atLeast,
  atMost,
  type Experiment,
  exactly,
  type Figure,
  info,
  promises,
  type Skipped,
} from "./experiment.ts";
import { type ClientCall, Load } from "./load.ts";
import { askLog, readIntents } from "./logged-calls.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig, type Served } from "./rig.ts";

const HOURLY_CAP = 200;
const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const HOUR_MS = HOUR_S * 1_000;
/** Longer than the gateway takes to look at its clock. */
const HELD_MS = 2_500;
/** Until a clock that stands still is too far behind. */
const FROZEN_MS = 6_000;
/** How near the end of a grant has to be met. */
const NEAR_S = 5;

/** The clock of one process, as libfaketime reads it from a file. */
class FakeClock {
  readonly env: { readonly [name: string]: string };
  readonly #file: string;

  constructor(library: string, file: string) {
    this.#file = file;
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
    this.set(0);
  }

  set(offsetS: number): void {
    writeFileSync(this.#file, `${offsetS < 0 ? "" : "+"}${offsetS}\n`);
  }

  /** It stands still, at what it is now. */
  freeze(): void {
    const local = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000);
    writeFileSync(this.#file, `${local.toISOString().slice(0, 19).replace("T", " ")}\n`);
  }
}

/** F18: somebody sets the clock of the gateway, forth and back, while calls come and an hourly limit is used up. */
export async function setClock(): Promise<readonly Figure[] | Skipped> {
  const library = findFaketime();
  if (library === undefined)
    return { skipped: "setting one process's clock takes libfaketime; the simulator does it too" };
  await using rig = await Rig.open();
  rig.publish("bank", {
    version: "1",
    default: "deny",
    tools: {
      pay: {},
      capped: { limits: [{ counter: "capped", window: "hour", max: HOURLY_CAP }] },
      odd_slow: { limits: [{ counter: "slides", window: "hour", max: HOURLY_CAP, algorithm: "sliding" }] },
    },
  });
  const clock = new FakeClock(library, join(dirname(rig.executionsFile), "clock"));
  const served = await rig.serve({ env: clock.env });
  const load = new Load(rig.target(served), 8);
  await load.call("pay");
  const paying = load.offer(100, () => "pay");
  for (const offsetS of [0, HOUR_S, 0, DAY_S, 0, -HOUR_S, -DAY_S, 0]) {
    clock.set(offsetS);
    await useUp(load);
  }
  clock.freeze();
  await useUp(load);
  await new Promise((resolve) => setTimeout(resolve, FROZEN_MS));
  clock.set(0);
  const grants = await endOfGrants(rig, served, clock);
  load.end();
  await paying;
  await load.close();
  await rig.stop(served);
  return [...clockFigures(rig, [...load.calls, ...grants.calls], served), ...grants.figures];
}

/** More calls of both limits than an hour has, and time for the gateway to look at its clock. */
async function useUp(load: Load): Promise<void> {
  const startedMs = performance.now();
  const calls = Array.from({ length: 2 * HOURLY_CAP + 100 }, (_, at) =>
    load.call(at % 2 === 0 ? "odd_slow" : "capped"),
  );
  await Promise.all(calls);
  await new Promise((resolve) => setTimeout(resolve, HELD_MS - (performance.now() - startedMs)));
}

function clockFigures(rig: Rig, calls: readonly ClientCall[], served: Served): readonly Figure[] {
  const hours = ranByHour(rig, calls, "capped");
  const slides = ranByHour(rig, calls, "odd_slow");
  const answered = new Set(["ran", "limited"]);
  const refused = calls.filter(({ outcome, status }) => !answered.has(outcome) && status !== 401).length;
  const jumps = served.logged().split('"event":"clock_jumped"').length - 1;
  const found = reconcile(rig, calls);
  const { gaps, backwards } = orderOf(rig);
  return [
    atMost("fixed: most that ran in one hour of the gateway's clock", Math.max(...hours), HOURLY_CAP),
    atMost("sliding: most that ran in one hour of it", Math.max(...slides), HOURLY_CAP),
    exactly("tokens that ended or answers that failed", refused, 0),
    atLeast("jumps and standstills that the log tells of", jumps, 8),
    exactly("gaps in the numbers of the log", gaps, 0),
    info("  entries whose time is before the one before", String(backwards)),
    info("hours seen", `${hours.length} fixed, ${slides.length} sliding`),
    // Charges of windows that are over for one clock and not for the other are forgotten at different times.
    promises(
      brokenPromises(found, { drift: Number.POSITIVE_INFINITY }).filter((one) => !one.startsWith("drift")),
    ),
  ];
}

/** A grant of an hour, just before and just after its end, and again before it. */
async function endOfGrants(rig: Rig, served: Served, clock: FakeClock) {
  const target = { ...rig.target(served), token: rig.grant("bank", HOUR_MS).token };
  const load = new Load(target, 1);
  const outcomes: string[] = [];
  for (const offsetS of [HOUR_S - NEAR_S, HOUR_S + NEAR_S, 0]) {
    clock.set(offsetS);
    outcomes.push(String((await load.call("pay")).status));
  }
  await load.close();
  clock.set(0);
  const [before, after, again] = outcomes;
  const figures = [
    exactly(
      `a grant of an hour, ${NEAR_S} s before its end and ${NEAR_S} s after it`,
      `${before}, ${after}`,
      "200, 401",
    ),
    info("  and with the clock set back", `${again}: the end of a grant follows the clock of the machine`),
  ];
  return { figures, calls: load.calls };
}

function orderOf(rig: Rig): { readonly gaps: number; readonly backwards: number } {
  let gaps = 0;
  let backwards = 0;
  askLog(rig, (db) => {
    let before: { readonly seq: number; readonly time: number } | undefined;
    for (const { body, entry } of readEntries(db, 0)) {
      // The number that it was hashed with: counting the lines of a block would find none amiss.
      const { seq } = JSON.parse(body) as { seq: number };
      if (before !== undefined && seq !== before.seq + 1) gaps += 1;
      if (before !== undefined && entry.time < before.time) backwards += 1;
      before = { seq, time: entry.time };
    }
  });
  return { gaps, backwards };
}

/** How many calls ran in each hour, by the time that their intents say. */
function ranByHour(rig: Rig, calls: readonly ClientCall[], tool: string): readonly number[] {
  const ran = new Set(rig.executions().map(({ n }) => n));
  const wanted = calls.filter((call) => call.tool === tool && ran.has(call.args.n));
  const digests = new Set(wanted.map(({ args }) => rig.folder.keys.argumentsHmac(JSON.stringify(args))));
  const hours = new Map<number, number>();
  for (const { time, argumentsHmac } of askLog(rig, readIntents)) {
    const hour = Math.floor(time / HOUR_MS);
    if (digests.has(argumentsHmac ?? "")) hours.set(hour, (hours.get(hour) ?? 0) + 1);
  }
  return [...hours.values()];
}

function findFaketime(): string | undefined {
  for (const folder of ["/usr/lib", "/usr/lib64"]) {
    if (!existsSync(folder)) continue;
    for (const name of ["", ...readdirSync(folder)]) {
      const file = join(folder, name, "faketime/libfaketimeMT.so.1");
      if (existsSync(file)) return file;
    }
  }
  return undefined;
}

export const F18: Experiment = {
  id: "F18",
  fault: "the clock jumps by an hour and a day, and stands still",
  run: setClock,
};
