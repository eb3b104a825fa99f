import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { verifyLedger } from "@portcullis/server";
import { seededRandom } from "../../packages/policy/test/reference/random.ts";
import { signCheckpoint, sizeOfNote, splitNotes } from "../../packages/server/src/audit/checkpoint.ts";
import { Ledger } from "../../packages/server/src/audit/ledger.ts";
import { openLedger } from "../../packages/server/src/audit/ledger-schema.ts";
import type { IntentEntry } from "../../packages/server/src/call/ports.ts";
import type { GrantId, ServerId } from "../../packages/server/src/call/records.ts";
import { FolderKeys } from "../../packages/server/src/storage/keys.ts";
import { type Block, hashedAnew, MUTATIONS, numberedAnew, readBlocks, writeBlocks } from "./chain-changes.ts";
import { atLeast, atMost, type Experiment, exactly, type Figure } from "./experiment.ts";
import { Load } from "./load.ts";
import { askLog, newestSeq } from "./logged-calls.ts";
import { Rig, unwrap } from "./rig.ts";

const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
const ENTRY: IntentEntry = {
  time: 1_790_000_000_000,
  requestId: "AAAAAAAAAAAAAAAA",
  grant: "grt_0000000000000000" as GrantId,
  grantLabel: "agent",
  server: "srv_0000000000000000" as ServerId,
  serverName: "bank",
  method: "tools/call",
  tool: "pay",
  toolHash: "ab".repeat(32),
  argumentKeys: ["amount", "reason"],
  argumentsHmac: "cd".repeat(32),
  argumentsBytes: 42,
  policy: undefined,
  policyName: undefined,
  policyVersion: undefined,
  mode: "enforce",
  effect: "allow",
  rule: "",
  message: "",
  fate: "sent",
};

/** Calls of a commit each. The largest is more than one block, so that seams within a commit are hit, too. */
const COMMITS = [1, 1, 2, 1, 3, 8, 1, 20, 280, 2, 34, 1, 5, 1];
/** Calls of a commit at saturation. */
const BUSY_COMMIT = 20;

interface Chained {
  readonly file: string;
  readonly rows: number;
  /** A checkpoint of the last entry, kept elsewhere. */
  readonly outside: string;
}

/** A ledger of commits of so many calls, the outcomes of each with the next one; one file without a journal. */
async function writeLedger(folder: string, commits: readonly number[]): Promise<Chained> {
  const file = join(folder, "ledger.db");
  const db = unwrap(openLedger(file, { durable: false }));
  const ledger = new Ledger(db, { reopen: () => db, onFailure: (reason) => console.error(reason) });
  for (const calls of commits) {
    const seqs = await Promise.all(Array.from({ length: calls }, () => ledger.intend(ENTRY)));
    for (const of of seqs)
      ledger.record({ of: of ?? 0, time: ENTRY.time, status: "ok", httpStatus: 200, latencyMs: 1, bytes: 9 });
  }
  ledger.flush();
  const { size, head } = ledger;
  const outside = signCheckpoint(
    { organisation: "org_1", size, root: head.toString("hex"), time: ENTRY.time },
    KEYS.checkpointKey,
  );
  db.exec("PRAGMA journal_mode = DELETE");
  ledger.close();
  return { file, rows: size, outside };
}

/** F31: so many random changes of a log; the names of those that were not found. */
export async function mutateChain(count: number, seed: number): Promise<readonly string[]> {
  // Nothing here is about the disk, and thousands of writes would wait for it.
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "portcullis-chain-"));
  const { file, outside } = await writeLedger(folder, COMMITS);
  const db = new DatabaseSync(file);
  try {
    db.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
    const publicKey = KEYS.checkpointPublicKey();
    const verifies = (blocks: readonly Block[]): boolean => {
      writeBlocks(db, blocks);
      return verifyLedger({ ledgerFile: file, publicKey, checkpoints: "", outsideCheckpoint: outside }).ok;
    };
    const blocks = readBlocks(db);
    if (!verifies(hashedAnew(numberedAnew(blocks)))) throw new Error("it does not verify as it is");
    const random = seededRandom(seed);
    const missed: string[] = [];
    for (let at = 0; at < count; at += 1) {
      const [name, change] = random.pick(MUTATIONS);
      if (verifies(change(blocks, random))) missed.push(`${name} (mutation ${at} of seed ${seed})`);
    }
    return missed;
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}

