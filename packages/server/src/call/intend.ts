import { maskSecrets } from "../mcp/mask-secrets.ts";
import type { AllowedCall, Arrival, Decision, IntendedCall, PermittedCall, RoutedCall } from "./call.ts";
import type { IntentEntry, Ports } from "./ports.ts";
import type { PinnedTool } from "./records.ts";
import { argumentKeys, shownName } from "./shown-names.ts";

/** Stage intend: the audit row of an allowed call, committed before the first byte goes upstream. No audit, no call. */
export async function intend(allowed: AllowedCall, ports: Ports): Promise<IntendedCall | undefined> {
  const entry = intentEntry(allowed.call, allowed.decision, allowed.tool, "sent", ports);
  const seq = await ports.audit.intend(entry);
  // INVARIANT: the only place where an IntendedCall is made, and only after the commit (promise P1).
  return seq === undefined ? undefined : (Object.assign(allowed, { seq }) as IntendedCall);
}

/** The row of a call that goes nowhere. False when it could not be committed. */
export async function recordStopped(
  call: RoutedCall,
  decision: Decision,
  tool: PinnedTool | undefined,
  ports: Ports,
): Promise<boolean> {
  return (await ports.audit.intend(intentEntry(call, decision, tool, "stopped", ports))) !== undefined;
}

/** The row of a call that policy permits and that is refused all the same. False when it could not be committed. */
export async function recordUnfit(
  { call, tool }: PermittedCall,
  kind: string,
  reason: string,
  ports: Ports,
): Promise<boolean> {
  const decision: Decision = { effect: "deny", rule: `(${kind})`, message: reason, reservations: [] };
  return (await ports.audit.intend(intentEntry(call, decision, tool, "refused", ports))) !== undefined;
}

/** The row of a request that was refused before policy could judge it. */
export async function recordRefused(
  arrival: Arrival,
  method: string,
  kind: string,
  reason: string,
  ports: Ports,
): Promise<boolean> {
  const entry: IntentEntry = {
    ...principal(arrival, ports),
    method: maskSecrets(method),
    tool: undefined,
    toolHash: undefined,
    argumentKeys: [],
    argumentsHmac: undefined,
    argumentsBytes: undefined,
    effect: "deny",
    rule: `(${kind})`,
    message: reason,
    fate: "refused",
  };
  return (await ports.audit.intend(entry)) !== undefined;
}

function intentEntry(
  call: RoutedCall,
  decision: Decision,
  tool: PinnedTool | undefined,
  fate: IntentEntry["fate"],
  ports: Ports,
): IntentEntry {
  const { subject } = call;
  const args = subject.kind === "tool" ? subject.args : undefined;
  // The judged object spelled once: the digest does not depend on white space.
  const text = args === undefined ? undefined : JSON.stringify(args);
  return {
    ...principal(call.arrival, ports),
    method: call.method,
    tool: toolName(call),
    toolHash: tool?.observedHash,
    argumentKeys: args === undefined ? [] : argumentKeys(args),
    argumentsHmac: text === undefined ? undefined : ports.keys.argumentsHmac(text),
    argumentsBytes: text === undefined ? undefined : Buffer.byteLength(text),
    effect: decision.effect,
    rule: decision.rule,
    message: maskSecrets(withoutSecrets(decision.message, subject)).slice(0, MAX_MESSAGE_LENGTH),
    fate,
  };
}

const MAX_MESSAGE_LENGTH = 1_000;

function toolName({ subject }: RoutedCall): string | undefined {
  if (subject.kind === "tool") return shownName(subject.name);
  return subject.kind === "task" ? shownName(subject.tool) : undefined;
}

/** policy-spec L5 tells the agent what it asked for; that is an argument's value, and none is ever on record. */
function withoutAmount(message: string): string {
  return message.replace(/\(asked [\d.]+, left /, "(asked …, left ");
}

/** A refusal quotes the URI. Its place says enough; the user in it and its query are values, and may be keys. */
function withoutSecrets(message: string, subject: RoutedCall["subject"]): string {
  return urisOf(subject).reduce((text, uri) => text.replaceAll(uri, placeOf(uri)), withoutAmount(message));
}

function urisOf(subject: RoutedCall["subject"]): readonly string[] {
  if (subject.kind === "resource") return [subject.uri];
  if (subject.kind === "template") return [subject.uriTemplate];
  return subject.kind === "listen" ? subject.uris : [];
}

function placeOf(uri: string): string {
  return uri.replace(/[?#].*$/s, "").replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1");
}

function principal(arrival: Arrival, ports: Ports) {
  const { access } = arrival;
  return {
    time: ports.clock.nowMs(),
    requestId: arrival.requestId,
    grant: access.grant.id,
    grantLabel: access.grant.label,
    server: access.server.id,
    serverName: access.server.name,
    policy: access.policy?.id,
    policyName: access.policy?.name,
    policyVersion: access.policy?.version,
    mode: access.mode,
  };
}
