import type { IntentEntry, OutcomeEntry } from "../call/ports.ts";

/**
 * The bodies of chain entries. Members stand in code-unit order, and strings and numbers are written as RFC 8785 has
 * them, so the text is canonical JSON as it is. Put together by hand, because most of a row is the same for every call
 * of a grant, and spelling it anew is a third of the cost of a row. What is undefined is left out.
 */
export function intentBody(seq: number, entry: IntentEntry): string {
  const { argumentsBytes, argumentsHmac } = entry;
  const { keys, verdict, rule, server, tool } = spellingOf(entry);
  return (
    (argumentsBytes === undefined ? "{" : `{"argumentBytes":${argumentsBytes},`) +
    (argumentsHmac === undefined ? keys : `${keys}"argumentsHmac":${JSON.stringify(argumentsHmac)},`) +
    `${verdict}${JSON.stringify(entry.requestId)}${rule}${seq}${server}${entry.time}${tool}`
  );
}

/** What one intent has in common with others, as they spell it. */
interface Spelling {
  readonly entry: IntentEntry;
  readonly keys: string;
  readonly verdict: string;
  readonly rule: string;
  readonly server: string;
  readonly tool: string;
}

/** Strangers choose some of it: with too many all are forgotten, and long ones are not remembered. */
const MAX_SPELLINGS = 1_024;
const MAX_SPELLING_LENGTH = 2_048;
/** By grant, and by tool or method. */
const spellings = new Map<string, Map<string, Spelling>>();
let remembered = 0;

function spellingOf(entry: IntentEntry): Spelling {
  const called = entry.tool ?? entry.method;
  const known = spellings.get(entry.grant)?.get(called);
  if (known !== undefined && isSpelledAlike(known.entry, entry)) return known;
  const spelling = spell(entry);
  const { keys, verdict, rule, server, tool } = spelling;
  if (keys.length + verdict.length + rule.length + server.length + tool.length > MAX_SPELLING_LENGTH)
    return spelling;
  if (known === undefined) remembered += 1;
  if (remembered > MAX_SPELLINGS) {
    spellings.clear();
    remembered = 1;
  }
  const others = spellings.get(entry.grant) ?? new Map<string, Spelling>();
  spellings.set(entry.grant, others.set(called, spelling));
  return spelling;
}

function isSpelledAlike(one: IntentEntry, other: IntentEntry): boolean {
  return (
    one.effect === other.effect &&
    one.fate === other.fate &&
    one.grant === other.grant &&
    one.grantLabel === other.grantLabel &&
    one.message === other.message &&
    one.method === other.method &&
    one.mode === other.mode &&
    one.policy === other.policy &&
    one.policyName === other.policyName &&
    one.policyVersion === other.policyVersion &&
    one.rule === other.rule &&
    one.server === other.server &&
    one.serverName === other.serverName &&
    one.tool === other.tool &&
    one.toolHash === other.toolHash &&
    one.argumentKeys.length === other.argumentKeys.length &&
    one.argumentKeys.every((key, at) => key === other.argumentKeys[at])
  );
}

function spell(entry: IntentEntry): Spelling {
  const { argumentKeys, effect, fate, grant, grantLabel, message, method, mode } = entry;
  const { policy, policyName, policyVersion, rule, server, serverName, tool, toolHash } = entry;
  const verdict = { effect, fate, grant, grantLabel, kind: "intent", message, method, mode };
  return {
    entry,
    keys: `${members({ argumentKeys })},`,
    verdict: `${members({ ...verdict, policy, policyName, policyVersion })},"requestId":`,
    rule: `,${members({ rule })},"seq":`,
    server: `,${members({ server, serverName })},"time":`,
    tool: tool === undefined && toolHash === undefined ? "}" : `,${members({ tool, toolHash })}}`,
  };
}

/** As JSON spells them, without the braces around. */
function members(some: object): string {
  return JSON.stringify(some).slice(1, -1);
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
