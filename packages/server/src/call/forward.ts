import { headerParamsOf } from "../mcp/header-params.ts";
import { encodeHeaderValue } from "../mcp/headers.ts";
import { MODERN_VERSION } from "../mcp/revisions.ts";
import type { IntendedCall, RoutedCall } from "./call.ts";
import type { Exchange, UpstreamRequest, UpstreamSink, Upstreams } from "./ports.ts";
import type { PinnedTool } from "./records.ts";

/** What an upstream server is told when the client did not say what it takes. */
const ACCEPT_BOTH = "application/json, text/event-stream";

/** Stage forward: sends the judged bytes. Takes only a call whose intent is on record. */
export function forward(call: IntendedCall, sink: UpstreamSink, upstreams: Upstreams): Exchange {
  const routed = call.call;
  const { access } = routed.arrival;
  const request: UpstreamRequest = {
    server: access.server,
    verb: routed.arrival.verb,
    body: routed.body,
    message: routed.message,
    era: routed.era,
    headers: upstreamHeaders(routed, call.tool),
    channel: routed.channel,
    grant: access.grant.id,
    upstreamSession: routed.session?.upstream,
    deadlineMs: isOpenEnded(routed) ? 0 : access.server.deadlineMs,
  };
  return upstreams.open(request, sink);
}

/** A stream that waits for what may never come has no deadline; it ends with the client or the grant. */
export function isOpenEnded(call: RoutedCall): boolean {
  return call.arrival.verb === "GET" || call.subject.kind === "listen";
}

/**
 * Of the client's headers only these travel; `mcp-*` are made anew from the judged message (threats 17,
 * 47, 57).
 */
function upstreamHeaders(call: RoutedCall, tool: PinnedTool | undefined): string[] {
  const { arrival } = call;
  const headers = ["accept", acceptOf(call)];
  if (arrival.verb === "POST") headers.push("content-type", "application/json");
  if (arrival.headers.traceparent !== undefined) headers.push("traceparent", arrival.headers.traceparent);
  if (call.era === "modern") pushModern(call, tool, headers);
  else pushLegacy(call, headers);
  return headers;
}

function acceptOf(call: RoutedCall): string {
  if (call.arrival.verb === "GET") return "text/event-stream";
  return call.arrival.headers.accept ?? ACCEPT_BOTH;
}

function pushModern(call: RoutedCall, tool: PinnedTool | undefined, headers: string[]): void {
  headers.push("mcp-protocol-version", MODERN_VERSION);
  if (call.message === undefined || call.message.kind === "response") return;
  headers.push("mcp-method", call.message.method);
  const { subject } = call;
  if (subject.kind === "tool" || subject.kind === "prompt")
    headers.push("mcp-name", encodeHeaderValue(subject.name));
  if (subject.kind === "resource") headers.push("mcp-name", encodeHeaderValue(subject.uri));
  // ext-tasks "Routing Headers": the server's own id, as in the body.
  if (subject.kind === "task") headers.push("mcp-name", encodeHeaderValue(subject.taskId));
  if (subject.kind === "tool" && tool !== undefined) {
    const params = headerParamsOf(tool.headerParams, subject.args);
    // An argument of another type than the schema's has no header form; the server refuses the call as invalid.
    if (params.ok) headers.push(...params.value.flat());
  }
}

function pushLegacy(call: RoutedCall, headers: string[]): void {
  const { lastEventId } = call.arrival.headers;
  const protocolVersion = call.arrival.headers.protocolVersion ?? call.session?.version;
  if (protocolVersion !== undefined) headers.push("mcp-protocol-version", protocolVersion);
  if (call.session?.upstream !== undefined) headers.push("mcp-session-id", call.session.upstream);
  if (call.arrival.verb === "GET" && lastEventId !== undefined) headers.push("last-event-id", lastEventId);
}
