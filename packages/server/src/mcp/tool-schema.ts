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

/** What one walk through a schema found. */
interface Schemas {
  /** Each schema with the schemas inside it. */
  readonly inside: Map<JsonObject, readonly JsonObject[]>;
  readonly anchors: Map<string, JsonObject>;
  hasReferences: boolean;
}

function schemaProblem(root: JsonObject): string | undefined {
  const found: Schemas = { inside: new Map(), anchors: new Map(), hasReferences: false };
  const problem = walk(root, 0, found);
  // Without references nothing unfolds: there are as many subschemas as are written, which are few enough.
  if (problem !== undefined || !found.hasReferences) return problem;
  return sizeOf(root, root, found, new Map()) > MAX_SUBSCHEMAS ? "a schema unfolds too far" : undefined;
}

function walk(schema: JsonObject, depth: number, found: Schemas): string | undefined {
  if (depth > MAX_DEPTH) return "a schema is nested too deeply";
  for (const name of REFERENCES) {
    const target = own(schema, name);
    if (typeof target !== "string") continue;
    if (!target.startsWith("#")) return "a schema refers to elsewhere";
    found.hasReferences = true;
  }
  const dialect = own(schema, "$schema");
  if (typeof dialect === "string" && !DIALECT.test(dialect)) return "a schema is of an unknown dialect";
  const choices = own(schema, "enum");
  if (Array.isArray(choices) && choices.length > MAX_CHOICES) return "a schema has too many choices";
  for (const name of ["$anchor", "$dynamicAnchor"]) {
    const anchor = own(schema, name);
    if (typeof anchor === "string") found.anchors.set(anchor, schema);
  }
  const inside = schemasIn(schema);
  if (found.inside.size + inside.length > MAX_PARTS) return "a schema has too many parts";
  found.inside.set(schema, inside);
  for (const one of inside) {
    const problem = walk(one, depth + 1, found);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function schemasIn(schema: JsonObject): readonly JsonObject[] {
  const inside: JsonObject[] = [];
  const take = (value: JsonValue): void => {
    if (isJsonObject(value)) inside.push(value);
    // A list of lists is no schema, but who knows what reads it as one.
    else if (Array.isArray(value)) for (const item of value as readonly JsonValue[]) take(item);
  };
  for (const [key, value] of Object.entries(schema)) {
    if (DATA.has(key)) continue;
    if (MAPS.has(key) && isJsonObject(value)) for (const named of Object.values(value)) take(named);
    else take(value);
  }
  return inside;
}

/** Subschemas once references are followed, where one is not inside itself; a schema may well be recursive. */
function sizeOf(
  schema: JsonObject,
  root: JsonObject,
  found: Schemas,
  sizes: Map<JsonObject, number>,
): number {
  const known = sizes.get(schema);
  if (known !== undefined) return known;
  sizes.set(schema, 0);
  let size = 1;
  for (const one of found.inside.get(schema) ?? []) size += sizeOf(one, root, found, sizes);
  for (const name of REFERENCES) {
    const target = resolve(own(schema, name), root, found);
    if (target !== undefined) size += sizeOf(target, root, found, sizes);
  }
  const bounded = Math.min(size, MAX_SUBSCHEMAS + 1);
  sizes.set(schema, bounded);
  return bounded;
}

/** What a reference inside the document means; undefined where it means no schema. */
function resolve(reference: JsonValue | undefined, root: JsonObject, found: Schemas): JsonObject | undefined {
  if (typeof reference !== "string") return undefined;
  const fragment = reference.slice(1);
  if (fragment === "") return root;
  if (!fragment.startsWith("/")) return found.anchors.get(fragment);
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
