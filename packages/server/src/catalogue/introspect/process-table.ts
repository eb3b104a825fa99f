import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A running process. Linux only. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Tells it from a later one with the same number. */
  readonly identity: string;
}

/** Every process that runs, by its number; empty where the system does not show them as Linux does. */
export function processTable(): ReadonlyMap<number, ProcessEntry> {
  const entries = process.platform === "linux" ? readdirSync("/proc").map(Number) : [];
  const table = new Map<number, ProcessEntry>();
  for (const pid of entries.filter(Number.isInteger)) {
    const entry = readEntry(pid);
    if (entry !== undefined) table.set(pid, entry);
  }
  return table;
}

/** Places in `/proc/PID/stat` after the name of the program, which may hold anything. */
const [STATE, PARENT, START] = [0, 1, 19];

/** Undefined for one that has ended, though nobody took note of it yet. */
function readEntry(pid: number): ProcessEntry | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (/^[ZX]?$/.test(fields[STATE] ?? "")) return undefined;
  return { pid, parent: Number(fields[PARENT]), identity: `${pid}:${fields[START]}` };
}

/** The environment that it was started with; empty for somebody else's process. */
export function environmentOf(pid: number): readonly string[] {
  return readText(`/proc/${pid}/environ`).split("\0");
}

/** Its working directory, its program, its root and the files that it has open, links resolved. */
export function pathsOf(pid: number): readonly string[] {
  const open = readNames(`/proc/${pid}/fd`).map((name) => `fd/${name}`);
  return ["cwd", "exe", "root", ...open].map((name) => readLink(`/proc/${pid}/${name}`));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function readNames(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
