import { isJsonObject, type JsonObject, type JsonValue, own } from "@portcullis/policy";

/** Subschemas of one schema, once its references are followed: more is made to keep somebody busy (threat 36). */
const MAX_SUBSCHEMAS = 100_000;
/** Subschemas as they are written, fifteen times those of the largest known tool: each costs time in every list (faults F21). */
const MAX_PARTS = 10_000;
const MAX_DEPTH = 200;
const MAX_CHOICES = 10_000;

/**
 * Why a tool with these schemas is of no use, or undefined. Nothing is fetched and nothing is validated here, but a
 * client may do both: with a reference to elsewhere it would ask whom the server names, and a schema that unfolds
 * without end would keep it busy (threats 36, 61). Never throws.
 */
export function toolSchemaProblem(definition: JsonObject): string | undefined {
  const input = Object.hasOwn(definition, "inputSchema") ? definition["inputSchema"] : undefined;
  if (!isJsonObject(input) || !Object.hasOwn(input, "type") || input["type"] !== "object")
    return "its input schema is not one of an object";
  const output = Object.hasOwn(definition, "outputSchema") ? definition["outputSchema"] : undefined;
  if (output !== undefined && !isJsonObject(output)) return "its output schema is not an object";
  return schemaProblem(input) ?? (output === undefined ? undefined : schemaProblem(output));
}

/** Keywords whose members are named schemas. */
const MAPS: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);
/** Keywords that hold data. */
const DATA: ReadonlySet<string> = new Set(["default", "examples", "example", "enum", "const"]);
const REFERENCES = ["$ref", "$dynamicRef", "$recursiveRef"] as const;
const DIALECT = /^https?:\/\/json-schema\.org\//;

/** What one walk through a schema has found so far. */
interface Found {
  /** Schemas around the one that it is at. */
  depth: number;
  /** Schemas inside the first. */
  parts: number;
  hasReferences: boolean;
  readonly anchors: Map<string, JsonObject>;
  /** Each schema with those directly inside it, where somebody needs them. */
  readonly inside: Map<JsonObject, JsonObject[]> | undefined;
}

function schemaProblem(root: JsonObject): string | undefined {
  const found = startAt(undefined);
  const problem = walk(root, found);
  // Without references nothing unfolds: there are as many subschemas as are written, which are few enough.
  if (problem !== undefined || !found.hasReferences) return problem;
  const inside = new Map<JsonObject, JsonObject[]>();
  walk(root, startAt(inside));
  const unfolding: Unfolding = { root, anchors: found.anchors, inside, sizes: new Map() };
  return sizeOf(root, unfolding) > MAX_SUBSCHEMAS ? "a schema unfolds too far" : undefined;
}

function startAt(inside: Found["inside"]): Found {
  return { depth: 0, parts: 0, hasReferences: false, anchors: new Map(), inside };
}

/** Every list is walked through, and some have tens of thousands of schemas (faults F21): most have no references. */
function walk(schema: JsonObject, found: Found): string | undefined {
  if (found.depth > MAX_DEPTH) return "a schema is nested too deeply";
  found.inside?.set(schema, []);
  found.depth += 1;
  // Members of its own alone: it comes from JSON.parse.
  for (const key in schema) {
    const value = schema[key];
    const problem =
      typeof value === "string"
        ? textProblem(key, value, schema, found)
        : memberProblem(key, value, schema, found);
    if (problem !== undefined) return problem;
  }
  found.depth -= 1;
  return undefined;
}

function textProblem(key: string, value: string, schema: JsonObject, found: Found): string | undefined {
  switch (key) {
    case "$ref":
    case "$dynamicRef":
    case "$recursiveRef":
      found.hasReferences = true;
      return value.startsWith("#") ? undefined : "a schema refers to elsewhere";
    case "$schema":
      return DIALECT.test(value) ? undefined : "a schema is of an unknown dialect";
    case "$anchor":
    case "$dynamicAnchor":
      found.anchors.set(value, schema);
      return undefined;
    default:
      return undefined;
  }
}

function memberProblem(
  key: string,
  value: JsonValue | undefined,
  schema: JsonObject,
  found: Found,
): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (DATA.has(key)) {
    const isLong = key === "enum" && Array.isArray(value) && value.length > MAX_CHOICES;
    return isLong ? "a schema has too many choices" : undefined;
  }
  if (!MAPS.has(key) || !isJsonObject(value)) return partProblem(value, schema, found);
  for (const name in value) {
    const problem = partProblem(value[name], schema, found);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function partProblem(value: JsonValue | undefined, schema: JsonObject, found: Found): string | undefined {
  if (isJsonObject(value)) {
    found.parts += 1;
    found.inside?.get(schema)?.push(value);
    return found.parts > MAX_PARTS ? "a schema has too many parts" : walk(value, found);
  }
  if (!Array.isArray(value)) return undefined;
  // A list of lists is no schema, but who knows what reads it as one.
  for (const item of value as readonly JsonValue[]) {
    const problem = partProblem(item, schema, found);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A schema whose references are followed. */
interface Unfolding {
  readonly root: JsonObject;
  readonly anchors: ReadonlyMap<string, JsonObject>;
  readonly inside: ReadonlyMap<JsonObject, readonly JsonObject[]>;
  readonly sizes: Map<JsonObject, number>;
}

/** Subschemas once references are followed, where one is not inside itself; a schema may well be recursive. */
function sizeOf(schema: JsonObject, unfolding: Unfolding): number {
  const { inside, sizes } = unfolding;
  const known = sizes.get(schema);
  if (known !== undefined) return known;
  sizes.set(schema, 0);
  let size = 1;
  for (const one of inside.get(schema) ?? []) size += sizeOf(one, unfolding);
  for (const name of REFERENCES) {
    const target = resolve(own(schema, name), unfolding);
    if (target !== undefined) size += sizeOf(target, unfolding);
  }
  const bounded = Math.min(size, MAX_SUBSCHEMAS + 1);
  sizes.set(schema, bounded);
  return bounded;
}

/** What a reference inside the document means; undefined where it means no schema. */
function resolve(reference: JsonValue | undefined, { root, anchors }: Unfolding): JsonObject | undefined {
  if (typeof reference !== "string") return undefined;
  const fragment = reference.slice(1);
  if (fragment === "") return root;
  if (!fragment.startsWith("/")) return anchors.get(fragment);
  let place: JsonValue | undefined = root;
  for (const part of fragment.slice(1).split("/")) {
    const name = decode(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(place)) place = (place as readonly JsonValue[])[Number(name)];
    else place = isJsonObject(place) ? own(place, name) : undefined;
  }
  return isJsonObject(place) ? place : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