/** Rows a second, the best of three. */
export async function verifySpeed(calls: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-chain-"));
  try {
    const commits = Array.from({ length: calls / BUSY_COMMIT }, () => BUSY_COMMIT);
    const { file, rows, outside } = await writeLedger(folder, commits);
    const rates = [1, 2, 3].map(() => {
      const startedMs = performance.now();
      const verified = verifyLedger({
        ledgerFile: file,
        publicKey: KEYS.checkpointPublicKey(),
        checkpoints: outside,
      });
      if (!verified.ok || verified.rows !== rows) throw new Error(`it does not verify: ${verified.reason}`);
      return (rows * 1_000) / (performance.now() - startedMs);
    });
    return Math.max(...rates);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const LAG_CALLS = 3_000;
const MAX_LAG_ENTRIES = 1_000;
const MAX_LAG_MS = 60_000;
/** The disk is waited for after the signature. */
const LATE_MS = 1_000;

/** How far a checkpoint was behind the entries that it covers. */
interface Lag {
  readonly entries: number;
  readonly ms: number;
}

/** The lags of the checkpoints of a gateway under load, and that of an entry after which none comes. */
export async function checkpointLags(): Promise<{
  readonly loaded: readonly Lag[];
  readonly lonelyMs: number;
}> {
  await using rig = await Rig.open();
  const served = await rig.serve();
  const load = new Load(rig.target(served), 16);
  const running = load.run(16, () => "pay");
  while (load.calls.length < LAG_CALLS) await new Promise(setImmediate);
  load.end();
  await running;
  const loaded = lagsOf(notesOf(rig));
  const lonelyAtMs = Date.now();
  await load.call("pay");
  await load.close();
  const size = askLog(rig, newestSeq);
  const isCovered = () => (notesOf(rig).at(-1)?.size ?? 0) >= size;
  while (!isCovered() && Date.now() - lonelyAtMs < 2 * MAX_LAG_MS)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const lonelyMs = Date.now() - lonelyAtMs;
  await rig.stop(served);
  return { loaded, lonelyMs };
}

interface Note {
  readonly size: number;
  readonly timeMs: number;
}

function notesOf({ folder }: Rig): readonly Note[] {
  if (!existsSync(folder.checkpointsFile)) return [];
  const notes = splitNotes(readFileSync(folder.checkpointsFile, "utf8"));
  return notes.map((note) => ({
    size: sizeOfNote(note),
    timeMs: Number(/^time (\d+)$/m.exec(note)?.[1]),
  }));
}

function lagsOf(notes: readonly Note[]): readonly Lag[] {
  return notes.slice(1).map(({ size, timeMs }, at) => {
    const before = notes[at] ?? { size: 0, timeMs };
    return { entries: size - before.size, ms: timeMs - before.timeMs };
  });
}

function lagFigures({ loaded, lonelyMs }: Awaited<ReturnType<typeof checkpointLags>>): readonly Figure[] {
  const entries = Math.max(...loaded.map((lag) => lag.entries));
  const ms = Math.max(...loaded.map((lag) => lag.ms));
  const isKept = loaded.every((lag) => lag.entries <= MAX_LAG_ENTRIES || lag.ms <= MAX_LAG_MS);
  return [
    {
      what: "between two checkpoints under load, at most",
      required: "≤ 1000 entries or 60 s",
      measured: `${entries} entries, ${(ms / 1_000).toFixed(1)} s, ${loaded.length} times`,
      ok: isKept && loaded.length > 1,
    },
    atMost("until one covers the last entry of all", lonelyMs, MAX_LAG_MS + LATE_MS, " ms"),
  ];
}

export const F31: Experiment = {
  id: "F31",
  fault: "the chain is changed in 10,000 ways",
  run: async ({ seed }): Promise<readonly Figure[]> => {
    const missed = await mutateChain(10_000, seed);
    const found = missed.length === 0 ? "0" : `${missed.length}: ${missed[0]}`;
    return [
      exactly("changes that were not found", found, "0"),
      ...lagFigures(await checkpointLags()),
      atLeast("rows verified in a second", await verifySpeed(200_000), 200_000),
    ];
  },
};
