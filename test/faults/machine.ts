import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atMost, type Experiment, exactly, type Figure, promises, type Skipped } from "./experiment.ts";
import { Load } from "./load.ts";
import { residentMiB } from "./process-figures.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig } from "./rig.ts";

const MIB = 1024 * 1024;
const SECOND_MS = 1_000;

/** F16: the disk of the data folder fills up under load, and gets space again. */
export async function fillDisk(): Promise<readonly Figure[] | Skipped> {
  const disk = mkdtempSync(join(tmpdir(), "portcullis-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]);
  if (mounted.status !== 0) {
    rmSync(disk, { recursive: true });
    return { skipped: "mounting a small disk takes root on Linux" };
  }
  try {
    return await fillSmallDisk(disk);
  } finally {
    spawnSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true });
  }
}

async function fillSmallDisk(disk: string): Promise<readonly Figure[]> {
  await using rig = await Rig.open({ dataDir: join(disk, "data") });
  const served = await rig.serve();
  const load = new Load(rig.target(served), 8);
  await load.call("pay");
  const running = load.run(8, () => "pay");
  const { bavail, bsize } = statfsSync(disk);
  const filler = join(disk, "filler");
  writeFileSync(filler, Buffer.alloc(bavail * bsize - MIB));
  await until(() => load.calls.filter(({ outcome }) => outcome === "unavailable").length > 200);
  const isReadyWhenFull = await readyStatus(served.adminUrl, 503);
  const whenFull = load.calls.slice(-50).map(({ outcome }) => outcome);
  rmSync(filler);
  const freedMs = performance.now();
  const seen = load.calls.length;
  await until(() => load.calls.slice(seen).some(({ outcome }) => outcome === "ran"));
  const backMs = performance.now() - freedMs;
  const isReadyAfter = await readyStatus(served.adminUrl, 200);
  load.end();
  await running;
  await load.close();
  await rig.stop(served);
  return [
    exactly("answers while it is full", [...new Set(whenFull)].join(" "), "unavailable"),
    exactly("/readyz while it is full", isReadyWhenFull, 503),
    atMost("serving again after there is space", backMs, 5 * SECOND_MS, " ms"),
    exactly("/readyz then", isReadyAfter, 200),
    promises(brokenPromises(reconcile(rig, load.calls), { drift: 0 })),
  ];
}

const READY_LOOKS = 10;

/**
 * What `/readyz` says. Asked again while it is not `expected`: on a full disk a commit now and then finds room in the
 * log that a checkpoint emptied, and the gateway is well until the next one.
 */
async function readyStatus(adminUrl: string, expected: number): Promise<number> {
  let status = 0;
  for (let look = 0; look < READY_LOOKS && status !== expected; look += 1)
    status = (await fetch(`${adminUrl}/readyz`)).status;
  return status;
}

/** F17: one commit's wait for the disk fails with EIO. */
export async function failSync(): Promise<readonly Figure[] | Skipped> {
  if (spawnSync("strace", ["-V"]).status !== 0) return { skipped: "failing a system call takes strace" };
  await using rig = await Rig.open();
  const inject = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync"];
  const when = "inject=fdatasync,fsync:error=EIO:when=100";
  const served = await rig.serve({ prefix: ["strace", ...inject, "-e", when], flags: ["--durable"] });
  const load = new Load(rig.target(served), 4);
  await load.call("pay");
  const running = load.run(4, () => "pay");
  // The commit that fails may be one of outcomes alone: then nobody is refused.
  await until(() => served.logged().includes("audit_failed"));
  const seen = load.calls.length;
  await until(() => load.calls.slice(seen).some(({ outcome }) => outcome === "ran"));
  load.end();
  await running;
  const failed = load.calls.filter(({ outcome }) => outcome === "unavailable").length;
  await load.close();
  process.kill(served.pid, "SIGTERM");
  await served.ended;
  const found = reconcile(rig, load.calls);
  return [
    exactly("refused calls that ran", found.deniedRan, 0),
    { what: "calls refused because of it", required: "", measured: String(failed), ok: true },
    promises(brokenPromises(found, { drift: failed })),
  ];
}

const LARGE_BYTES = 8 * MIB - 4_096;

/** F22: little memory and a burst of the largest answers. */
export async function exhaustMemory(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  let served = await rig.serve({ node: ["--max-old-space-size=96"] });
  const load = new Load(rig.target(served), 64);
  await load.call("pay");
  let mostMiB = 0;
  const watch = setInterval(() => {
    if (served.child.exitCode === null && served.child.signalCode === null)
      mostMiB = Math.max(mostMiB, residentMiB(served.pid));
  }, 50);
  const burst = await Promise.all(
    Array.from({ length: 128 }, () => load.call("odd_big", { bytes: LARGE_BYTES })),
  );
  clearInterval(watch);
  const isAlive = served.child.exitCode === null && served.child.signalCode === null;
  // The length tells them from failures in words.
  const whole = burst.filter(({ text }) => text.length > LARGE_BYTES).length;
  await load.close();
  if (!isAlive) served = await rig.serve();
  const after = new Load(rig.target(served), 1);
  const { outcome } = await after.call("pay");
  await after.close();
  await rig.stop(served);
  const found = reconcile(rig, [...load.calls, ...after.calls]);
  return [
    {
      what: "the process",
      required: "lives, or F1 holds",
      measured: isAlive ? "lives" : "died, F1 below",
      ok: true,
    },
    {
      what: "answers of 8 MiB, 64 at a time",
      required: "",
      measured: `${whole} of 128 came whole, ${Math.round(mostMiB)} MiB resident`,
      ok: true,
    },
    exactly("serving afterwards", outcome, "ran"),
    promises(brokenPromises(found, { drift: isAlive ? 0 : 64 })),
  ];
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

export const F16: Experiment = { id: "F16", fault: "the disk is full", run: fillDisk };
export const F17: Experiment = { id: "F17", fault: "fsync fails once with EIO", run: failSync };
export const F22: Experiment = { id: "F22", fault: "96 MiB of heap, answers of 8 MiB", run: exhaustMemory };
