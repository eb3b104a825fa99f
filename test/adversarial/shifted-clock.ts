/**
 * Loaded before a gateway's own code (`--import`): stops its wall clock where it is told to over the process's channel.
 * What only measures how long something takes goes on, as it does for whoever sets the clock of a machine.
 */
import { isMainThread } from "node:worker_threads";

/** What the wall clock says until it is set again; null is the machine's time. */
export interface ClockSetting {
  readonly wallMs: number | null;
}

if (isMainThread && process.send !== undefined) {
  const RealDate = Date;
  let set: number | null = null;
  const now = (): number => set ?? RealDate.now();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    get: (target, key, receiver) => (key === "now" ? now : Reflect.get(target, key, receiver)),
  });
  process.on("message", (message: object) => {
    if (!("wallMs" in message)) return;
    set = (message as ClockSetting).wallMs;
    process.send?.(message);
  });
}
