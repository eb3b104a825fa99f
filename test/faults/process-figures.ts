import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Served } from "./rig.ts";

const NS_PER_MS = 1_000_000;

/** Time on a processor of the threads that a process has, in ms (Linux); `/proc/PID/stat` counts by hundredths of a second. */
export function cpuMsOf(pid: number): number {
  return (
    readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + spentNs(`/proc/${pid}/task/${task}`), 0) /
    NS_PER_MS
  );
}

function spentNs(task: string): number {
  try {
    return Number(readFileSync(`${task}/schedstat`, "utf8").split(" ")[0]);
  } catch {
    // The thread ended since it was listed.
    return 0;
  }
}

/** Resident memory (Linux), in MiB. */
export function residentMiB(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) / 1024;
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Files that a process of this machine may have open at a time, once it asks for all that it may (Linux). */
export function fileLimit(): number {
  const hard = /^Max open files +\S+ +(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}

/** Its resident memory while something goes on, at most, in MiB above what it was. */
export async function mostMiBDuring(pid: number, work: Promise<unknown>): Promise<number> {
  const baseMiB = residentMiB(pid);
  let most = baseMiB;
  const look = () => {
    most = Math.max(most, residentMiB(pid));
  };
  const watch = setInterval(look, 10);
  await work;
  clearInterval(watch);
  look();
  return most - baseMiB;
}

/** Flags of Node with which a gateway can tell {@link probe}. */
export const PROBED = ["--expose-gc", "--import", join(import.meta.dirname, "probe.ts")];

/** What a process says of itself. */
export interface Probed {
  /** Of the heap and outside it, once the garbage is collected. */
  readonly heldBytes: number;
  /** How late the turns of the event loop were since the last time, at the 99th percentile. */
  readonly lagP99Ms: number;
}

export async function probe({ child, logged }: Served): Promise<Probed> {
  const told = () => [...logged().matchAll(/^\{"probe":(.*)\}$/gm)];
  const before = told().length;
  child.kill("SIGUSR2");
  while (told().length === before) await new Promise(setImmediate);
  return JSON.parse(told().at(-1)?.[1] ?? "") as Probed;
}

/** What it holds, in MiB. */
export async function heldMiB(served: Served): Promise<number> {
  return (await probe(served)).heldBytes / (1024 * 1024);
}
