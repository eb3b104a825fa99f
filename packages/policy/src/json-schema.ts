import type { JsonObject } from "./json.ts";
import { documentJsonSchema } from "./schema.ts";

/**
 * The language as JSON Schema (draft 2020-12), for editors and as the published `policy.v1.json`. Every document
 * that the validator accepts, it accepts; beyond structure (paths that do not parse, patterns that do not
 * compile, ambiguous globs, depth and number of conditions, decimals) only the validator judges. The object is a
 * fresh copy.
 */
export function policyJsonSchema(): JsonObject {
  const schema: JsonObject = JSON.parse(
    JSON.stringify({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "Portcullis policy, version 1",
      description: "What agents may do with the tools, resources and prompts of an MCP server.",
      ...documentJsonSchema(),
    }),
  );
  return schema;
}
