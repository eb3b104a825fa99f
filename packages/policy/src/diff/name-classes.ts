import { freshCharacter } from "../glob.ts";

/** One name for each set of globs that some name matches. */
export interface NameClasses {
  readonly names: readonly string[];
  /** False when the globs were too many to go through all sets. */
  readonly isComplete: boolean;
}

/**
 * Finds, for every name there can be, one that the same globs match: what a document says of one it says of the other
 * (T3). Reads all globs at once, character by character, like one automaton. Names that a glob of `ignored` matches
 * interest nobody.
 */
export function findNameClasses(globs: readonly string[], ignored: ReadonlySet<string>): NameClasses {
  const start: Reached = { name: "", places: globs.map((glob) => startOf(glob, ignored.has(glob))) };
  const characters = globs.join("").replaceAll("*", "");
  const alphabet = new Set([freshCharacter(characters), ...characters]);
  const seen = new Set([keyOf(start.places)]);
  const names = new Map<string, string>();
  const queue = [start];
  let steps = 0;
  for (const { name, places } of queue) {
    const matching = places.filter(({ matches }) => matches);
    const globsMatching = matching.map(({ glob }) => glob).join("\n");
    if (!names.has(globsMatching) && !matching.some(({ isIgnored }) => isIgnored))
      names.set(globsMatching, name);
    const open = places.filter(({ matchesForGood }) => !matchesForGood).length;
    for (const character of alphabet) {
      steps += open + 1;
      if (steps > MAX_STEPS) return { names: [...names.values()], isComplete: false };
      const next = places.map((place) => place.read(character)).filter(({ isLost }) => !isLost);
      const key = keyOf(next);
      if (seen.has(key) || next.some((place) => place.isIgnored && place.matchesForGood)) continue;
      seen.add(key);
      queue.push({ name: name + character, places: next });
    }
  }
  return { names: [...names.values()], isComplete: true };
}

/** Characters read by a glob: a second or two of work, far above what policies need. */
const MAX_STEPS = 5_000_000;

/** A beginning of names, and where each glob is after it that may still match. */
interface Reached {
  readonly name: string;
  readonly places: readonly Place[];
}

/** Where a glob is after some characters: a state of its deterministic automaton, made when it is first reached. */
interface Place {
  readonly glob: string;
  /** Differs from that of every other place. */
  readonly key: string;
  readonly matches: boolean;
  /** True when whatever follows matches. */
  readonly matchesForGood: boolean;
  /** True when nothing that follows matches. */
  readonly isLost: boolean;
  readonly isIgnored: boolean;
  readonly read: (character: string) => Place;
}

function keyOf(places: readonly Place[]): string {
  return places.map(({ key }) => key).join("\n");
}

function startOf(glob: string, isIgnored: boolean): Place {
  const tokens = [...glob.replaceAll(/\*+/g, "*")];
  const known = new Map<string, Place>();
  const toPlace = (positions: readonly number[]): Place => {
    const key = `${glob}\n${positions.join()}`;
    const place = known.get(key) ?? createPlace(key, positions);
    known.set(key, place);
    return place;
  };
  const createPlace = (key: string, positions: readonly number[]): Place => {
    const next = new Map<string, Place>();
    const read = (character: string): Place => {
      const place = next.get(character) ?? toPlace(step(tokens, positions, character));
      next.set(character, place);
      return place;
    };
    const matches = positions.includes(tokens.length);
    const matchesForGood = matches && tokens.at(-1) === "*";
    return { glob, key, matches, matchesForGood, isLost: positions.length === 0, isIgnored, read };
  };
  return toPlace(reach(tokens, [0]));
}

/** The positions in the glob after one more character. */
function step(tokens: readonly string[], positions: readonly number[], character: string): readonly number[] {
  const next = positions.flatMap((position) => {
    if (tokens[position] === "*") return [position];
    return tokens[position] === character ? [position + 1] : [];
  });
  return reach(tokens, next);
}

/** Adds what lies behind stars, which may match nothing, and drops what lies before the last one: it can do no more. */
function reach(tokens: readonly string[], positions: readonly number[]): readonly number[] {
  const all = positions.flatMap((position) =>
    tokens[position] === "*" ? [position, position + 1] : [position],
  );
  const lastStar = all.findLast((position) => tokens[position] === "*") ?? 0;
  return [...new Set(all)].sort((a, b) => a - b).filter((position) => position >= lastStar);
}
