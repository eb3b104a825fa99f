import type { Database } from "../storage/database.ts";
import type { StoredIntent, StoredOutcome } from "./entry.ts";
import { readEntries } from "./read-entries.ts";

/** A request of the log, with its outcome if that is there. */
export interface LoggedCall {
  readonly seq: number;
  readonly intent: StoredIntent;
  readonly outcome: StoredOutcome | undefined;
}

/** Within so many entries nearly every call has its outcome; the rest of the log is looked through for the others. */
const NEAR_ENTRIES = 10_000;

/** Requests in the order in which they were written, from behind entry `after` on. An outcome before its call is none. */
export function* readCalls(db: Database, after: number): Generator<LoggedCall> {
  const waiting = new Map<number, LoggedCall>();
  let late: ReadonlyMap<number, StoredOutcome> | undefined;
  for (const { seq, entry } of readEntries(db, after)) {
    if (entry.kind === "intent") waiting.set(seq, { seq, intent: entry, outcome: undefined });
    if (entry.kind === "outcome") {
      const call = waiting.get(entry.of);
      if (call !== undefined) waiting.set(entry.of, { ...call, outcome: entry });
    }
    for (const call of waiting.values()) {
      const isOpen = call.intent.fate === "sent" && call.outcome === undefined;
      if (isOpen && seq - call.seq < NEAR_ENTRIES) break;
      if (isOpen) late ??= readLateOutcomes(db, seq);
      waiting.delete(call.seq);
      yield isOpen ? { ...call, outcome: late?.get(call.seq) } : call;
    }
  }
  yield* waiting.values();
}

/** By the number of their call: outcomes behind entry `after` that came long after it, as those of streams do. */
function readLateOutcomes(db: Database, after: number): ReadonlyMap<number, StoredOutcome> {
  const late = new Map<number, StoredOutcome>();
  for (const { seq, entry } of readEntries(db, after))
    if (entry.kind === "outcome" && seq - entry.of > NEAR_ENTRIES) late.set(entry.of, entry);
  return late;
}
