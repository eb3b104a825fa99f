/** Holds 100,000 objects, and twice as many for a while; prints how much its old generation had at most, in bytes. */
import { getHeapSpaceStatistics } from "node:v8";
import { boundHeap } from "../../src/observe/bounded-heap.ts";

const TURNS = 1_200;
const PER_TURN = 20_000;
const QUEUED = 200_000;

boundHeap();
const held = Array.from({ length: 100_000 }, (_, at) => ({ at, list: [at] }));
let queue: unknown[] = [];
let most = 0;
for (let turn = 0; turn < TURNS; turn += 1) {
  for (let at = 0; at < PER_TURN; at += 1) queue.push({ at, list: [at] });
  if (queue.length > QUEUED) queue = queue.slice(QUEUED / 2);
  await new Promise(setImmediate);
  const old = getHeapSpaceStatistics().find(({ space_name: name }) => name === "old_space");
  most = Math.max(most, old?.space_used_size ?? Number.NaN);
}
console.log(JSON.stringify({ most, held: held.length }));
