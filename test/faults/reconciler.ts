import { existsSync, readFileSync } from "node:fs";
import { Database, readEntries, verifyLedger } from "@portcullis/server";
import type { ClientCall } from "./load.ts";
import { askLog, type Intent } from "./logged-calls.ts";
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

/** Reads the files of a gateway that has ended. */
export function reconcile(rig: Rig, calls: readonly ClientCall[]): Reconciliation {
  const executions = rig.executions();
  const ran = new Set(executions.map(({ n }) => n));
  const db = new Database(rig.folder.ledgerFile, { readOnly: true });
  try {
    const { rows, unsettled, sentDigests } = readRows(db);
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
function readRows(db: Database) {
  const sentDigests = new Set<string | undefined>();
  /** What was sent and has no outcome so far, and whether it is a call of a tool. */
  const open = new Map<number, boolean>();
  let rows = 0;
  let unsettled = 0;
  for (const { seq, entry } of readEntries(db, 0)) {
    // One that closes nothing is a second one, or of what was not sent.
    if (entry.kind === "outcome" && !open.delete(entry.of)) unsettled += 1;
    if (entry.kind !== "intent") continue;
    const { fate, tool, argumentsHmac }: Intent = entry;
    rows += 1;
    if (fate === "sent") open.set(seq, tool !== undefined);
    if (fate === "sent" && tool !== undefined) sentDigests.add(argumentsHmac);
  }
  for (const isTool of open.values()) if (isTool) unsettled += 1;
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
  const unknown: (ClientCall | undefined)[] = [];
  const open = new Map<number, Intent>();
  askLog(rig, (db) => {
    for (const { seq, entry } of readEntries(db, 0)) {
      if (entry.kind === "intent" && entry.tool !== undefined) open.set(seq, entry);
      if (entry.kind !== "outcome") continue;
      const intent = open.get(entry.of);
      if (intent !== undefined && entry.status === "unknown")
        unknown.push(byDigest.get(intent.argumentsHmac ?? ""));
      open.delete(entry.of);
    }
  });
  return unknown;
}

/** Outcomes that nobody knows. */
export function unknownOutcomes(db: Database): number {
  let unknown = 0;
  for (const { entry } of readEntries(db, 0))
    if (entry.kind === "outcome" && entry.status === "unknown") unknown += 1;
  return unknown;
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
