import { isJsonObject, type JsonObject, type JsonValue, own } from "@portcullis/policy";
import { toNameWords } from "./words.ts";

/** An argument of a tool, as far as it is read. */
export interface Argument {
  readonly name: string;
  readonly words: readonly string[];
  /** JSON Pointer into the input schema. */
  readonly pointer: string;
  readonly types: readonly string[];
  /** Strings that the schema allows, where it lists them. */
  readonly values: readonly string[];
  readonly description: string;
  readonly depth: number;
  /** True where the schema demands it. */
  readonly isRequired: boolean;
}

/** Bounds on what is read of a schema: a stranger wrote it. */
export const SCHEMA_LIMITS = {
  arguments: 200,
  depth: 4,
  values: 100,
  chars: 400,
  name: 200,
  keys: 1_000,
  places: 400,
} as const;

/** The arguments of a tool, breadth first, within the limits. */
export function readArguments(schema: unknown): readonly Argument[] {
  const found: Argument[] = [];
  if (!isJsonObject(schema)) return found;
  let level: { readonly schema: JsonObject; readonly pointer: string }[] = [{ schema, pointer: "" }];
  for (let depth = 0; depth < SCHEMA_LIMITS.depth && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const place of level) {
      collect(place.schema, place.pointer, depth, found, next);
      if (found.length >= SCHEMA_LIMITS.arguments) return found;
    }
    level = next.slice(0, SCHEMA_LIMITS.places);
  }
  return found;
}

type Level = { readonly schema: JsonObject; readonly pointer: string }[];

function collect(schema: JsonObject, pointer: string, depth: number, found: Argument[], next: Level): void {
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const parts = own(schema, key);
    if (!Array.isArray(parts)) continue;
    for (const [index, part] of parts.slice(0, 8).entries())
      if (isJsonObject(part)) next.push({ schema: part, pointer: `${pointer}/${key}/${index}` });
  }
  const items = own(schema, "items");
  if (isJsonObject(items)) next.push({ schema: items, pointer: `${pointer}/items` });
  const properties = own(schema, "properties");
  if (!isJsonObject(properties)) return;
  let keys = 0;
  const required = requiredOf(schema);
  for (const name in properties) {
    if (found.length >= SCHEMA_LIMITS.arguments || keys++ >= SCHEMA_LIMITS.keys) return;
    const value = own(properties, name);
    // No argument that people use has such a name.
    if (!isJsonObject(value) || name.length > SCHEMA_LIMITS.name) continue;
    const at = `${pointer}/properties/${escapePointer(name)}`;
    found.push({ ...toArgument(name, value, at, depth), isRequired: required.has(name) });
    if (mayHoldMore(value)) next.push({ schema: value, pointer: at });
  }
}

function requiredOf(schema: JsonObject): ReadonlySet<JsonValue> {
  const required = own(schema, "required");
  return new Set(Array.isArray(required) ? required.slice(0, SCHEMA_LIMITS.arguments) : []);
}

function mayHoldMore(schema: JsonObject): boolean {
  const type = own(schema, "type");
  return typeof type !== "string" || type === "object" || type === "array";
}

function toArgument(
  name: string,
  schema: JsonObject,
  pointer: string,
  depth: number,
): Omit<Argument, "isRequired"> {
  const type = own(schema, "type");
  const text = own(schema, "description");
  return {
    name,
    words: toNameWords(name).map(({ word }) => word),
    pointer,
    types: (Array.isArray(type) ? type.slice(0, 8) : [type]).filter((item) => typeof item === "string"),
    values: valuesOf(schema),
    description: typeof text === "string" ? text.slice(0, SCHEMA_LIMITS.chars) : "",
    depth,
  };
}

function valuesOf(schema: JsonObject): readonly string[] {
  const values: JsonValue[] = [];
  const listed = own(schema, "enum");
  if (Array.isArray(listed)) values.push(...listed.slice(0, SCHEMA_LIMITS.values));
  const only = own(schema, "const");
  if (only !== undefined) values.push(only);
  for (const key of ["anyOf", "oneOf"]) {
    const parts = own(schema, key);
    if (!Array.isArray(parts)) continue;
    for (const part of parts.slice(0, SCHEMA_LIMITS.values)) {
      if (!isJsonObject(part)) continue;
      const value = own(part, "const");
      if (value !== undefined) values.push(value);
      const inner = own(part, "enum");
      if (Array.isArray(inner)) values.push(...inner.slice(0, SCHEMA_LIMITS.values));
    }
  }
  return values
    .filter((value) => typeof value === "string")
    .slice(0, SCHEMA_LIMITS.values)
    .map((value) => value.slice(0, SCHEMA_LIMITS.name));
}

function escapePointer(name: string): string {
  return /[~/]/.test(name) ? name.replaceAll("~", "~0").replaceAll("/", "~1") : name;
}
