import { compilePolicy, type PolicyDocument, validatePolicy } from "@portcullis/policy";
import type { Access, ClientHeaders } from "../../src/call/call.ts";
import type { GrantId, PinnedTool, PinState, PolicyId } from "../../src/call/records.ts";
import { serverAt } from "../upstream/harness.ts";

/** A request with none of the headers that the line reads. */
export const NO_HEADERS: ClientHeaders = {
  raw: [],
  accept: undefined,
  protocolVersion: undefined,
  sessionId: undefined,
  lastEventId: undefined,
  traceparent: undefined,
};

/** Who calls what in a test: one grant on one server, under a policy or under none. */
export function accessOf(policy?: object, more: Partial<Access> = {}): Access {
  const server = serverAt("https://mcp.example.com/");
  const id = "pol_0000000000000000" as PolicyId;
  return {
    grant: {
      id: "grt_0000000000000000" as GrantId,
      organisation: server.organisation,
      label: "agent",
      expiresAtMs: 2_000,
      access: new Map([[server.id, { policy: id, mode: "enforce" }]]),
    },
    digest: "digest",
    server,
    policy:
      policy === undefined
        ? undefined
        : { id, name: "test", version: 1, compiled: compilePolicy(documentOf(policy)) },
    mode: "enforce",
    ...more,
  };
}

/** The same under another grant. */
export function ofAnotherGrant(access: Access): Access {
  return { ...access, grant: { ...access.grant, id: "grt_1111111111111111" as GrantId } };
}

/** The same at another server. */
export function atAnotherServer(access: Access): Access {
  return { ...access, server: { ...access.server, id: "srv_1111111111111111" as Access["server"]["id"] } };
}

export function pinned(name: string, pin: PinState): PinnedTool {
  return { name, pin, observedHash: "o", acceptedHash: "a", headerParams: [] };
}

function documentOf(policy: object): PolicyDocument {
  const valid = validatePolicy({ version: "1", default: "deny", ...policy });
  if (!valid.ok) throw new Error(JSON.stringify(valid.error));
  return valid.value;
}
