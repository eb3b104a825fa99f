import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { verifyLedger } from "@portcullis/server";
import { type Random, seededRandom } from "../../packages/policy/test/reference/random.ts";
import { chain } from "../../packages/server/src/audit/chained-rows.ts";
import { signCheckpoint, sizeOfNote, splitNotes } from "../../packages/server/src/audit/checkpoint.ts";
import { Ledger } from "../../packages/server/src/audit/ledger.ts";
import { openLedger } from "../../packages/server/src/audit/ledger-schema.ts";
import type { IntentEntry } from "../../packages/server/src/call/ports.ts";
import type { GrantId, ServerId } from "../../packages/server/src/call/records.ts";
import { FolderKeys } from "../../packages/server/src/storage/keys.ts";
import { atLeast, atMost, type Experiment, exactly, type Figure } from "./experiment.ts";
import { Load } from "./load.ts";
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

interface Chained {
  readonly file: string;
  readonly rows: number;
  /** A checkpoint of the last entry, kept elsewhere. */
  readonly outside: string;
}

/** A ledger of so many calls, each with its outcome, in one file without a journal. */
async function writeLedger(folder: string, calls: number): Promise<Chained> {
  const file = join(folder, "ledger.db");
  const db = unwrap(openLedger(file, { durable: false }));
  const ledger = new Ledger(db, { reopen: () => db, onFailure: (reason) => console.error(reason) });
  for (let done = 0; done < calls; done += 500) {
    const turn = Math.min(500, calls - done);
    const seqs = await Promise.all(Array.from({ length: turn }, () => ledger.intend(ENTRY)));
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

const MUTATIONS: readonly {
  readonly name: string;
  readonly mutate: (db: DatabaseSync, random: Random, rows: number) => void;
}[] = [
  {
    name: "a byte of a body flipped",
    mutate: (db, random, rows) => flip(db, random, "body", 1 + random.below(rows)),
  },
  {
    name: "a byte of a hash flipped",
    mutate: (db, random, rows) => flip(db, random, "hash", 1 + random.below(rows)),
  },
  {
    name: "a row deleted",
    mutate: (db, random, rows) => db.exec(`DELETE FROM entry WHERE seq = ${1 + random.below(rows)}`),
  },
  {
    name: "a tail cut",
    mutate: (db, random, rows) => db.exec(`DELETE FROM entry WHERE seq > ${random.below(rows)}`),
  },
  {
    name: "a head cut",
    mutate: (db, random, rows) => db.exec(`DELETE FROM entry WHERE seq <= ${1 + random.below(rows)}`),
  },
  {
    name: "a reference moved",
    mutate: (db, random, rows) =>
      db.exec(
        `UPDATE entry SET of = coalesce(of, 0) + ${1 + random.below(9)} WHERE seq = ${1 + random.below(rows)}`,
      ),
  },
  { name: "a fork, hashed anew to its end", mutate: fork },
];

function flip(db: DatabaseSync, random: Random, column: "body" | "hash", seq: number): void {
  const row = db.prepare(`SELECT CAST(${column} AS BLOB) AS bytes FROM entry WHERE seq = ?`).get(seq);
  const bytes = Buffer.from(row?.["bytes"] as Uint8Array);
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  db.prepare(
    `UPDATE entry SET ${column} = CAST(? AS ${column === "body" ? "TEXT" : "BLOB"}) WHERE seq = ?`,
  ).run(bytes, seq);
}

function fork(db: DatabaseSync, random: Random, rows: number): void {
  const from = 1 + random.below(rows);
  db.exec(`UPDATE entry SET body = replace(body, '1790000000000', '1790000000001') WHERE seq = ${from}`);
  let head: Buffer = Buffer.alloc(32);
  const write = db.prepare("UPDATE entry SET hash = ? WHERE seq = ?");
  for (const row of db.prepare("SELECT seq, body FROM entry ORDER BY seq").all()) {
    head = chain(head, String(row["body"]));
    write.run(head, Number(row["seq"]));
  }
}

/** F31: so many random changes, each to a fresh copy; the names of those that were not found. */
export async function mutateChain(count: number, seed: number): Promise<readonly string[]> {
  // Nothing here is about the disk, and thousands of copies would wait for it.
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "portcullis-chain-"));
  try {
    // Longer than a block of the verification, so that seams are hit too.
    const { file, rows, outside } = await writeLedger(folder, 150);
    const random = seededRandom(seed);
    const missed: string[] = [];
    const copy = join(folder, "copy.db");
    for (let at = 0; at < count; at += 1) {
      copyFileSync(file, copy);
      const { name, mutate } = random.pick(MUTATIONS);
      const db = new DatabaseSync(copy);
      db.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN");
      mutate(db, random, rows);
      db.exec("COMMIT");
      db.close();
      const publicKey = KEYS.checkpointPublicKey();
      if (verifyLedger({ ledgerFile: copy, publicKey, checkpoints: "", outsideCheckpoint: outside }).ok)
        missed.push(`${name} (mutation ${at} of seed ${seed})`);
    }
    return missed;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rows a second, the best of three. */
export async function verifySpeed(calls: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-chain-"));
  try {
    const { file, rows, outside } = await writeLedger(folder, calls);
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
  const size = entriesOf(rig);
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

function entriesOf({ folder }: Rig): number {
  const db = new DatabaseSync(folder.ledgerFile, { readOnly: true });
  try {
    return Number(db.prepare("SELECT max(seq) AS n FROM entry").get()?.["n"]);
  } finally {
    db.close();
  }
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
