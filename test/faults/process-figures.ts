import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Served } from "./rig.ts";

const MS_PER_TICK = 10;

/** User and system time of a process so far (Linux). */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
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

/** Flags of Node with which a gateway can tell {@link heldMiB}. */
export const HELD_MEMORY = ["--expose-gc", "--import", join(import.meta.dirname, "held-memory.ts")];

/** What a process holds once its garbage is collected, of the heap and outside it. */
export async function heldMiB({ child, logged }: Served): Promise<number> {
  const told = () => [...logged().matchAll(/\{"heldBytes":(\d+)\}/g)];
  const before = told().length;
  child.kill("SIGUSR2");
  while (told().length === before) await new Promise(setImmediate);
  return Number(told().at(-1)?.[1]) / (1024 * 1024);
}
