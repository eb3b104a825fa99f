import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database, verifyLedger } from "@portcullis/server";
import { seededRandom } from "../../packages/policy/test/reference/random.ts";
import { atLeast, type Experiment, exactly, type Figure, promises, type Skipped } from "./experiment.ts";
import { Load } from "./load.ts";
import { readIntents } from "./logged-calls.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig } from "./rig.ts";
import { STRACE, TracedDisk } from "./traced-disk.ts";

const FILES = ["ledger.db", "ledger.db-wal", "checkpoints.log"];
const LANES = 16;
/** One wait of the thread that commits fails, when it has made a few dozen commits. */
const FAILING_ONCE = ["-e", "inject=fsync,fdatasync:error=EIO:when=60"];
/** Two rows each: enough for a few checkpoints. */
const CALLS = 1_800;

/** F4: the power goes at any moment, with and without `--durable`; the disk is what the traced calls made of it. */
export async function cutPower(cuts: number, seed: number): Promise<readonly Figure[] | Skipped> {
  if (spawnSync("strace", ["-V"]).status !== 0)
    return { skipped: "tracing what is on the disk takes strace" };
  return [
    ...(await cutOne("by default", [], [], cuts, seed)),
    ...(await cutOne("with --durable", ["--durable"], [], cuts, seed)),
    ...(await cutOne("with --durable, after an EIO", ["--durable"], FAILING_ONCE, cuts, seed)),
  ];
}

async function cutOne(
  name: string,
  flags: readonly string[],
  inject: readonly string[],
  cuts: number,
  seed: number,
): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  const scratch = mkdtempSync(join(tmpdir(), "portcullis-power-"));
  try {
    const trace = join(scratch, "trace");
    const served = await rig.serve({ prefix: [...STRACE, ...inject, "-o", trace], flags });
    const load = new Load(rig.target(served), LANES);
    const running = load.run(LANES, () => "pay");
    while (load.calls.length < CALLS && load.inFlight > 0) await new Promise(setImmediate);
    // No goodbye: that would put everything on the disk.
    process.kill(served.pid, "SIGKILL");
    await Promise.all([served.ended, running]);
    await load.close();
    const disk = await TracedDisk.read(trace, FILES);
    const found = cutOften(rig, disk, scratch, cuts, seed);
    const last = flags.length > 0 ? acknowledgedAndGone(rig, disk, scratch, load) : undefined;
    const isTold = served.logged().includes("audit_failed") ? "yes" : "no";
    await rig.stop(await rig.serve());
    return [
      ...(inject.length === 0 ? [] : [exactly(`${name}: it was told in the log`, isTold, "yes")]),
      exactly(
        `${name}: ${cuts} cuts after which the log does not verify`,
        found.broken.length === 0 ? "0" : `${found.broken.length}: ${found.broken[0]}`,
        "0",
      ),
      atLeast(`${name}: most checkpoints in a log that was cut`, found.checkpoints, 2),
      ...(last === undefined ? [] : [exactly(`${name}: calls that ran and whose intent is gone`, last, 0)]),
      promises(brokenPromises(reconcile(rig, load.calls), { drift: load.maxInFlight })),
    ];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function cutOften(rig: Rig, disk: TracedDisk, scratch: string, cuts: number, seed: number) {
  const random = seededRandom(seed);
  const broken: string[] = [];
  let checkpoints = 0;
  for (let cut = 0; cut < cuts; cut += 1) {
    const at = random.below(disk.length);
    const verified = afterCut(rig, disk, at, seed + cut, scratch);
    // A cut before the tables were there leaves no log at all, which is started anew.
    if (
      !verified.ok &&
      verified.rows === 0 &&
      /\(schema 0\)|not a database|unable to open/.test(verified.reason ?? "")
    )
      continue;
    if (!verified.ok) broken.push(`event ${at} of ${disk.length}: ${verified.reason}`);
    checkpoints = Math.max(checkpoints, verified.checkpoints);
  }
  return { broken, checkpoints };
}

function afterCut(rig: Rig, disk: TracedDisk, at: number, seed: number, scratch: string) {
  const folder = mkdtempSync(join(scratch, "cut-"));
  disk.cut(at, seededRandom(seed), folder);
  const notes = join(folder, "checkpoints.log");
  const verified = verifyLedger({
    ledgerFile: join(folder, "ledger.db"),
    publicKey: readFileSync(rig.folder.auditPublicKeyFile, "utf8"),
    checkpoints: existsSync(notes) ? wholeNotes(readFileSync(notes, "utf8")) : "",
  });
  rmSync(folder, { recursive: true });
  return verified;
}

/** A torn note is taken away at the next start. */
function wholeNotes(text: string): string {
  return /^.*\n— portcullis-audit \S+\n/s.exec(text)?.[0] ?? "";
}

/** At the very end, with nothing but what was waited for: intents of calls that ran. */
function acknowledgedAndGone(rig: Rig, disk: TracedDisk, scratch: string, load: Load): number {
  const folder = mkdtempSync(join(scratch, "end-"));
  disk.cut(disk.length, { ...seededRandom(1), pick: (items) => items[0] as never, below: () => 1 }, folder);
  const db = new Database(join(folder, "ledger.db"));
  try {
    const digests = new Set(readIntents(db).map(({ argumentsHmac }) => argumentsHmac));
    const ran = new Set(rig.executions().map(({ n }) => n));
    const { keys } = rig.folder;
    return load.calls.filter(
      ({ args }) => ran.has(args.n) && !digests.has(keys.argumentsHmac(JSON.stringify(args))),
    ).length;
  } finally {
    db.close();
  }
}

export const F4: Experiment = {
  id: "F4",
  fault: "the power goes at any moment",
  run: ({ seed }) => cutPower(100, seed),
};
