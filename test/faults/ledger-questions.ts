import type { ClientCall } from "./load.ts";
import { askLog, type Intent, readCalls } from "./logged-calls.ts";
import type { Rig } from "./rig.ts";

/** From the head of a call to the end of its answer, as the log has it: a busy client is no fault of the gateway. */
export function longestMs(rig: Rig, server: string): number {
  const calls = askLog(rig, readCalls).filter(({ intent }) => intent.serverName === server);
  return Math.max(0, ...calls.flatMap(({ outcomes }) => outcomes.map(({ latencyMs }) => latencyMs)));
}

/** The different statuses of sent calls to a server, and how many have each. */
export function statusesOf(rig: Rig, server: string): ReadonlyMap<string, number> {
  return statuses(rig, ({ serverName }) => serverName === server);
}

/** The status of one call; empty when it was not sent. */
export function statusOf(rig: Rig, { args }: ClientCall): string {
  const digest = rig.folder.keys.argumentsHmac(JSON.stringify(args));
  return [...statuses(rig, ({ argumentsHmac }) => argumentsHmac === digest).keys()].join(" ");
}

/** Calls that fixed windows of a counter have been charged for. */
export function chargedTo(rig: Rig, counter: string): number {
  const row = askLog(rig, (db) =>
    db.get("SELECT coalesce(sum(micros), 0) AS micros FROM counter_fixed WHERE instr(key, ?) > 0", counter),
  );
  return Number(row?.["micros"]) / 1_000_000;
}

function statuses(rig: Rig, isAsked: (intent: Intent) => boolean): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { intent, outcomes } of askLog(rig, readCalls)) {
    if (intent.tool === undefined || !isAsked(intent)) continue;
    for (const { status } of outcomes) found.set(status, (found.get(status) ?? 0) + 1);
  }
  return found;
}
