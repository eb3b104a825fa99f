/** Whether a server may ask this grant's client for something (policy-spec R7). */
import { decideServerRequest, isJsonObject, type JsonObject, own } from "@portcullis/policy";
import { CLIENT_CAPABILITIES_META, SERVER_REQUESTS, type ServerRequestSubject } from "../mcp/revisions.ts";
import type { Access, RoutedCall } from "./call.ts";
import { elicitationProblem } from "./elicitation.ts";

type ServerRequestKind = Exclude<ServerRequestSubject, "free">;

/** True when policy lets this server ask this grant's client; a grant without a policy is never asked. */
export function mayAsk(access: Access, kind: ServerRequestKind): boolean {
  const policy = access.policy?.compiled;
  if (policy === undefined) return false;
  // Shadow mode relaxes R7 like every verdict (A1).
  return access.mode === "shadow" || decideServerRequest(policy, kind).effect === "allow";
}

/**
 * The first reason not to pass `inputRequests` on: policy denies one, the client did not declare the capability
 * (2026-07-28 mrtr: the server must not ask then), or it is no request that a server may make.
 */
export function deniedInputs(
  call: RoutedCall,
  requests: JsonObject,
): { kind: "invalid"; reason: string } | { kind: "input-denied"; message: string } | undefined {
  for (const name of Object.keys(requests)) {
    const request = own(requests, name);
    const method = isJsonObject(request) ? own(request, "method") : undefined;
    const kind = typeof method === "string" ? SERVER_REQUESTS.get(method) : undefined;
    if (kind === undefined || kind === "free")
      return { kind: "invalid", reason: "it asks for an unknown kind of input" };
    if (!declares(call, kind))
      return { kind: "invalid", reason: `it asks for ${kind}, which the client did not declare` };
    if (!mayAsk(call.arrival.access, kind)) {
      return { kind: "input-denied", message: `The server asked for ${kind}, which policy does not allow.` };
    }
    const params = isJsonObject(request) ? own(request, "params") : undefined;
    const problem = kind === "elicitation" ? elicitationProblem(params) : undefined;
    if (problem !== undefined)
      return { kind: "input-denied", message: `The server's question to the user is refused: ${problem}.` };
  }
  return undefined;
}

function declares(call: RoutedCall, kind: ServerRequestKind): boolean {
  const capabilities = capabilitiesOf(call);
  return capabilities !== undefined && isJsonObject(own(capabilities, kind));
}

/** True when the client declared this extension in this very request (2026-07-28 basic/index "`_meta`"). */
export function declaresExtension(call: Pick<RoutedCall, "message">, extension: string): boolean {
  const extensions = own(capabilitiesOf(call) ?? {}, "extensions");
  return isJsonObject(extensions) && isJsonObject(own(extensions, extension));
}

function capabilitiesOf({ message }: Pick<RoutedCall, "message">): JsonObject | undefined {
  const params = message?.kind === "request" ? message.params : undefined;
  const meta = params === undefined ? undefined : own(params, "_meta");
  const capabilities = isJsonObject(meta) ? own(meta, CLIENT_CAPABILITIES_META) : undefined;
  return isJsonObject(capabilities) ? capabilities : undefined;
}
