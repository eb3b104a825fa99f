import { existsSync, readFileSync } from "node:fs";
import { Database, verifyLedger } from "@portcullis/server";
import type { ClientCall } from "./load.ts";
import type { Rig } from "./rig.ts";

/** Client, audit, counters and upstream, held against each other after a run. */
export interface Reconciliation {
  readonly calls: number;
  readonly executions: number;
  readonly rows: number;
  /** I1: ran, and no committed intent says so. */
  readonly lost: number;
  /** Ran more than once. */
  readonly twice: number;
  /** I3: ran although it was denied. */
  readonly deniedRan: number;
  /** I2: ran beyond the limit. */
  readonly overAdmitted: number;
  /** The client was told that it ran, and it did not. */
  readonly untrue: number;
  /** Sent, and nobody knows how it ended. */
  readonly unknown: number;
  /** Sent, with none or several outcomes. */
  readonly unsettled: number;
  /** I6: charged beyond what ran; below zero would be a free run. */
  readonly drift: number;
  readonly chain: string;
}

interface Intent {
  readonly effect: string;
  readonly fate: string;
  readonly tool: string;
  readonly argumentsHmac?: string;
}

/** Reads the files of a gateway that has ended. */
export function reconcile(rig: Rig, calls: readonly ClientCall[]): Reconciliation {
  const executions = rig.executions();
  const ran = new Set(executions.map(({ n }) => n));
  const db = new Database(rig.folder.ledgerFile, { readOnly: true });
  try {
    const { rows, unsettled, sentDigests } = readIntents(db);
    const digest = ({ args }: ClientCall) => rig.folder.keys.argumentsHmac(JSON.stringify(args));
    const byNumber = new Map(calls.map((call) => [call.args.n, call]));
    const isLost = (n: number): boolean => {
      const call = byNumber.get(n);
      return call === undefined || !sentDigests.has(digest(call));
    };
    const refused = new Set(["limited", "denied", "unavailable"]);
    const capped = executions.filter(({ tool }) => tool === "capped").length;
    return {
      calls: calls.length,
      executions: executions.length,
      rows,
      lost: [...ran].filter(isLost).length,
      twice: executions.length - ran.size,
      deniedRan: calls.filter(
        ({ outcome, args, tool }) => ran.has(args.n) && (refused.has(outcome) || tool === "drop"),
      ).length,
      overAdmitted: Math.max(0, capped - rig.cap),
      untrue: calls.filter(({ outcome, args }) => outcome === "ran" && !ran.has(args.n)).length,
      unknown: unknownOutcomes(db),
      unsettled,
      drift: chargedFor(db) - executions.length,
      chain: chainOf(rig),
    };
  } finally {
    db.close();
  }
}

/** Row by row: a long run leaves more of them than fit into memory. */
function readIntents(db: Database) {
  const sentDigests = new Set<string | undefined>();
  let rows = 0;
  let unsettled = 0;
  const intents = db.iterate(
    "SELECT body, (SELECT count(*) FROM entry o WHERE o.of = i.seq) AS outcomes FROM entry i WHERE i.of IS NULL",
  );
  for (const row of intents) {
    const { fate, tool, argumentsHmac } = JSON.parse(String(row["body"])) as Intent;
    rows += 1;
    if (fate !== "sent" || tool === undefined) continue;
    sentDigests.add(argumentsHmac);
    if (row["outcomes"] !== 1) unsettled += 1;
  }
  return { rows, unsettled, sentDigests };
}

/** What must hold after every experiment, whatever the fault; empty when it does. */
export function brokenPromises(
  found: Reconciliation,
  allowed: { readonly drift: number },
): readonly string[] {
  const zeros = ["lost", "twice", "deniedRan", "overAdmitted", "untrue", "unsettled"] as const;
  const broken = zeros.filter((name) => found[name] !== 0).map((name) => `${name} ${found[name]}`);
  if (found.chain !== "verifies") broken.push(found.chain);
  if (found.drift < 0 || found.drift > allowed.drift) broken.push(`drift ${found.drift} of ${allowed.drift}`);
  return broken;
}

/** The calls whose outcome the log calls `unknown`; undefined is one that no client made. */
export function unknownCalls(rig: Rig, calls: readonly ClientCall[]): readonly (ClientCall | undefined)[] {
  const byDigest = new Map(
    calls.map((call) => [rig.folder.keys.argumentsHmac(JSON.stringify(call.args)), call]),
  );
  const db = new Database(rig.folder.ledgerFile, { readOnly: true });
  try {
    const rows = db.all(
      `SELECT json_extract(i.body, '$.argumentsHmac') AS digest FROM entry o JOIN entry i ON i.seq = o.of
         WHERE o.of > 0 AND json_extract(o.body, '$.status') = 'unknown' AND json_extract(i.body, '$.tool') IS NOT NULL`,
    );
    return rows.map(({ digest }) => byDigest.get(String(digest)));
  } finally {
    db.close();
  }
}

/** Outcomes that nobody knows. */
export function unknownOutcomes(db: Database): number {
  const row = db.get(
    "SELECT count(*) AS n FROM entry WHERE of > 0 AND json_extract(body, '$.status') = 'unknown'",
  );
  return Number(row?.["n"]);
}

/** Calls that fixed windows have been charged for. */
export function chargedFor(db: Database): number {
  const row = db.get("SELECT coalesce(sum(micros), 0) AS micros FROM counter_fixed");
  return Number(row?.["micros"]) / 1_000_000;
}

/** `verifies`, or why it does not. */
export function chainOf({ folder }: Rig): string {
  const { ok, reason } = verifyLedger({
    ledgerFile: folder.ledgerFile,
    publicKey: readFileSync(folder.auditPublicKeyFile, "utf8"),
    checkpoints: () =>
      existsSync(folder.checkpointsFile) ? readFileSync(folder.checkpointsFile, "utf8") : "",
  });
  return ok ? "verifies" : `the chain does not verify: ${reason}`;
}
