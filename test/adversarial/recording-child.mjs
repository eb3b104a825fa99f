// An MCP server on stdio that writes every line it reads to the file it is given, before it answers.
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [, , file, toolsFile] = process.argv;
const { default: tools } = await import(toolsFile, { with: { type: "json" } });

// Node's own line reader, which cuts where many readers do.
createInterface({ input: process.stdin }).on("line", (line) => {
  appendFileSync(file, `${JSON.stringify({ pid: process.pid, line })}\n`);
  let message;
  try {
    message = JSON.parse(line);
  } catch {
    return;
  }
  if (message.id === undefined || message.method === undefined) return;
  const modern = message.params?._meta?.["io.modelcontextprotocol/protocolVersion"] !== undefined;
  const result = { ...answer(message), ...(modern ? { resultType: "complete" } : {}) };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id: message.id, result })}\n`);
});

function answer({ method }) {
  const serverInfo = { name: "recording", version: "1" };
  if (method === "initialize")
    return { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo };
  if (method === "server/discover") return { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
  if (method === "tools/list") return { tools };
  if (method === "tools/call") return { content: [] };
  return {};
}
