import type { RequestMessage } from "../mcp/json-rpc.ts";
import { withMembers } from "./handles.ts";
import type { Keys } from "./ports.ts";

/**
 * Stands for "the same request": method and parameters without what a retry adds or changes. A sealed
 * `requestState` opens only on the request it was given for (2026-07-28 mrtr, server requirement 5).
 */
export function requestDigest(message: RequestMessage, keys: Keys): string {
  const params = withMembers(message.params ?? {}, {
    requestState: undefined,
    inputResponses: undefined,
    _meta: undefined,
  });
  return keys.argumentsHmac(JSON.stringify([message.method, params]));
}
