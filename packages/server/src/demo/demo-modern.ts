import type { JsonObject, JsonValue } from "@portcullis/policy";
import { type DemoAnswer, fault, INSTRUCTIONS, isObject, SERVER_INFO } from "./demo-answer.ts";
import { callTool, listTools } from "./demo-call.ts";

const VERSION = "2026-07-28";
/** Reserved keys of `params._meta` (2026-07-28, basic, `_meta`). */
const META = "io.modelcontextprotocol/";
/** The list never changes while the process lives. */
const CACHE = { ttlMs: 3_600_000, cacheScope: "public" };

/** True for a request that names its own revision, as every request of 2026-07-28 does. */
export function isModern(params: JsonObject): boolean {
  const meta = params["_meta"];
  return isObject(meta) && meta[`${META}protocolVersion`] !== undefined;
}

/** Answers one request as 2026-07-28 says: it stands alone, whatever came before. */
export function answerModern(method: string, params: JsonObject): DemoAnswer {
  const refusal = checkMeta(params["_meta"]);
  if (refusal !== undefined) return refusal;
  switch (method) {
    case "server/discover": {
      // Only the revisions of this kind: the older ones are settled by `initialize`.
      const supportedVersions = [VERSION];
      const capabilities = { tools: {} };
      return complete({
        result: { supportedVersions, capabilities, instructions: INSTRUCTIONS, ...CACHE },
      });
    }
    case "tools/list":
      return complete(listTools(params), CACHE);
    case "tools/call":
      return complete(callTool(params));
    default:
      return fault(-32601, "Method not found");
  }
}

function checkMeta(meta: JsonValue | undefined): DemoAnswer | undefined {
  if (!isObject(meta)) return fault(-32602, "Missing _meta");
  const version = meta[`${META}protocolVersion`];
  if (typeof version !== "string") return fault(-32602, `Missing _meta ${META}protocolVersion`);
  if (version !== VERSION) {
    return fault(-32022, "Unsupported protocol version", { supported: [VERSION], requested: version });
  }
  if (!isObject(meta[`${META}clientCapabilities`]))
    return fault(-32602, `Missing _meta ${META}clientCapabilities`);
  return undefined;
}

function complete(answer: DemoAnswer, cache: JsonObject = {}): DemoAnswer {
  if ("error" in answer) return answer;
  const _meta = { [`${META}serverInfo`]: SERVER_INFO };
  return { result: { resultType: "complete", ...answer.result, ...cache, _meta } };
}
