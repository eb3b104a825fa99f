/**
 * A small MCP server for revision 2026-07-28 over stdio: offline, stateless, and its tools only pretend. Run as a
 * program; it ends when its standard input does.
 */
import { createInterface } from "node:readline";
import type { JsonObject, JsonValue } from "@portcullis/policy";
import { DEMO_TOOLS } from "./demo-tools.ts";

const VERSION = "2026-07-28";
const SERVER_INFO = { name: "portcullis-demo", version: "1.0.0" };
/** Reserved keys of `params._meta` (2026-07-28, basic, `_meta`). */
const META = "io.modelcontextprotocol/";
/** The list never changes while the process lives. */
const LIST_TTL_MS = 3_600_000;

type Answer = { readonly result: JsonObject } | { readonly error: JsonObject };

const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
lines.on("line", (line) => {
  const answer = answerLine(line);
  if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`);
});

function answerLine(line: string): JsonObject | undefined {
  const message = parseJson(line);
  if (message === undefined) return { jsonrpc: "2.0", ...fault(-32700, "Parse error") };
  if (!isObject(message) || message["jsonrpc"] !== "2.0" || typeof message["method"] !== "string") {
    return { jsonrpc: "2.0", ...fault(-32600, "Invalid request") };
  }
  const id = message["id"];
  // Without an id it is a notification; none changes anything here.
  if (id === undefined) return undefined;
  if (typeof id !== "string" && typeof id !== "number")
    return { jsonrpc: "2.0", ...fault(-32600, "Invalid request") };
  const params = isObject(message["params"]) ? message["params"] : {};
  return { jsonrpc: "2.0", id, ...answerRequest(message["method"], params) };
}

function answerRequest(method: string, params: JsonObject): Answer {
  // A legacy client learns from the error which revisions are spoken (2026-07-28, versioning).
  if (method === "initialize") return unsupported(params["protocolVersion"] ?? null);
  const refusal = checkMeta(params["_meta"]);
  if (refusal !== undefined) return refusal;
  switch (method) {
    case "server/discover":
      return discover();
    case "tools/list":
      return listTools(params["cursor"]);
    case "tools/call":
      return callTool(params);
    default:
      return fault(-32601, "Method not found");
  }
}

function checkMeta(meta: JsonValue | undefined): Answer | undefined {
  if (!isObject(meta)) return fault(-32602, "Missing _meta");
  const version = meta[`${META}protocolVersion`];
  if (typeof version !== "string") return fault(-32602, `Missing _meta ${META}protocolVersion`);
  if (version !== VERSION) return unsupported(version);
  if (!isObject(meta[`${META}clientCapabilities`]))
    return fault(-32602, `Missing _meta ${META}clientCapabilities`);
  return undefined;
}

function discover(): Answer {
  return complete({
    supportedVersions: [VERSION],
    capabilities: { tools: {} },
    instructions: "Demo tools that only pretend.",
    ttlMs: LIST_TTL_MS,
    cacheScope: "public",
  });
}

function listTools(cursor: JsonValue | undefined): Answer {
  if (cursor !== undefined) return fault(-32602, "Invalid cursor");
  return complete({
    tools: DEMO_TOOLS.map((tool) => tool.definition),
    ttlMs: LIST_TTL_MS,
    cacheScope: "public",
  });
}

function callTool(params: JsonObject): Answer {
  const name = params["name"];
  const tool = DEMO_TOOLS.find((candidate) => candidate.definition.name === name);
  if (tool === undefined) return fault(-32602, `Unknown tool: ${String(name)}`);
  const args = params["arguments"] ?? {};
  if (!isObject(args)) return fault(-32602, "Invalid arguments");
  const mistake = findMistake(tool.definition.inputSchema, args);
  // A wrong argument is the tool's answer, so that a model can correct itself (2026-07-28, tools, error handling).
  return mistake === undefined ? say(tool.run(args), false) : say(mistake, true);
}

function findMistake(schema: JsonObject, args: JsonObject): string | undefined {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required: readonly JsonValue[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  const missing = required.find((key) => !Object.hasOwn(args, String(key)));
  if (missing !== undefined) return `Missing argument: ${String(missing)}`;
  for (const [key, value] of Object.entries(args)) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (!isObject(property)) return `Unknown argument: ${key}`;
    if (!hasType(value, property["type"]))
      return `Argument ${key} must be of type ${String(property["type"])}`;
    const choices = property["enum"];
    if (Array.isArray(choices) && !choices.includes(value))
      return `Argument ${key} must be one of ${choices.join(", ")}`;
    const minimum = property["minimum"];
    if (typeof minimum === "number" && Number(value) < minimum)
      return `Argument ${key} must be at least ${minimum}`;
  }
  return undefined;
}

function hasType(value: JsonValue, type: JsonValue | undefined): boolean {
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

function say(text: string, isError: boolean): Answer {
  return complete({ content: [{ type: "text", text }], isError });
}

function complete(result: JsonObject): Answer {
  return { result: { resultType: "complete", ...result, _meta: { [`${META}serverInfo`]: SERVER_INFO } } };
}

function unsupported(requested: JsonValue): Answer {
  return fault(-32022, "Unsupported protocol version", { supported: [VERSION], requested });
}

function fault(code: number, message: string, data?: JsonObject): Answer {
  return { error: data === undefined ? { code, message } : { code, message, data } };
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
