import type { Clock } from "../../packages/server/src/call/ports.ts";

const realImmediate = globalThis.setImmediate;

interface Timer {
  readonly id: number;
  readonly run: () => void;
  readonly everyMs: number | undefined;
  dueMs: number;
}

/**
 * Clock and event loop of a simulated process: while it is installed, immediates and timers run only when the
 * simulation lets them, so that one seed is one history.
 */
export class SimulatedLoop implements Clock, Disposable {
  #wallMs: number;
  #monotonicMs = 0;
  #immediates: (() => void)[] = [];
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;
  readonly #restore: () => void;

  constructor(startMs: number) {
    this.#wallMs = startMs;
    this.#restore = this.#install();
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Lets promises and immediates run until nothing is left to do at this instant. */
  async settle(): Promise<void> {
    for (;;) {
      await drainPromises();
      if (this.#immediates.length === 0) return;
      const due = this.#immediates;
      this.#immediates = [];
      for (const run of due) run();
    }
  }

  /** Time passes, and timers that fall due run. */
  advance(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
    for (const timer of [...this.#timers.values()]) {
      if (timer.dueMs > this.#monotonicMs) continue;
      if (timer.everyMs === undefined) this.#timers.delete(timer.id);
      // A loop that was busy for long runs an interval once, not for each time that it missed.
      else timer.dueMs = this.#monotonicMs + timer.everyMs;
      timer.run();
    }
  }

  /** Somebody sets the wall clock; nothing else notices. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  /** The process dies: what it meant to do later never happens. */
  forgetEverything(): void {
    this.#immediates = [];
    this.#timers.clear();
  }

  [Symbol.dispose](): void {
    this.#restore();
  }

  #install(): () => void {
    const { setImmediate, setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
    const immediate = (run: () => void) => {
      this.#immediates.push(run);
    };
    const start = (run: () => void, ms: number, everyMs: number | undefined) => {
      this.#lastId += 1;
      const id = this.#lastId;
      this.#timers.set(id, { id, run, everyMs, dueMs: this.#monotonicMs + ms });
      const handle = { id, unref: () => handle, ref: () => handle };
      return handle;
    };
    const clear = (handle: { readonly id: number } | undefined) => {
      if (handle !== undefined) this.#timers.delete(handle.id);
    };
    Object.assign(globalThis, {
      setImmediate: immediate,
      setTimeout: (run: () => void, ms = 0) => start(run, ms, undefined),
      setInterval: (run: () => void, ms = 0) => start(run, ms, ms),
      clearTimeout: clear,
      clearInterval: clear,
    });
    return () =>
      Object.assign(globalThis, { setImmediate, setTimeout, setInterval, clearTimeout, clearInterval });
  }
}

function drainPromises(): Promise<void> {
  return new Promise((resolve) => {
    realImmediate(resolve);
  });
}
