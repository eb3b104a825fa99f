import { ok, type Result } from "@portcullis/policy";
import { Checkpointer } from "./audit/checkpointer.ts";
import { Ledger } from "./audit/ledger.ts";
import { openLedger } from "./audit/ledger-schema.ts";
import { Retention } from "./audit/retention.ts";
import { settleUnknown } from "./audit/settle-unknown.ts";
import { LedgerCounters } from "./counters/ledger-counters.ts";
import { SYSTEM_CLOCK } from "./line-parts.ts";
import type { LiveObserver } from "./observe/observer.ts";
import type { DataFolder } from "./storage/data-folder.ts";
import { DiskSync } from "./storage/disk-sync.ts";
import { startWalCheckpoints } from "./storage/wal-checkpoints.ts";

export interface LedgerSettings {
  readonly durable: boolean;
  readonly auditRetentionDays: number;
}

/** A data folder's log and counters, with all that keeps them. */
export interface LedgerParts {
  readonly ledger: Ledger;
  readonly counters: LedgerCounters;
  /** False from a commit that failed to the next that did not. */
  readonly isHealthy: () => boolean;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Opens the log of a data folder whose lock is held, settles the calls of a process that died, and puts on `cleanup`
 * what ends it. What goes wrong later is a warning of `observer`. The error is one line that says what to do.
 */
export function openLedgerParts(
  folder: DataFolder,
  organisation: string,
  settings: LedgerSettings,
  observer: LiveObserver,
  cleanup: AsyncDisposableStack,
): Result<LedgerParts, string> {
  const { durable } = settings;
  const db = openLedger(folder.ledgerFile, { durable });
  if (!db.ok) return db;
  let isHealthy = true;
  let checkpointer: Checkpointer | undefined;
  const ledger = new Ledger(db.value, {
    reopen: () => {
      const reopened = openLedger(folder.ledgerFile, { durable });
      if (!reopened.ok) throw new Error(reopened.error);
      return reopened.value;
    },
    onFailure: (reason) => {
      isHealthy = false;
      observer.warn("audit_failed", { reason });
    },
    onCommit: (size, head) => {
      isHealthy = true;
      checkpointer?.noteHead(size, head);
    },
  });
  checkpointer = startKeeping(ledger, { folder, organisation, settings, observer }, cleanup);
  const counters = new LedgerCounters(ledger, SYSTEM_CLOCK);
  settleUnknown(ledger, SYSTEM_CLOCK.nowMs());
  return ok({ ledger, counters, isHealthy: () => isHealthy });
}

interface Keeping {
  readonly folder: DataFolder;
  readonly organisation: string;
  readonly settings: LedgerSettings;
  readonly observer: LiveObserver;
}

/** Checkpoints, the pages of the WAL, retention; they end in the order in which one needs the other. */
function startKeeping(ledger: Ledger, keeping: Keeping, cleanup: AsyncDisposableStack): Checkpointer {
  const { folder, settings, observer } = keeping;
  const walSync = new DiskSync(`${folder.ledgerFile}-wal`);
  const onWalFailure = (reason: string) => observer.warn("wal_thread_failed", { reason });
  cleanup.use(startWalCheckpoints(folder.ledgerFile, { disk: walSync, onFailure: onWalFailure }));
  const checkpointer = openCheckpointer(ledger, walSync, keeping);
  cleanup.defer(() => {
    ledger.flush();
    checkpointer.close();
    ledger.close();
  });
  cleanup.use(
    new Retention({
      ledger,
      checkpointer,
      checkpointsFile: folder.checkpointsFile,
      key: folder.keys.checkpointKey,
      beforeMs: () => SYSTEM_CLOCK.nowMs() - settings.auditRetentionDays * DAY_MS,
      onFailure: (reason) => observer.warn("retention_failed", { reason }),
    }),
  );
  return checkpointer;
}

function openCheckpointer(
  ledger: Ledger,
  ledgerSync: DiskSync,
  { folder, organisation, observer }: Keeping,
): Checkpointer {
  return new Checkpointer({
    organisation,
    key: folder.keys.checkpointKey,
    file: folder.checkpointsFile,
    nowMs: SYSTEM_CLOCK.nowMs,
    size: ledger.size,
    root: ledger.head,
    ledgerSync,
    onKept: (size, timeMs) => ledger.noteCheckpoint({ size, timeMs }),
    // Whoever collects the log lines holds a copy that the data folder's owner cannot rewrite.
    onCheckpoint: atMostEvery(MINUTE_MS, (note) => observer.log.info({ event: "checkpoint", note })),
    onFailure: (reason) => observer.warn("checkpoint_failed", { reason }),
  });
}

/** Under load a checkpoint comes every thousand rows; a log line a minute is enough to keep elsewhere. */
function atMostEvery(ms: number, tell: (note: string) => void): (note: string) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (note) => {
    const nowMs = SYSTEM_CLOCK.monotonicMs();
    if (nowMs - lastMs < ms) return;
    lastMs = nowMs;
    tell(note);
  };
}
