/**
 * CPU per call, of loads that take turns. A machine that is shared changes its speed by a quarter within seconds, and
 * visits of the rounds are half a minute apart. Here all loads are up at once, and each is stopped while another one has
 * its turn of a fifth of a second: what slows one contestant down slows all of them down.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Contestant } from "./contestants/contestant.ts";
import { type Spread, shownSpread, spreadOf } from "./figures.ts";
import { type StartedLoad, startLoad } from "./load/load.ts";
import type { Programs } from "./machine.ts";
import type { Table } from "./report.ts";

const TURN_MS = 200;
/** What a stopped load has asked for is answered before the next one has its turn. */
const SETTLE_MS = 50;
/** Of each load in a block. */
const TURNS = 8;
const BLOCKS = 5;

/** CPU µs per call by name. */
type Block = ReadonlyMap<string, number>;

export interface Turns {
  readonly table: Table;
  /** CPU per call of one against another, block by block. */
  ratio(name: string, base: string): Spread;
}

export async function measureTurns(contestants: readonly Contestant[], programs: Programs): Promise<Turns> {
  const measured = contestants.filter(({ proxy }) => proxy !== undefined);
  const blocks: Block[] = [];
  for (let at = 0; at < BLOCKS; at += 1) blocks.push(await measureBlock(measured, programs));
  const of = (figure: (block: Block) => number) => spreadOf(blocks.map(figure));
  const ratio = (name: string, base: string) =>
    of((block) => (block.get(name) ?? Number.NaN) / (block.get(base) ?? Number.NaN));
  const rows = measured.map(({ name, title }) => [
    title,
    shownSpread(of((block) => block.get(name) ?? Number.NaN)),
    shownSpread(ratio(name, "bare")),
  ]);
  const head = ["what", "CPU µs per call", "against bare"];
  return { table: { title: "CPU per call, loads that take turns", head, rows }, ratio };
}

interface Load {
  readonly contestant: Contestant;
  readonly cpuBefore: number;
  readonly load: StartedLoad;
}

async function measureBlock(contestants: readonly Contestant[], programs: Programs): Promise<Block> {
  const seconds = Math.ceil((TURNS * contestants.length * (TURN_MS + SETTLE_MS)) / 1000);
  const loads: Load[] = [];
  try {
    for (const contestant of contestants) {
      const cpuBefore = contestant.proxy?.cpuSeconds() ?? Number.NaN;
      const load = startLoad(contestant, programs, { seconds });
      loads.push({ contestant, cpuBefore, load });
      await takeTurn(load);
    }
    // A load whose time is over ends in its next turn.
    for (let round = 0; loads.some(({ load }) => !load.hasEnded()); round += 1) {
      for (const { load } of round % 2 === 0 ? loads : loads.toReversed()) await takeTurn(load);
    }
    const calls = await Promise.all(loads.map(async ({ load }) => (await load.result).calls));
    return new Map(
      loads.map(({ contestant: { name, proxy }, cpuBefore }, at) => [
        name,
        (((proxy?.cpuSeconds() ?? Number.NaN) - cpuBefore) * 1e6) / (calls[at] ?? Number.NaN),
      ]),
    );
  } finally {
    for (const { load } of loads) load.signal("SIGKILL");
  }
}

async function takeTurn(load: StartedLoad): Promise<void> {
  if (load.hasEnded()) return;
  load.signal("SIGCONT");
  await Promise.race([sleep(TURN_MS), load.result]);
  load.signal("SIGSTOP");
  await sleep(SETTLE_MS);
}
