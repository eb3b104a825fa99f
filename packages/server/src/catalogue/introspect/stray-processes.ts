import { realpathSync } from "node:fs";
import { sep } from "node:path";
import { environmentOf, type ProcessEntry, pathsOf, processTable } from "./process-table.ts";

/** Every process of one introspection has a variable of this name with a value of its own. */
export const MARK = "PORTCULLIS_INTROSPECTION";

/** Between two looks; a killed process takes a moment to be gone, and one that forks may slip through a look. */
const LOOK_EVERY_MS = 20;
const MAX_LOOKS = 100;
/** Where many processes run a look takes long: the rest after it is so many times as long, so that others can work. */
const REST_PER_LOOK = 4;

/**
 * Finds the processes of an introspection, those that left their process group among them: a process that began
 * after this, and carries the mark, or works in the folder, or has a parent that was found while it ran. One whose
 * parents all ended between two looks, without the mark and outside of the folder, is not found. Linux only;
 * elsewhere none is.
 */
export class StrayWatch {
  readonly #mark: string;
  readonly #folder: string;
  /** Whoever was there before is not the package's, whatever it has open. */
  readonly #before: ReadonlySet<string>;
  readonly #found = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** Looks until its end; begins before the package does. */
  constructor(mark: string, folder: string) {
    this.#mark = `${MARK}=${mark}`;
    this.#folder = realpathSync(folder);
    this.#before = new Set([...processTable().values()].map(({ identity }) => identity));
    this.#lookAfter(LOOK_EVERY_MS);
  }

  /** Ends every process that was or is found; how many would not end. */
  async end(): Promise<number> {
    clearTimeout(this.#timer);
    for (let look = 0; look < MAX_LOOKS && killAll(this.#look()) > 0; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return this.#look().length;
  }

  #lookAfter(restMs: number): void {
    this.#timer = setTimeout(() => {
      const beganMs = performance.now();
      this.#look();
      this.#lookAfter(Math.max(LOOK_EVERY_MS, (performance.now() - beganMs) * REST_PER_LOOK));
    }, restMs).unref();
  }

  /** Those found that still run. */
  #look(): readonly ProcessEntry[] {
    const table = processTable();
    const isTheirs = (entry: ProcessEntry): boolean => {
      if (this.#found.has(entry.identity)) return true;
      if (this.#before.has(entry.identity)) return false;
      const parent = table.get(entry.parent);
      const isChild = parent !== undefined && parent.pid !== entry.pid && isTheirs(parent);
      if (!isChild && !this.#carriesMark(entry) && !this.#worksInFolder(entry)) return false;
      this.#found.add(entry.identity);
      return true;
    };
    return [...table.values()].filter(isTheirs);
  }

  #carriesMark({ pid }: ProcessEntry): boolean {
    return environmentOf(pid).includes(this.#mark);
  }

  #worksInFolder({ pid }: ProcessEntry): boolean {
    return pathsOf(pid).some((path) => path === this.#folder || path.startsWith(this.#folder + sep));
  }
}

function killAll(processes: readonly ProcessEntry[]): number {
  for (const { pid } of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself, or is not ours to end.
    }
  }
  return processes.length;
}
