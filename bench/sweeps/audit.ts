/** The ledger with many rows: what a commit costs, how fast the chain is verified. In this process. */
import { readFileSync, statSync } from "node:fs";
import { Ledger } from "../../packages/server/src/audit/ledger.ts";
import { openLedger } from "../../packages/server/src/audit/ledger-schema.ts";
import type { IntentEntry } from "../../packages/server/src/call/ports.ts";
import type { GrantId, PolicyId, ServerId } from "../../packages/server/src/call/records.ts";
import { openDataFolder, verifyLedger } from "../../packages/server/src/index.ts";
import { DiskSync } from "../../packages/server/src/storage/disk-sync.ts";
import { startWalCheckpoints } from "../../packages/server/src/storage/wal-checkpoints.ts";
import type { Bench, Context } from "../bench.ts";
import { makeDataFolder, unwrap } from "../contestants/data-folder.ts";
import { type Spread, shown, shownSpread, spreadOf } from "../figures.ts";
import type { Result } from "../report.ts";

export const audit: Bench = {
  what: "a ledger of a million rows: CPU of a call's two rows, verification",
  run: measure,
};

/** Rows at which the cost of a commit is looked at. */
const STEPS = [0, 100_000, 1_000_000] as const;
/** Calls that are committed together: of one turn of the event loop. */
const PER_TURN = [1, 8, 32] as const;
const CALLS = 4_000;
const BATCHES = 5;

async function measure({ cleanup }: Context): Promise<Result> {
  const dataDir = makeDataFolder(cleanup);
  const folder = unwrap(openDataFolder(dataDir));
  const open = () => unwrap(openLedger(folder.ledgerFile, { durable: false }));
  const ledger = new Ledger(open(), {
    reopen: open,
    onFailure: (reason) => {
      throw new Error(reason);
    },
  });
  const checkpoints = startWalCheckpoints(folder.ledgerFile, {
    disk: new DiskSync(`${folder.ledgerFile}-wal`),
    onFailure: (reason) => {
      throw new Error(reason);
    },
  });
  const rows: string[][] = [];
  for (const step of STEPS) {
    while (ledger.size < step) await commitCalls(ledger, Math.min(CALLS, step - ledger.size), 256);
    const cells: string[] = [];
    for (const perTurn of PER_TURN) cells.push(shownSpread(await commitMicros(ledger, perTurn)));
    rows.push([step.toLocaleString("en-US"), ...cells]);
  }
  // The last outcomes are written by the end.
  ledger.close();
  const { size } = ledger;
  await checkpoints[Symbol.asyncDispose]?.();
  const publicKey = readFileSync(folder.auditPublicKeyFile, "utf8");
  const started = performance.now();
  const verified = verifyLedger({ ledgerFile: folder.ledgerFile, publicKey, checkpoints: "" });
  const seconds = (performance.now() - started) / 1000;
  if (!verified.ok || verified.rows !== size)
    throw new Error(`the ledger does not verify: ${verified.reason}`);
  const bytes = statSync(folder.ledgerFile).size / size;
  return {
    name: "audit",
    tables: [
      {
        title: "CPU µs for the two rows of a call",
        head: ["rows in the ledger", ...PER_TURN.map((calls) => `${calls} calls in a turn`)],
        rows,
      },
      {
        title: "Verification",
        head: ["rows", "seconds", "rows/s", "bytes per row"],
        rows: [[size.toLocaleString("en-US"), shown(seconds), shown(size / seconds), shown(bytes)]],
      },
    ],
    measured: { "verify-rows-per-s": spreadOf([size / seconds]) },
    notes: [],
  };
}

/** All threads of this process are counted, the one that moves pages too. */
async function commitMicros(ledger: Ledger, perTurn: number): Promise<Spread> {
  const found: number[] = [];
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const before = process.cpuUsage();
    await commitCalls(ledger, CALLS, perTurn);
    const { user, system } = process.cpuUsage(before);
    found.push((user + system) / CALLS);
  }
  return spreadOf(found);
}

async function commitCalls(ledger: Ledger, calls: number, perTurn: number): Promise<void> {
  for (let done = 0; done < calls; done += perTurn) {
    const seqs = await Promise.all(Array.from({ length: perTurn }, () => ledger.intend(ENTRY)));
    for (const of of seqs) {
      if (of === undefined) throw new Error("not committed");
      ledger.record({ of, time: ENTRY.time, status: "ok", httpStatus: 200, latencyMs: 1, bytes: 200 });
    }
  }
}

const ENTRY: IntentEntry = {
  time: 1_790_000_000_000,
  requestId: "AAAAAAAAAAAAAAAA",
  grant: "grt_0000000000000000" as GrantId,
  grantLabel: "bench",
  server: "srv_0000000000000000" as ServerId,
  serverName: "bench",
  method: "tools/call",
  tool: "create_refund",
  toolHash: "0".repeat(64),
  argumentKeys: ["amount", "currency", "customer", "path", "reason"],
  argumentsHmac: "0".repeat(64),
  argumentsBytes: 300,
  policy: "pol_0000000000000000" as PolicyId,
  policyName: "bench",
  policyVersion: 1,
  mode: "enforce",
  effect: "allow",
  rule: "",
  message: "",
  fate: "sent",
};
