/** CPU time and memory of processes, read from /proc (Linux). */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** USER_HZ: what /proc counts in. Fixed at 100 in the kernel's interface to user space. */
const TICKS_PER_SECOND = 100;

/** User and system time of the processes, all their threads, and the children that they have waited for. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processTicks(pid), 0) / TICKS_PER_SECOND;
}

function processTicks(pid: number): number {
  // utime, stime, cutime, cstime are fields 14 to 17 (proc_pid_stat(5)); two fields come before the state.
  const fields = statFields(pid);
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0);
}

/** The fields after the command's name, which may hold spaces and parentheses. Empty for a process that is gone. */
function statFields(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(") ") + 2).split(" ");
  } catch {
    return [];
  }
}

/** A process and everything it has started that lives. */
export function treeOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Resident memory of the processes, bytes. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processResident(pid), 0);
}

function processResident(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/**
 * CPU time of the whole machine that somebody used, seconds. Interrupts are left out: they work for the load itself.
 * Time that the host took away (steal) counts, because nobody here could use it.
 */
export function machineBusySeconds(): number {
  const first = readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "";
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = first.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + steal) / TICKS_PER_SECOND;
}

/** The proxy has one core for itself; load, upstream and whoever measures share another. */
export const PROXY_CORE = 0;
export const LOAD_CORE = Math.min(1, availableParallelism() - 1);

/** A command that runs `command` on one core; the command itself where `taskset` is missing. */
export function pinned(core: number, command: readonly string[], hasTaskset: boolean): readonly string[] {
  return hasTaskset ? ["taskset", "-c", String(core), ...command] : command;
}

/** Moves this process and all its threads. */
export function pinSelf(core: number): void {
  execFileSync("taskset", ["-apc", String(core), String(process.pid)], { stdio: "ignore" });
}
