import type { IntentEntry, OutcomeEntry } from "../call/ports.ts";

/**
 * The bodies of chain entries. Members stand in code-unit order, and strings and numbers are written as RFC 8785 has
 * them, so the text is canonical JSON as it is. Put together by hand, because most of a row is the same for every call
 * of a grant, and spelling it anew is a third of the cost of a row. What is undefined is left out.
 */
export function intentBody(seq: number, entry: IntentEntry): string {
  const { argumentsBytes, argumentsHmac, policy, policyName, policyVersion, tool, toolHash } = entry;
  return (
    "{" +
    (argumentsBytes === undefined ? "" : `"argumentBytes":${argumentsBytes},`) +
    `"argumentKeys":${JSON.stringify(entry.argumentKeys)},` +
    (argumentsHmac === undefined ? "" : `"argumentsHmac":${JSON.stringify(argumentsHmac)},`) +
    `"effect":"${entry.effect}","fate":"${entry.fate}",` +
    `"grant":${quoted(entry.grant)},"grantLabel":${quoted(entry.grantLabel)},"kind":"intent",` +
    `"message":${quoted(entry.message)},"method":${quoted(entry.method)},"mode":"${entry.mode}",` +
    (policy === undefined ? "" : `"policy":${quoted(policy)},`) +
    (policyName === undefined ? "" : `"policyName":${quoted(policyName)},`) +
    (policyVersion === undefined ? "" : `"policyVersion":${policyVersion},`) +
    `"requestId":${JSON.stringify(entry.requestId)},"rule":${quoted(entry.rule)},"seq":${seq},` +
    `"server":${quoted(entry.server)},"serverName":${quoted(entry.serverName)},"time":${entry.time}` +
    (tool === undefined ? "" : `,"tool":${quoted(tool)}`) +
    (toolHash === undefined ? "" : `,"toolHash":${quoted(toolHash)}`) +
    "}"
  );
}

export function outcomeBody(
  seq: number,
  { bytes, httpStatus, latencyMs, of, status, time }: OutcomeEntry,
): string {
  return (
    `{"bytes":${bytes},` +
    (httpStatus === undefined ? "" : `"httpStatus":${httpStatus},`) +
    `"kind":"outcome","latencyMs":${Math.round(latencyMs * 1000) / 1000},"of":${of},"seq":${seq},` +
    `"status":"${status}","time":${time}}`
  );
}

/** Spellings that are remembered. Strangers choose some names: with too many of them all are forgotten. */
const MAX_REMEMBERED = 4_096;
const MAX_REMEMBERED_LENGTH = 128;
const remembered = new Map<string, string>();

/** A text as JSON; for texts that come again and again. */
function quoted(text: string): string {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const spelled = JSON.stringify(text);
  if (text.length > MAX_REMEMBERED_LENGTH) return spelled;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(text, spelled);
  return spelled;
}

/** What `of` says in an entry that is no call's. */
const NO_CALL = 0;

/** A checkpoint of so many entries is on the disk. It belongs to no call: `of` is 0, which no entry has. */
export function checkpointBody(seq: number, { size, timeMs }: KeptCheckpoint): string {
  return JSON.stringify({ kind: "checkpoint", of: NO_CALL, seq, size, time: timeMs });
}

export interface KeptCheckpoint {
  readonly size: number;
  readonly timeMs: number;
}

/** What readers need of an entry as it is stored; it was written by the functions above, and is not checked again. */
export type StoredEntry = StoredIntent | StoredOutcome | StoredCheckpoint;

export interface StoredIntent {
  readonly kind: "intent";
  readonly time: number;
  readonly requestId: string;
  readonly grantLabel: string;
  readonly server: string;
  readonly serverName: string;
  readonly method: string;
  readonly tool?: string;
  readonly effect: "allow" | "deny" | "hold";
  readonly rule: string;
  readonly message: string;
  readonly policyName?: string;
  readonly policyVersion?: number;
  readonly mode: string;
  readonly argumentKeys: readonly string[];
  readonly fate: "sent" | "stopped" | "refused";
}

export interface StoredOutcome {
  readonly kind: "outcome";
  readonly time: number;
  /** `seq` of the intent. */
  readonly of: number;
  readonly status: string;
  readonly latencyMs: number;
}

export interface StoredCheckpoint {
  readonly kind: "checkpoint";
  readonly time: number;
  readonly size: number;
}

/** How the body of a {@link StoredCheckpoint} begins, and no other. */
export const CHECKPOINT_BEGINS = '{"kind":"checkpoint",';
