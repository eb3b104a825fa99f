/** Interleaved rounds: every contestant is visited once a round, in alternating order. */
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Contestant, callsOf } from "./contestants/contestant.ts";
import type { Running } from "./contestants/running.ts";
import { cpuSeconds, machineBusySeconds } from "./cpu.ts";
import { type LoadOptions, type LoadResult, runLoad } from "./load/load.ts";
import type { Programs } from "./machine.ts";
import { prove } from "./proof.ts";

/** What one visit showed. */
export interface Visit extends LoadResult {
  readonly callsPerSecond: number;
  /** User and system time of the proxy's processes; NaN where there is no proxy. */
  readonly cpuMicros: number;
  /** How much of one core the proxy used. Below 0.9 the load was not enough to saturate it. */
  readonly busy: number;
  /** CPU that others used, as a part of the whole machine. */
  readonly foreign: number;
  readonly residentBytes: number;
}

export interface Plan {
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  readonly load: LoadOptions;
  readonly upstream: Running;
  readonly programs: Programs;
  /** Disturbed visits that may be made again, over all. Default: one for each contestant. */
  readonly repeats?: number;
}

/** Above this part of the machine others disturb a visit so much that it is made again. */
export const MAX_FOREIGN = 0.1;
/** What framing as chunks may add to an answer. */
const FRAMING = 0.03;
const PAUSE_MS = 500;
const CORES = availableParallelism();

/** Visits by name, the best that could be had of each round. */
export type Visits = ReadonlyMap<string, readonly Visit[]>;

export async function runRounds(plan: Plan): Promise<Visits> {
  const { contestants, rounds } = plan;
  const visits = new Map<string, Visit[]>(contestants.map(({ name }) => [name, []]));
  const budget = { repeats: plan.repeats ?? contestants.length };
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      visits.get(contestant.name)?.push(await quietVisit(contestant, plan, budget));
    }
  }
  return visits;
}

/** Repeats a disturbed visit as long as the budget lasts; of disturbed ones the least disturbed counts. */
async function quietVisit(contestant: Contestant, plan: Plan, budget: { repeats: number }): Promise<Visit> {
  let best = await visit(contestant, plan);
  while (best.foreign > MAX_FOREIGN && budget.repeats > 0) {
    budget.repeats -= 1;
    await sleep(PAUSE_MS);
    const again = await visit(contestant, plan);
    if (again.foreign < best.foreign) best = again;
  }
  return best;
}

/** One load, between two proofs that the answers are right. */
export async function visit(contestant: Contestant, plan: Plan): Promise<Visit> {
  const { upstream, programs, load } = plan;
  const { proxy } = contestant;
  const before = { proxy: proxy?.cpuSeconds() ?? 0, own: ownCpu(upstream), machine: machineBusySeconds() };
  const started = performance.now();
  const result = await runLoad(contestant, programs, load);
  const elapsed = (performance.now() - started) / 1000;
  const spent = (proxy?.cpuSeconds() ?? Number.NaN) - before.proxy;
  const machine = machineBusySeconds() - before.machine;
  const foreign = machine - (ownCpu(upstream) - before.own) - (Number.isNaN(spent) ? 0 : spent);
  const residentBytes = proxy?.residentBytes() ?? Number.NaN;
  const answerBytes = await prove(contestant);
  assertLength(contestant, result, answerBytes);
  return {
    ...result,
    callsPerSecond: result.calls / result.seconds,
    cpuMicros: (spent * 1e6) / result.calls,
    busy: spent / result.seconds,
    foreign: Math.max(0, foreign) / (elapsed * CORES),
    residentBytes,
  };
}

/**
 * An error inside a 200 is no failure to a load that reads no bodies, but its length tells. At the end of a load each
 * connection may have had a part of one more answer.
 */
function assertLength(contestant: Contestant, { bytes, calls }: LoadResult, answerBytes: number): void {
  const found = bytes / calls;
  const most = FRAMING + callsOf(contestant).connections / calls;
  if (Math.abs(found / answerBytes - 1) <= most) return;
  throw new Error(
    `${contestant.name}: answers under load have ${found} bytes, but should have ${answerBytes}`,
  );
}

/** The bench itself, the load that it waited for, and the upstream. */
function ownCpu(upstream: Running): number {
  return cpuSeconds([process.pid]) + upstream.cpuSeconds();
}
