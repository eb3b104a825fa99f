import type { ToolAnnotations, ToolDefinition } from "@portcullis/catalogue";
import { isJsonObject, type JsonObject, type JsonValue } from "@portcullis/policy";

/** Stands where a schema had `enum` or `const`: how many values there were. */
export const ENUM_SIZE = "x-enum-size";

const MAX_DEPTH = 6;
const MAX_MEMBERS = 200;
/** Keywords whose values are facts as they are. */
const PLAIN = [
  "type",
  "format",
  "required",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "$ref",
];
const MAPS = ["properties", "$defs", "definitions"];
const SCHEMAS = ["items", "additionalProperties", "not"];
const LISTS = ["anyOf", "oneOf", "allOf", "prefixItems"];

/** What may be shipped of a definition: names, types and hints. No text that its author wrote to be read. */
export function toStructure(definition: ToolDefinition): ToolDefinition {
  const { name, inputSchema, annotations } = definition;
  const hints = annotations === undefined ? undefined : toHints(annotations);
  return {
    name,
    ...(inputSchema === undefined ? {} : { inputSchema: structureOf(inputSchema, 0) }),
    ...(hints === undefined ? {} : { annotations: hints }),
  };
}

function toHints({ title: _title, ...hints }: ToolAnnotations): ToolAnnotations | undefined {
  return Object.keys(hints).length === 0 ? undefined : hints;
}

function structureOf(schema: JsonObject, depth: number): JsonObject {
  const kept: [string, JsonValue][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    const structure = memberOf(keyword, value, depth);
    if (structure !== undefined) kept.push(structure);
  }
  return Object.fromEntries(kept);
}

function memberOf(keyword: string, value: JsonValue, depth: number): [string, JsonValue] | undefined {
  if (PLAIN.includes(keyword)) return isShort(value) ? [keyword, value] : undefined;
  if (keyword === "enum" && Array.isArray(value)) return [ENUM_SIZE, value.length];
  if (keyword === "const") return [ENUM_SIZE, 1];
  if (depth >= MAX_DEPTH) return undefined;
  if (MAPS.includes(keyword) && isJsonObject(value)) {
    const members = Object.entries(value).slice(0, MAX_MEMBERS);
    return [keyword, Object.fromEntries(members.map(([name, inside]) => [name, insideOf(inside, depth)]))];
  }
  if (SCHEMAS.includes(keyword)) return [keyword, insideOf(value, depth)];
  if (LISTS.includes(keyword) && Array.isArray(value)) {
    const list = value as readonly JsonValue[];
    return [keyword, list.slice(0, MAX_MEMBERS).map((inside) => insideOf(inside, depth))];
  }
  return undefined;
}

function insideOf(value: JsonValue, depth: number): JsonValue {
  if (isJsonObject(value)) return structureOf(value, depth + 1);
  return typeof value === "boolean" ? value : {};
}

/** A type, a number, or names of members: never prose. */
function isShort(value: JsonValue): boolean {
  if (Array.isArray(value))
    return value.length <= MAX_MEMBERS && (value as readonly JsonValue[]).every(isShort);
  return typeof value === "number" || (typeof value === "string" && value.length <= 100);
}
