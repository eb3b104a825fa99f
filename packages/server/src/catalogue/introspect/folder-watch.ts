import { lstatSync } from "node:fs";
import { join } from "node:path";
import { readEntries } from "./read-bounded.ts";

/** How much may lie in a folder: the sizes of its files, added up. */
export interface FolderLimit {
  readonly path: string;
  readonly maxBytes: number;
}

/** Often enough that a fast disk gets a gigabyte too much at most. */
const LOOK_EVERY_MS = 500;

/** Says once, soon after, that a folder got larger than it may; an archive says nothing true of its size before. */
export class FolderWatch {
  readonly #limit: FolderLimit;
  readonly #onTooLarge: () => void;
  readonly #timer: NodeJS.Timeout;
  #isTooLarge = false;

  constructor(limit: FolderLimit, onTooLarge: () => void) {
    this.#limit = limit;
    this.#onTooLarge = onTooLarge;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Looks a last time; true when it was too large at any look. */
  end(): boolean {
    clearInterval(this.#timer);
    return this.#isTooLarge || holdsMoreThan(this.#limit);
  }

  #look(): void {
    if (this.#isTooLarge || !holdsMoreThan(this.#limit)) return;
    this.#isTooLarge = true;
    this.#onTooLarge();
  }
}

function holdsMoreThan({ path, maxBytes }: FolderLimit): boolean {
  const open = [path];
  let bytes = 0;
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of readEntries(folder)) {
      const place = join(folder, entry.name);
      if (entry.isDirectory()) open.push(place);
      else bytes += sizeOf(place);
    }
    if (bytes > maxBytes) return true;
  }
  return false;
}

function sizeOf(path: string): number {
  try {
    return lstatSync(path).size;
  } catch {
    return 0;
  }
}
