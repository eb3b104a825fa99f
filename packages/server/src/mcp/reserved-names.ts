import { isJsonObject, type JsonObject } from "@portcullis/policy";

/** The objects of a message whose member names decide what the message is. */
export type ReservedLevel = "envelope" | "params" | "_meta" | "ref" | "notifications" | "result";

/**
 * A member of `value` that equals a reserved name of `level` but for case or Unicode folding, or undefined.
 *
 * Some readers (Go's `encoding/json`, case-insensitive Jackson and System.Text.Json) take `Method` or `paramſ`
 * for the reserved name, so such a message would say one thing here and another there (threat 2).
 */
export function findFoldedMember(value: JsonObject, level: ReservedLevel): string | undefined {
  const names = RESERVED[level];
  for (const key of Object.keys(value)) {
    if (!names.has(key) && names.has(`${FOLDED}${foldName(key)}`)) return key;
  }
  return undefined;
}

/**
 * The same for `params` and the objects inside it that decide: `_meta`, the `ref` of `completion/complete` and
 * the `notifications` of `subscriptions/listen`. The arguments of a tool are the tool's own and are not touched.
 */
export function findFoldedParam(params: JsonObject): string | undefined {
  const found = findFoldedMember(params, "params");
  if (found !== undefined) return found;
  for (const level of NESTED) {
    const nested = Object.hasOwn(params, level) ? params[level] : undefined;
    const inside = isJsonObject(nested) ? findFoldedMember(nested, level) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}

const NESTED = ["_meta", "ref", "notifications"] as const;

/** Marks the folded forms in the same set as the names; no JSON key of a message can be mistaken for a name by it. */
const FOLDED = "\u0000";

/**
 * Full compatibility folding, which is wider than any of the readers above: `ſ` and `K` (Go), `ı` and `İ` (Java's
 * and .NET's character-wise comparison), full-width and mathematical letters.
 */
function foldName(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("\u0307", "");
}

function reserve(names: readonly string[]): ReadonlySet<string> {
  return new Set([...names, ...names.map((name) => `${FOLDED}${foldName(name)}`)]);
}

/** Member names of both revisions' schemas; a test compares them with the schema files' parameter types. */
const RESERVED: Readonly<Record<ReservedLevel, ReadonlySet<string>>> = {
  envelope: reserve(["jsonrpc", "id", "method", "params", "result", "error"]),
  params: reserve([
    ..."_meta name arguments task taskId uri cursor ref argument context level".split(" "),
    ..."inputResponses requestState notifications".split(" "),
    ..."protocolVersion capabilities clientInfo".split(" "),
    ..."requestId reason progressToken progress total message".split(" "),
    ..."status statusMessage createdAt lastUpdatedAt ttl pollInterval".split(" "),
  ]),
  _meta: reserve([
    ..."progressToken traceparent tracestate baggage".split(" "),
    ..."protocolVersion clientInfo clientCapabilities serverInfo logLevel subscriptionId related-task"
      .split(" ")
      .map((name) => `io.modelcontextprotocol/${name}`),
  ]),
  ref: reserve(["type", "name", "uri", "title"]),
  notifications: reserve([
    ..."toolsListChanged promptsListChanged resourcesListChanged resourceSubscriptions taskIds".split(" "),
  ]),
  // Of a server's result: what is filtered, sealed or withheld before a client sees it.
  result: reserve("tools resources resourceTemplates prompts tasks nextCursor instructions".split(" ")),
};
