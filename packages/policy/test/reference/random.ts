/** A small repeatable source of choices (mulberry32). */
export interface Random {
  /** A whole number from 0 to `below` − 1. */
  readonly below: (below: number) => number;
  /** True in one of `in1` cases. */
  readonly oneIn: (in1: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
  /** Between `least` and `most` results of `make`. */
  readonly some: <T>(least: number, most: number, make: () => T) => T[];
  /** Between `least` and `most` different items. */
  readonly subset: <T>(items: readonly T[], least: number, most: number) => T[];
}

/** The same seed gives the same choices on every platform. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[below(items.length)];
    if (item === undefined) throw new Error("`pick` needs at least one item and no undefined ones");
    return item;
  };
  const some = <T>(least: number, most: number, make: () => T): T[] =>
    Array.from({ length: least + below(most - least + 1) }, make);
  const subset = <T>(items: readonly T[], least: number, most: number): T[] => [
    ...new Set(some(least, most, () => pick(items))),
  ];
  return { below, oneIn: (in1) => below(in1) === 0, pick, some, subset };
}

/** A member that is there in one of `in1` cases. */
export function optional<K extends string, V>(
  random: Random,
  in1: number,
  key: K,
  make: () => V,
): { [P in K]?: V } {
  return random.oneIn(in1) ? ({ [key]: make() } as { [P in K]: V }) : {};
}
