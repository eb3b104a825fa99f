/** The stdio server behind mcp-proxy: as cheap as it can be, with the answers of the HTTP upstream. */
import { createInterface } from "node:readline";
import { answerResult, LEGACY_VERSION, toolList, toolNames } from "../wire.ts";
import { SITE } from "./contestant.ts";

const CALL = answerResult("legacy", SITE.textBytes);
const INITIALIZED = {
  protocolVersion: LEGACY_VERSION,
  capabilities: { tools: {} },
  serverInfo: { name: "bench", version: "1" },
};

function resultOf(method: string): object {
  if (method === "tools/call") return CALL;
  if (method === "initialize") return INITIALIZED;
  return method === "tools/list" ? toolList("legacy", toolNames(SITE.tools)) : {};
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line) as { id?: number | string; method: string };
  if (id === undefined) return;
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result: resultOf(method) })}\n`);
});
