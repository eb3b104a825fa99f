import type { Database } from "../storage/database.ts";
import type { StoredIntent, StoredOutcome } from "./entry.ts";
import { anchorSeq } from "./prune.ts";
import { readCalls } from "./read-calls.ts";

/** One row of `log export`, the same in every release of one major version. */
export interface LogRow {
  readonly seq: number;
  /** ISO 8601. */
  readonly time: string;
  readonly requestId: string;
  readonly grant: string;
  readonly server: string;
  readonly method: string;
  readonly tool: string | null;
  readonly effect: StoredIntent["effect"];
  readonly rule: string;
  readonly message: string;
  readonly policy: string | null;
  readonly policyVersion: number | null;
  readonly mode: string;
  readonly argumentKeys: readonly string[];
  readonly status: string | null;
  readonly latencyMs: number | null;
}

export interface LogFilter {
  /** Only rows from this time on, milliseconds. */
  readonly sinceMs?: number;
  /** Only rows of the server with this name or id. */
  readonly server?: string;
  /** Only rows after this `seq`. */
  readonly afterSeq?: number;
}

/**
 * Every request of the log with its outcome, oldest first, read piece by piece. Nothing that `log verify` does not
 * cover: no row at or below the anchor, and no outcome that stands before its call.
 */
export function* exportRows(db: Database, filter: LogFilter): Generator<LogRow> {
  const { sinceMs, server } = filter;
  for (const { seq, intent, outcome } of readCalls(db, Math.max(filter.afterSeq ?? 0, anchorSeq(db)))) {
    if (sinceMs !== undefined && intent.time < sinceMs) continue;
    if (server !== undefined && server !== intent.serverName && server !== intent.server) continue;
    yield toLogRow(seq, intent, outcome);
  }
}

/** The row of a request. `outcome`: undefined where there is none, or none yet. */
export function toLogRow(
  seq: number,
  intent: Omit<StoredIntent, "kind">,
  outcome: Pick<StoredOutcome, "status" | "latencyMs"> | undefined,
): LogRow {
  return {
    seq,
    time: new Date(intent.time).toISOString(),
    requestId: intent.requestId,
    grant: intent.grantLabel,
    server: intent.serverName,
    method: intent.method,
    tool: intent.tool ?? null,
    effect: intent.effect,
    rule: intent.rule,
    message: intent.message,
    policy: intent.policyName ?? null,
    policyVersion: intent.policyVersion ?? null,
    mode: intent.mode,
    argumentKeys: intent.argumentKeys,
    status: outcome?.status ?? statusWithout(intent.fate),
    latencyMs: outcome?.latencyMs ?? null,
  };
}

/** A sent call without an outcome is still running, or its end was lost with the process: nobody knows. */
function statusWithout(fate: StoredIntent["fate"]): string | null {
  if (fate === "stopped") return null;
  return fate === "refused" ? "refused" : "unknown";
}
