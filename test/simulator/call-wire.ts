/** How one request of the simulation is spelled. */
import type { ClientHeaders } from "../../packages/server/src/call/call.ts";
import type { CallRecord } from "./call-record.ts";

const MODERN = "2026-07-28";
const LEGACY = "2025-11-25";
const META = {
  "io.modelcontextprotocol/protocolVersion": MODERN,
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** What the client's request says in its head. */
export function headersOf({ client, kind, tool }: CallRecord): ClientHeaders {
  const isLegacy = client.server.setting.era === "legacy";
  const protocolVersion = isLegacy ? LEGACY : MODERN;
  const raw = isLegacy
    ? ["mcp-protocol-version", LEGACY]
    : ["mcp-protocol-version", MODERN, "mcp-method", "tools/call", "mcp-name", tool];
  const sessionId = kind === "initialize" ? undefined : client.session?.id;
  return {
    raw,
    accept: undefined,
    protocolVersion,
    sessionId,
    lastEventId: undefined,
    traceparent: undefined,
  };
}

/** The message itself. */
export function bodyOf({ id, kind, tool, amount, client }: CallRecord): Buffer {
  const isLegacy = client.server.setting.era === "legacy";
  const args = { amount, n: id };
  const params =
    kind === "initialize"
      ? { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: "c", version: "1" } }
      : { name: tool, arguments: args, ...(isLegacy ? {} : { _meta: META }) };
  const method = kind === "initialize" ? "initialize" : "tools/call";
  return Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
}
