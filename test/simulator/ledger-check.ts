import { verifyLedger } from "@portcullis/server";
import type { FolderKeys } from "../../packages/server/src/storage/keys.ts";
import type { CallRecord } from "./call-record.ts";
import type { CommittedLog, LoggedCall } from "./committed-log.ts";

/** At the end of a history: the chain verifies, every sent call has one outcome, and it is the true one. */
export function checkLedger(
  ledgerFile: string,
  keys: FolderKeys,
  log: CommittedLog,
  calls: readonly CallRecord[],
): readonly string[] {
  const problems = [...log.strays];
  const publicKey = keys.checkpointPublicKey();
  const { ok, rows, reason } = verifyLedger({ ledgerFile, publicKey, checkpoints: "" });
  if (!ok) problems.push(`the chain does not verify: ${reason}`);
  if (rows !== log.rows) problems.push(`${log.rows} entries were committed, and ${rows} are there`);
  const seen = new Set<number>();
  for (const logged of log.calls) {
    const id = Number(logged.requestId.slice("call-".length));
    const call = calls[id - 1];
    if (call === undefined || seen.has(id))
      problems.push(`an intent of nobody, or a second one: ${logged.requestId}`);
    else problems.push(...problemsOf(call, logged));
    seen.add(id);
  }
  for (const call of calls)
    if (call.fate !== undefined && !seen.has(call.id))
      problems.push(`call ${call.id} was sent and has no row`);
  for (const key of log.negativeCounters()) problems.push(`a counter is below zero: ${key}`);
  return problems;
}

function problemsOf(call: CallRecord, { fate, effect, statuses }: LoggedCall): readonly string[] {
  const problems: string[] = [];
  const isSent = fate === "sent";
  if (statuses.length !== (isSent ? 1 : 0))
    problems.push(`call ${call.id} is ${fate} with ${statuses.length} outcomes`);
  if (call.fate !== undefined && !isSent) problems.push(`call ${call.id} ran and its row says ${fate}`);
  if (
    call.kind === "call" &&
    fate !== "refused" &&
    call.rule.effect !== "allow" &&
    effect !== call.rule.effect
  )
    problems.push(`call ${call.id} is to be ${call.rule.effect} and its row says ${effect}`);
  if (isSent && !statusesOf(call).includes(statuses[0] ?? "none"))
    problems.push(
      `call ${call.id} (${call.fate?.name ?? "not sent"}, ended by ${call.endedBy}) is told as ${statuses}`,
    );
  return problems;
}

/** How the log may tell the end of a call. */
function statusesOf({ fate, endedBy, isEndCommitted, wasUnsent }: CallRecord): readonly string[] {
  // Its commit seemed to fail and had not.
  if (wasUnsent) return ["upstream_error", "unknown"];
  if (!isEndCommitted) return ["unknown"];
  const early = endedBy === undefined ? [] : ["cancelled", "unknown"];
  return fate === undefined ? ["cancelled"] : [fate.status, ...early];
}
