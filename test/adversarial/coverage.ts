import { type Profiler, Session } from "node:inspector";

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

  /** Branches that were ever seen, each with how often it ran, in powers of two. */
  get size(): number {
    return this.#seen.size;
  }

  /** How much of what ran since the last call was never seen before. */
  takeNew(): number {
    const before = this.#seen.size;
    // An inspector of one's own process answers before `post` returns.
    this.#session.post("Profiler.takePreciseCoverage", (error, taken) => {
      if (error === null) for (const script of taken.result) this.#note(script);
    });
    return this.#seen.size - before;
  }

  #note({ url, functions }: Profiler.ScriptCoverage): void {
    const file = this.#files.find((end) => url.endsWith(end));
    if (file === undefined) return;
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        if (count > 0) this.#seen.add(`${file}:${startOffset}-${endOffset}:${Math.floor(Math.log2(count))}`);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }
}
