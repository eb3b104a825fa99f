/** What goes over the wire: calls, answers, tool lists. The same for every contestant. */

export type Era = "legacy" | "modern";

export const MODERN_VERSION = "2026-07-28";
export const LEGACY_VERSION = "2025-11-25";

/** Names are of one length, so that every call is of one length. */
export function toolName(index: number): string {
  return `tool_${String(index).padStart(4, "0")}`;
}

export function toolList(era: Era, names: readonly string[]): object {
  const tools = names.map((name, index) => ({
    name,
    description: `Moves money, the way number ${index} of doing it.`,
    inputSchema: {
      type: "object",
      properties: { amount: { type: "number" }, currency: { type: "string" }, reason: { type: "string" } },
      required: ["amount", "reason"],
    },
  }));
  return era === "modern" ? { resultType: "complete", tools, ttlMs: 0, cacheScope: "private" } : { tools };
}

export function toolNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => toolName(index));
}

/** The result of every `tools/call`. */
export function answerResult(era: Era, textBytes: number): object {
  const content = [{ type: "text", text: "y".repeat(textBytes) }];
  return era === "modern" ? { content, resultType: "complete" } : { content };
}

const MODERN_META = {
  "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** The body of one `tools/call`, `bytes` long in ASCII. Throws when that is too short for a call. */
export function callBody(era: Era, id: number, tool: string, bytes: number): string {
  const short = callText(era, id, tool, "");
  const missing = bytes - short.length;
  if (missing < 1) throw new Error(`a call needs ${short.length + 1} bytes at least`);
  return callText(era, id, tool, "z".repeat(missing));
}

function callText(era: Era, id: number, tool: string, reason: string): string {
  const args = { amount: 12.5, currency: "eur", customer: "cus_8812", path: "/srv/books/2026", reason };
  const params = { name: tool, arguments: args, ...(era === "modern" ? { _meta: MODERN_META } : {}) };
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params });
}

/** The body of one `tools/list`. */
export function listBody(era: Era, id: number): string {
  const params = era === "modern" ? { _meta: MODERN_META } : {};
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/list", params });
}

/** The body of a `subscriptions/listen`, which only the modern era has. */
export function listenBody(id: number): string {
  const params = { notifications: { toolsListChanged: true }, _meta: MODERN_META };
  return JSON.stringify({ jsonrpc: "2.0", id, method: "subscriptions/listen", params });
}

/** The headers that a client of the era sends with `tools/list`. */
export function listHeaders(era: Era): Record<string, string> {
  const { "mcp-name": _, ...headers } = callHeaders(era, "");
  return era === "modern" ? { ...headers, "mcp-method": "tools/list" } : headers;
}

/** The headers that a client of the era sends with a call. */
export function callHeaders(era: Era, tool: string): Record<string, string> {
  const common = { accept: "application/json, text/event-stream", "content-type": "application/json" };
  return era === "modern"
    ? { ...common, "mcp-protocol-version": MODERN_VERSION, "mcp-method": "tools/call", "mcp-name": tool }
    : { ...common, "mcp-protocol-version": LEGACY_VERSION };
}
