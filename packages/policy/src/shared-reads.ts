import { compileReadOne, type ReadOne } from "./condition-read.ts";
import type { WallClock } from "./condition-time.ts";
import type { JsonValue } from "./json.ts";
import type { Path } from "./path.ts";

/** So many paths of a document are kept; those after them are read each time. */
const MAX_KEPT_PATHS = 16;

/**
 * Reads that the rules of one document share: several rules ask for one amount, and a call's value of a path is
 * looked up once.
 */
export class SharedReads {
  readonly #clock: WallClock;
  readonly #known = new Map<string, ReadOne>();

  constructor(clock: WallClock) {
    this.#clock = clock;
  }

  /** Compiles a path without `[*]`, or finds it (C3). */
  one(path: Path): ReadOne {
    const before = this.#known.get(path.text);
    if (before !== undefined) return before;
    const read = compileReadOne(path, this.#clock);
    const at = this.#known.size;
    const shared = at < MAX_KEPT_PATHS ? keeping(read, at) : read;
    this.#known.set(path.text, shared);
    return shared;
  }
}

function keeping(read: ReadOne, at: number): ReadOne {
  return (reading) => {
    const kept = reading.kept[at];
    // What is missing is looked up again; it has no value that could be kept.
    if (kept !== undefined) return kept;
    const value = read(reading);
    reading.kept[at] = value;
    return value;
  };
}

/** No holes: an array that has them is slower to read. */
const NOTHING: readonly (JsonValue | undefined)[] = Array.from({ length: MAX_KEPT_PATHS }, () => undefined);

/** Room for what the paths of one document read of one call. */
export function nothingKept(): (JsonValue | undefined)[] {
  return NOTHING.slice();
}
