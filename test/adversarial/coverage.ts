import { Session } from "node:inspector";

/** Which branches of some files ran, told by V8 itself. */
export class Coverage implements Disposable {
  readonly #session = new Session();
  readonly #files: readonly string[];
  readonly #seen = new Set<string>();

  /** `files`: ends of the paths that count. */
  constructor(files: readonly string[]) {
    this.#files = files;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Branches that were ever seen for one input alone, each with how often it ran, in powers of two. */
  get size(): number {
    return this.#seen.size;
  }

  /** For one input: how much of what ran since the last call, and how often, was never seen before. */
  takeNew(): number {
    const before = this.#seen.size;
    this.#take((block, count) => this.#seen.add(`${block}:${Math.floor(Math.log2(count))}`));
    return this.#seen.size - before;
  }

  /** For many inputs at once, whose counts say nothing: the branches that ran since the last call. */
  takeBlocks(): ReadonlySet<string> {
    const blocks = new Set<string>();
    this.#take((block) => blocks.add(block));
    return blocks;
  }

  #take(note: (block: string, count: number) => void): void {
    // An inspector of one's own process answers before `post` returns.
    this.#session.post("Profiler.takePreciseCoverage", (error, taken) => {
      if (error !== null) return;
      for (const { url, functions } of taken.result) {
        const file = this.#files.find((end) => url.endsWith(end));
        if (file === undefined) continue;
        for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges))
          if (count > 0) note(`${file}:${startOffset}-${endOffset}`, count);
      }
    });
  }

  [Symbol.dispose](): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }
}
