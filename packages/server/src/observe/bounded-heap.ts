import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Both halves of the young generation. Twice as much makes a call 1 % cheaper, and a gateway 25 MB larger. */
const MAX_YOUNG_BYTES = 16 * 1024 * 1024;
/** A start under load doubles the young generation several times within a second. */
const CHECK_MS = 250;
/** The old generation is collected when it holds so much more than what lived after the last time. */
const OLD_GROWTH_PERCENT = 70;

/**
 * Keeps V8's heap near what a gateway needs. The young generation would double for as long as the load lasts, up to a
 * share of the machine's memory; the old one would hold four times what lives in it before it is collected, and that
 * memory is not given back while calls come. V8 reads both flags each time that it decides, so that they may be set
 * while the process runs; a bound for the start is an option of the command `node`, which is not ours.
 */
export function boundHeap(): Disposable {
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
  let isFull = false;
  const timer = setInterval(() => {
    const size =
      getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
    if (size >= MAX_YOUNG_BYTES === isFull) return;
    isFull = !isFull;
    setFlagsFromString(`--semi-space-growth-factor=${isFull ? 1 : 2}`);
  }, CHECK_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
