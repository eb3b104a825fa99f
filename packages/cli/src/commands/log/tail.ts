import { setTimeout as sleep } from "node:timers/promises";
import { type Database, exportRows, type LogRow, readEntriesBackwards } from "@portcullis/server";
import type { Context } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import { withLedger } from "./ledger-file.ts";

const POLL_MS = 100;
/** How many rows are shown before those that come. */
const FIRST_ROWS = 10;
/** How long a row waits for its outcome; then it is shown without, so that a long call does not hide itself. */
const OUTCOME_WAIT_MS = 2000;

/** `log tail`: the last rows, then each new one, until the program is stopped or nobody reads what it prints. */
export async function logTail(context: Context): Promise<ExitCode> {
  // commander turns `--no-follow` into a `follow` that is true without it.
  const isFollowing = context.options.flag("follow");
  return withLedger(context, async (ledger) => {
    const follower = createFollower(context, ledger, isFollowing ? OUTCOME_WAIT_MS : 0);
    if (!isFollowing) {
      follower.read();
      return EXIT.ok;
    }
    const stop = context.io.stopSignal();
    let version = -1;
    while (!stop.aborted) {
      const current = ledger.dataVersion();
      if (current !== version || follower.isWaiting()) follower.read();
      version = current;
      await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
    }
    return EXIT.ok;
  });
}

interface Follower {
  read(): void;
  isWaiting(): boolean;
}

/** `outcomeWaitMs`: how long a row is held back until its outcome is there. */
function createFollower(context: Context, ledger: Database, outcomeWaitMs: number): Follower {
  const server = context.options.text("server");
  const isAll = context.options.flag("all");
  const shown = new Set<number>();
  /** Rows without an outcome, with the time until which they are held back. */
  const waiting = new Map<number, number>();
  // Everything up to here is settled: shown, or hidden by a filter.
  let settledSeq = firstSeq(ledger, server, isAll);
  return {
    isWaiting: () => waiting.size > 0,
    read: () => {
      const nowMs = performance.now();
      let newest = settledSeq;
      for (const row of exportRows(ledger, {
        afterSeq: settledSeq,
        ...(server === undefined ? {} : { server }),
      })) {
        newest = row.seq;
        if (shown.has(row.seq) || (!isAll && isNoise(row))) continue;
        if (isRunning(row) && nowMs < waitUntil(waiting, row.seq, nowMs + outcomeWaitMs)) continue;
        waiting.delete(row.seq);
        shown.add(row.seq);
        print(context, row);
      }
      settledSeq = waiting.size === 0 ? newest : Math.min(...waiting.keys()) - 1;
      for (const seq of shown) if (seq <= settledSeq) shown.delete(seq);
    },
  };
}

/** From where on there are {@link FIRST_ROWS} rows that are shown. */
function firstSeq(ledger: Database, server: string | undefined, isAll: boolean): number {
  let first = 0;
  let shown = 0;
  for (const { seq, entry } of readEntriesBackwards(ledger)) {
    if (entry.kind !== "intent" || (!isAll && isNoise(entry))) continue;
    if (server !== undefined && server !== entry.serverName && server !== entry.server) continue;
    first = seq - 1;
    shown += 1;
    if (shown === FIRST_ROWS) return first;
  }
  return first;
}

function waitUntil(waiting: Map<number, number>, seq: number, untilMs: number): number {
  const until = waiting.get(seq) ?? untilMs;
  waiting.set(seq, until);
  return until;
}

/** Sent, and its outcome is not there yet. */
function isRunning(row: LogRow): boolean {
  return row.status === "unknown" && row.latencyMs === null;
}

function isNoise({ method }: Pick<LogRow, "method">): boolean {
  return method === "ping" || method.startsWith("notifications/");
}

const STYLES = { allow: "green", deny: "red", hold: "yellow" } as const;

function print({ json, out }: Context, row: LogRow): void {
  if (json) {
    out.json(row);
    return;
  }
  const effect = out.style(STYLES[row.effect], row.effect.padEnd(5));
  const subject = row.tool ?? row.method;
  const rest = [
    row.mode === "shadow" ? "shadow" : "",
    row.rule,
    isRunning(row) ? "running" : (row.status ?? ""),
  ];
  const latency = row.latencyMs === null ? "" : `${Math.round(row.latencyMs)} ms`;
  const why = row.effect === "allow" ? "" : row.message;
  const words = [row.grant, row.server, subject, ...rest, latency, why].filter((word) => word !== "");
  out.line(`${row.time}  ${effect}  ${toPrintable(words.join("  "))}`);
}
