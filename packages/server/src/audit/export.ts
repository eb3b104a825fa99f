import { type Database, numberOf, type Row, textOf } from "../storage/database.ts";

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
  readonly effect: "allow" | "deny" | "hold";
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
  const rows = db.iterate(
    `SELECT i.seq, i.body, o.body AS outcome FROM entry i LEFT JOIN entry o ON o.of = i.seq AND o.seq > i.seq
       WHERE i.of IS NULL AND i.seq > max(0, ?, coalesce((SELECT max(seq) FROM anchor), 0)) ORDER BY i.seq`,
    filter.afterSeq ?? 0,
  );
  for (const row of rows) {
    const intent = JSON.parse(textOf(row, "body")) as StoredIntent;
    if (filter.sinceMs !== undefined && intent.time < filter.sinceMs) continue;
    if (filter.server !== undefined && filter.server !== intent.serverName && filter.server !== intent.server)
      continue;
    yield toLogRow(numberOf(row, "seq"), intent, outcomeOf(row));
  }
}

export interface StoredIntent {
  readonly time: number;
  readonly requestId: string;
  readonly grantLabel: string;
  readonly server: string;
  readonly serverName: string;
  readonly method: string;
  readonly tool?: string;
  readonly effect: LogRow["effect"];
  readonly rule: string;
  readonly message: string;
  readonly policyName?: string;
  readonly policyVersion?: number;
  readonly mode: string;
  readonly argumentKeys: readonly string[];
  readonly fate: "sent" | "stopped" | "refused";
}

export interface StoredOutcome {
  readonly status: string;
  readonly latencyMs: number;
}

function outcomeOf(row: Row): StoredOutcome | undefined {
  return row["outcome"] === null ? undefined : (JSON.parse(textOf(row, "outcome")) as StoredOutcome);
}

export function toLogRow(seq: number, intent: StoredIntent, outcome: StoredOutcome | undefined): LogRow {
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
