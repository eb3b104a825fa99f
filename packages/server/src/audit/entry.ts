import type { IntentEntry, OutcomeEntry } from "../call/ports.ts";

/**
 * The bodies of chain entries. Members stand in code-unit order and `JSON.stringify` writes strings and numbers as
 * RFC 8785 does, so the text is canonical JSON as it is.
 */
export function intentBody(seq: number, entry: IntentEntry): string {
  return JSON.stringify({
    argumentBytes: entry.argumentsBytes,
    argumentKeys: boundedKeys(entry.argumentKeys),
    argumentsHmac: entry.argumentsHmac,
    effect: entry.effect,
    fate: entry.fate,
    grant: entry.grant,
    grantLabel: entry.grantLabel,
    kind: "intent",
    message: entry.message,
    method: entry.method,
    mode: entry.mode,
    policy: entry.policy,
    policyName: entry.policyName,
    policyVersion: entry.policyVersion,
    requestId: entry.requestId,
    rule: entry.rule,
    seq,
    server: entry.server,
    serverName: entry.serverName,
    time: entry.time,
    tool: entry.tool,
    toolHash: entry.toolHash,
  });
}

export function outcomeBody(seq: number, entry: OutcomeEntry): string {
  return JSON.stringify({
    bytes: entry.bytes,
    httpStatus: entry.httpStatus,
    kind: "outcome",
    latencyMs: Math.round(entry.latencyMs * 1000) / 1000,
    of: entry.of,
    seq,
    status: entry.status,
    time: entry.time,
  });
}

/** A checkpoint of so many entries is on the disk. It belongs to no call: `of` is 0, which no entry has. */
export function checkpointBody(seq: number, { size, timeMs }: KeptCheckpoint): string {
  return JSON.stringify({ kind: "checkpoint", of: NO_CALL, seq, size, time: timeMs });
}

export interface KeptCheckpoint {
  readonly size: number;
  readonly timeMs: number;
}

/** What `of` says in an entry that is no call's. */
export const NO_CALL = 0;

/** A stranger chooses the names of arguments: at most so many, and so many characters in all, make a row. */
const MAX_KEYS = 200;
const MAX_KEYS_LENGTH = 8_000;

/** The names as they are; of too many or too long ones the first, and how many more there were. */
function boundedKeys(keys: readonly string[]): readonly string[] {
  let length = 0;
  for (const [at, key] of keys.entries()) {
    length += key.length;
    if (at >= MAX_KEYS || length > MAX_KEYS_LENGTH)
      return [...keys.slice(0, at), `(${keys.length - at} more)`];
  }
  return keys;
}
