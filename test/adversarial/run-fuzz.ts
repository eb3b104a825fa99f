/** A small coverage-guided fuzzer: what reaches a new branch is kept and changed further. */
import { Coverage } from "./coverage.ts";
import type { FuzzTarget } from "./fuzz-targets.ts";

export interface FuzzRun {
  readonly inputs: number;
  /** Inputs that are kept because each reached something new. */
  readonly kept: number;
  readonly branches: number;
  /** The first input that is wrong, as text, with what is wrong. */
  readonly failure: string | undefined;
}

const MAX_INPUT_BYTES = 4_096;
/** Asking V8 costs as much as tens of runs, so many runs share one question, and what is new is found by halves. */
const BATCH = 64;
/** Of so many batches one is asked about one by one: how often a branch runs is told for single inputs only. */
const LOOK_CLOSER = 64;

/** Fuzzes one target for so many seconds, from a seed that makes it come out the same. */
export function runFuzz(target: FuzzTarget, seconds: number, seed: number): FuzzRun {
  using coverage = new Coverage(target.files);
  const random = randomFrom(seed);
  const kept: Buffer[] = target.seeds.map((text) => Buffer.from(text));
  const endMs = performance.now() + seconds * 1_000;
  let inputs = 0;
  let failure: string | undefined;
  const run = (input: Buffer): void => {
    inputs += 1;
    failure ??= tryInput(target, input);
  };
  kept.forEach(run);
  coverage.takeNew();
  const known = new Set<string>();
  for (let batches = 1; failure === undefined && performance.now() < endMs; batches += 1) {
    const batch = Array.from({ length: BATCH }, () => change(kept, target.words, random));
    batch.forEach(run);
    const fresh = new Set([...coverage.takeBlocks()].filter((block) => !known.has(block)));
    for (const block of fresh) known.add(block);
    for (const input of batches % LOOK_CLOSER === 0 ? batch : findAny(batch, fresh, target, coverage)) {
      tryInput(target, input);
      if (coverage.takeNew() > 0 && input.length <= MAX_INPUT_BYTES) kept.push(input);
    }
    if (kept.length > MAX_KEPT) kept.splice(target.seeds.length, BATCH);
  }
  return { inputs, kept: kept.length, branches: coverage.size, failure };
}

const MAX_KEPT = 4_000;

/** Those of `inputs` that run any of the blocks, found by halves. */
function findAny(
  inputs: readonly Buffer[],
  blocks: ReadonlySet<string>,
  target: FuzzTarget,
  coverage: Coverage,
): readonly Buffer[] {
  if (blocks.size === 0) return [];
  if (inputs.length === 1) return inputs;
  const half = inputs.length / 2;
  return [inputs.slice(0, half), inputs.slice(half)].flatMap((some) => {
    for (const input of some) tryInput(target, input);
    const ran = coverage.takeBlocks();
    return findAny(some, new Set([...blocks].filter((block) => ran.has(block))), target, coverage);
  });
}

function tryInput(target: FuzzTarget, input: Buffer): string | undefined {
  const shown = (): string => JSON.stringify(input.toString("latin1"));
  try {
    const problem = target.check(input);
    return problem === undefined ? undefined : `${problem}: ${shown()}`;
  } catch (error) {
    return `it throws ${String(error)}: ${shown()}`;
  }
}

type Random = (below: number) => number;

/** One to four changes of one kept input. */
function change(kept: readonly Buffer[], words: readonly string[], random: Random): Buffer {
  let input = pick(kept, random);
  for (let times = 1 + random(4); times > 0; times -= 1) input = changeOnce(input, kept, words, random);
  return input;
}

function changeOnce(
  input: Buffer,
  kept: readonly Buffer[],
  words: readonly string[],
  random: Random,
): Buffer {
  const at = random(input.length + 1);
  const until = Math.min(input.length, at + 1 + random(8));
  switch (random(7)) {
    case 0:
      return splice(input, at, at, Buffer.from(pick(words, random)));
    case 1:
      return splice(input, at, until, Buffer.from(pick(words, random)));
    case 2:
      return splice(input, at, until, Buffer.alloc(0));
    case 3:
      return splice(input, at, at, input.subarray(at, Math.min(input.length, at + random(64))));
    case 4: {
      const other = pick(kept, random);
      const from = random(other.length + 1);
      return splice(input, at, until, other.subarray(from, from + random(64)));
    }
    case 5:
      return splice(input, at, at, Buffer.from([random(256)]));
    default:
      return splice(
        input,
        at,
        Math.min(input.length, at + 1),
        Buffer.from([(input[at] ?? 0) ^ (1 << random(8))]),
      );
  }
}

function splice(input: Buffer, from: number, to: number, between: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, from), between, input.subarray(to)]);
}

function pick<T>(from: readonly T[], random: Random): T {
  const chosen = from[random(from.length)];
  if (chosen === undefined) throw new Error("nothing to choose from");
  return chosen;
}

/** Mulberry32: small, and the same on every machine. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}
