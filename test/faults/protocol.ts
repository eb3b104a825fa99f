/** The little of MCP that the rig speaks. */
export const VERSION = "2026-07-28";

const META = {
  "io.modelcontextprotocol/protocolVersion": VERSION,
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** `pay` counts, `capped` has a small limit, `drop` is denied; the `odd_` ones misbehave as their name says. */
export const TOOLS = ["pay", "capped", "drop", "odd_hang", "odd_slow", "odd_big", "odd_flood"].map(
  (name) => ({
    name,
    inputSchema: { type: "object" },
  }),
);

/** Arguments of a call; `n` is the one number by which everybody knows it. */
export interface CallArguments {
  readonly n: number;
  readonly ms?: number;
  readonly bytes?: number;
  /** A process that the tool kills instead of running, or when it has run: the gateway before it. */
  readonly killFirst?: number;
  readonly killAfter?: number;
}

export function callBody(tool: string, args: CallArguments): string {
  const params = { name: tool, arguments: args, _meta: META };
  return JSON.stringify({ jsonrpc: "2.0", id: args.n, method: "tools/call", params });
}

export function callHeaders(token: string, tool: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "mcp-protocol-version": VERSION,
    "mcp-method": "tools/call",
    "mcp-name": tool,
  };
}
