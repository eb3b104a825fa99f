import { once } from "node:events";
import { join } from "node:path";
import type { Contestant } from "../contestants/contestant.ts";
import { type Spread, spreadOf } from "../figures.ts";
import { prove } from "../proof.ts";

/** For the command line of a process whose loop is watched; it needs a channel, too. */
export const PROBE: readonly string[] = ["--import", join(import.meta.dirname, "loop-probe.ts")];

const WARM_UP_CALLS = 10;
const CALLS = 25;

/** The longest turn of the proxy's event loop during one call alone, ms, over some calls. */
export async function longestBlockMs(contestant: Contestant): Promise<Spread> {
  const child = contestant.proxy?.child;
  if (child === undefined) throw new Error(`${contestant.name} has no process to watch`);
  const found: number[] = [];
  for (let call = 0; call < WARM_UP_CALLS + CALLS; call += 1) {
    child.send("watch");
    await prove(contestant);
    const told = once(child, "message");
    child.send("tell");
    const [{ longestMs }] = (await told) as [{ longestMs: number }];
    if (call >= WARM_UP_CALLS) found.push(longestMs);
  }
  return spreadOf(found);
}
