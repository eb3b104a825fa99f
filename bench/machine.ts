/** Where a result was measured, and what the machine lacks. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { join } from "node:path";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
  readonly date: string;
}

/** The programs of the machine that a bench uses; undefined where one is missing. */
export interface Programs {
  readonly wrk: string | undefined;
  readonly nginx: string | undefined;
  readonly taskset: string | undefined;
}

const ROOT = join(import.meta.dirname, "..");

export function describeMachine(): Machine {
  return {
    cpu: cpuName(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    commit: commitName(),
    date: new Date().toISOString(),
  };
}

/** Says on standard error what is missing and what follows. Nothing is installed. */
export function findPrograms(): Programs {
  const programs = { wrk: find("wrk"), nginx: find("nginx"), taskset: find("taskset") };
  const missing = Object.entries(programs)
    .filter(([, path]) => path === undefined)
    .map(([name]) => name);
  if (missing.length > 0) {
    console.error(
      `missing: ${missing.join(", ")} (apt-get install wrk nginx-light util-linux): ` +
        "without wrk the load comes from a client of our own, without nginx its row is left out, without taskset nothing is pinned",
    );
  }
  return programs;
}

function find(name: string): string | undefined {
  // Debian keeps nginx where only root looks.
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const { status, stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { env: { PATH: path } });
  return status === 0 ? stdout.toString().trim() : undefined;
}

function cpuName(): string {
  const [first] = cpus();
  if (first !== undefined && first.model !== "") return first.model;
  return /^model name\s*:\s*(.+)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown";
}

/** The commit, with a star when the sources differ from it. */
function commitName(): string {
  try {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT }).toString().trim();
    return `${git("rev-parse", "--short=12", "HEAD")}${git("status", "--porcelain", "packages") === "" ? "" : "*"}`;
  } catch {
    return "unknown";
  }
}
