import type { JsonObject } from "./json.ts";
import type { SourceNode } from "./parse-tree.ts";
import { conditionJsonSchemas } from "./schema-condition.ts";
import { ALL_TOOLS, ENTRY, ON_UNKNOWN, PREDICATE_JSON_SCHEMA } from "./schema-entry.ts";
import { LIMIT } from "./schema-limit.ts";
import { nameOf, quote, type Report } from "./schema-report.ts";
import { isScalarOf, text, word } from "./schema-scalar.ts";
import { record, reportType, type Shape } from "./schema-shape.ts";
import { suggest } from "./schema-suggest.ts";
import { HIDE, PATTERNS, TOOLS } from "./schema-tools.ts";

/** Reports everything by which a document departs from the language (policy-spec sections 1 to 5). */
export function judgeDocument(node: SourceNode, report: Report): void {
  DOCUMENT.judge(node, undefined, report);
}

/** The document for JSON Schema, with the definitions that its parts refer to. */
export function documentJsonSchema(): JsonObject {
  return {
    ...DOCUMENT.jsonSchema,
    $defs: {
      entry: ENTRY.jsonSchema,
      predicate: PREDICATE_JSON_SCHEMA,
      limit: LIMIT.jsonSchema,
      ...conditionJsonSchemas(),
    },
  };
}

/** M1: a number is the likeliest mistake, so that it has a message of its own. */
const VERSION: Shape = {
  judge: (node, place, report) => {
    if (!isScalarOf(node, "string")) return reportType(node, 'the string `"1"`', place, report);
    if (node.value === "1") return;
    const message = `${nameOf(place)} must be \`"1"\`, not ${quote(node.value)}: no other version is read`;
    report.add(place, node.at, "unsupported_version", message);
  },
  jsonSchema: { const: "1" },
};

/** C3: an IANA name. Offsets, which the platform would take as well, know no daylight saving time. */
const TIME_ZONE = text({
  nonEmpty: true,
  rule: (zone, name) =>
    /^[A-Za-z]/.test(zone) && isKnownTimeZone(zone)
      ? undefined
      : {
          code: "invalid_value",
          message: `${name} must be an IANA name such as \`Europe/Berlin\`, not ${quote(zone)}${suggest(zone, Intl.supportedValuesOf("timeZone"))}`,
        },
});

const ALLOW_OR_DENY = word(["allow", "deny"]);

const SECTION = record({
  default: { shape: ALLOW_OR_DENY, description: "What no pattern names; `deny` where `allow` is set (M2)." },
  allow: { shape: PATTERNS, description: "Patterns of what is allowed (R7)." },
  deny: { shape: PATTERNS, description: "Patterns of what is denied; beats `allow` (R7)." },
});

const SERVER_REQUESTS = record({
  sampling: { shape: ALLOW_OR_DENY, description: "Default `deny` (M2)." },
  elicitation: { shape: ALLOW_OR_DENY, description: "Follows the document's `default` (M2)." },
  roots: { shape: ALLOW_OR_DENY, description: "Follows the document's `default` (M2)." },
});

/** M2: the keys of a document. */
const DOCUMENT = record({
  $schema: { shape: text(), description: "Address of this schema, for editors; means nothing (M3)." },
  version: { shape: VERSION, description: 'Always `"1"` (M1).', required: true },
  description: { shape: text(), description: "What the policy is for; means nothing (M3)." },
  default: {
    shape: ALLOW_OR_DENY,
    description: "Decides every tool, resource and prompt that the document does not name (M2).",
    required: true,
  },
  time_zone: {
    shape: TIME_ZONE,
    description: "IANA name that `time.*` paths are read in; default UTC (C3).",
  },
  on_unknown: ON_UNKNOWN,
  hide: { shape: HIDE, description: "Tools that are not shown and cannot be called; names and globs (T4)." },
  all_tools: { shape: ALL_TOOLS, description: "Rules that every allowed tool passes besides its entry." },
  tools: { shape: TOOLS, description: "What governs each tool, by exact name or glob (T2, T3)." },
  resources: { shape: SECTION, description: "Resources, by URI globs with `*` and `**` (R7)." },
  prompts: { shape: SECTION, description: "Prompts, by globs on the name (R7)." },
  server_requests: { shape: SERVER_REQUESTS, description: "What the server may ask of the client (M2)." },
});

function isKnownTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
