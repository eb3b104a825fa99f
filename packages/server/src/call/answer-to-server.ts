import type { JsonObject } from "@portcullis/policy";
import type { RequestId } from "../mcp/json-rpc.ts";
import type { RoutedCall } from "./call.ts";
import type { UpstreamSink, Upstreams } from "./ports.ts";
import type { Session } from "./sessions.ts";

/** A JSON-RPC error that a server gets for its own request. */
export type RefusalOfServer = { readonly code: number; readonly message: string };

/** Refuses a server's own request in the client's place, because policy or the protocol does not let it through. */
export function refuseServerRequest(
  call: RoutedCall,
  session: Session,
  id: RequestId,
  error: RefusalOfServer,
  upstreams: Upstreams,
): void {
  const { server } = call.arrival.access;
  const version = call.arrival.headers.protocolVersion ?? session.version;
  const answer: JsonObject = { jsonrpc: "2.0", id, error };
  const headers = ["accept", "application/json, text/event-stream", "content-type", "application/json"];
  if (version !== undefined) headers.push("mcp-protocol-version", version);
  if (session.upstream !== undefined) headers.push("mcp-session-id", session.upstream);
  upstreams.open(
    {
      server,
      verb: "POST",
      body: Buffer.from(JSON.stringify(answer)),
      message: { kind: "response", id, result: undefined, error },
      era: "legacy",
      headers,
      channel: session.channel,
      grant: session.grantId,
      upstreamSession: session.upstream,
      deadlineMs: server.deadlineMs,
    },
    IGNORED,
  );
}

/** Whether the server liked the refusal changes nothing here. */
const IGNORED: UpstreamSink = { onAnswer() {}, onStream() {}, onEvent() {}, onEnd() {}, onFail() {} };
