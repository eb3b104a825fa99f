/** What the corpus's well-behaved server answers, in either era. */
import { emptyReply, jsonReply, type RawReply, type Seen } from "./raw-upstream.ts";
import { WORLD_TOOLS } from "./world-tools.ts";

export const MODERN = "2026-07-28";
export const LEGACY = "2025-11-25";
/** What the gateway calls its own requests; no case uses it. */
const OWN_ID = "portcullis-1";
const OWN_SESSION = "own-session";

/** `/modern`, `/session` or `/stateless` says which kind of server this is. */
export function answerAsWorld(seen: Seen): RawReply {
  const { message, verb } = seen;
  if (verb === "GET") return emptyReply(405);
  if (verb === "DELETE") return emptyReply(200);
  if (message?.["id"] === undefined || message["method"] === undefined) return emptyReply(202);
  const { id, method } = message;
  const isModern = seen.path.startsWith("/modern");
  if (method === "initialize") {
    const session = id === OWN_ID ? OWN_SESSION : "clients-session";
    const issued = seen.path.startsWith("/session") ? [`Mcp-Session-Id: ${session}`] : [];
    return jsonReply({ jsonrpc: "2.0", id, result: INITIALIZED }, 200, issued);
  }
  const result = { ...resultOf(method), ...(isModern ? { resultType: "complete" } : {}) };
  return jsonReply({ jsonrpc: "2.0", id, result });
}

const INITIALIZED = {
  protocolVersion: LEGACY,
  capabilities: { tools: {}, resources: {}, prompts: {} },
  serverInfo: { name: "world", version: "1" },
};

function resultOf(method: unknown): object {
  switch (method) {
    case "server/discover":
      return { supportedVersions: [MODERN], capabilities: { tools: {}, resources: {}, prompts: {} } };
    case "tools/list":
      return { tools: WORLD_TOOLS };
    case "resources/list":
      return { resources: [] };
    case "resources/templates/list":
      return { resourceTemplates: [] };
    case "prompts/list":
      return { prompts: [] };
    case "tasks/list":
      return { tasks: [] };
    case "tools/call":
      return { content: [{ type: "text", text: "done" }] };
    case "resources/read":
      return { contents: [] };
    case "prompts/get":
      return { messages: [] };
    case "completion/complete":
      return { completion: { values: [] } };
    default:
      return {};
  }
}

/** True for what the gateway asks on its own account: its lists, and the sessions that it opens for them. */
export function isOwnTraffic({ message, headers, body, path }: Seen): boolean {
  if (message?.["id"] === OWN_ID) return true;
  const session = headers.find(([name]) => name === "mcp-session-id")?.[1];
  if (session === OWN_SESSION) return true;
  return path.startsWith("/stateless") && body.equals(OWN_INITIALIZED);
}

const OWN_INITIALIZED = Buffer.from(JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }));
