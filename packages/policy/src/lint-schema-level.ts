import { isJsonObject } from "./json.ts";

/** Schemas that all hold for a value. */
export type Conjuncts = readonly SchemaObject[];
/** The alternatives for a value, one of which holds; `OPEN` when it may be anything. */
export type Level = readonly Conjuncts[] | typeof OPEN;
export type SchemaObject = { readonly [key: string]: unknown };

export const OPEN = "open";

/** The schema that references are resolved in, and how much of it may still be read. */
export interface Reader {
  readonly root: unknown;
  /** Nodes that may still be read. */
  nodes: number;
}

/** The alternatives of a schema, with its references, `allOf`, `anyOf` and `oneOf` worked in. */
export function expand(schema: unknown, reader: Reader, depth: number): Level {
  reader.nodes -= 1;
  if (reader.nodes < 0 || depth > MAX_DEPTH) return OPEN;
  if (schema === false) return [];
  if (!isSchemaObject(schema)) return OPEN;
  let level: Level = [[schema]];
  const reference = own(schema, "$ref");
  if (reference !== undefined) level = joined(level, expand(resolve(reference, reader), reader, depth + 1));
  for (const part of listOf(schema, "allOf")) {
    if (level === OPEN) return OPEN;
    level = joined(level, expand(part, reader, depth + 1));
  }
  for (const key of ["anyOf", "oneOf"]) {
    const parts = listOf(schema, key);
    if (parts.length > 0) level = joined(level, united(parts, reader, depth + 1));
  }
  return level;
}

/** Both hold. Where one side is not known, nothing is: it may declare anything. */
export function joined(a: Level, b: Level): Level {
  if (a === OPEN || b === OPEN || a.length * b.length > MAX_ALTERNATIVES) return OPEN;
  const both = a.flatMap((left) => b.map((right) => [...left, ...right]));
  return both.some((conjuncts) => conjuncts.length > MAX_CONJUNCTS) ? OPEN : both;
}

/** An own member: keys come from strangers. */
export function own(schema: SchemaObject, key: string): unknown {
  return Object.hasOwn(schema, key) ? schema[key] : undefined;
}

/** A member that is a list; empty when it is anything else. */
export function listOf(schema: SchemaObject, key: string): readonly unknown[] {
  const list = own(schema, key);
  return Array.isArray(list) ? list : [];
}

export function isSchemaObject(value: unknown): value is SchemaObject {
  return isJsonObject(value);
}

/** Most alternatives (`anyOf`, `oneOf`) that are told apart. */
export const MAX_ALTERNATIVES = 32;
/** Most schemas that are held to apply to one value at once. */
const MAX_CONJUNCTS = 64;
/** Deepest chain of `$ref`, `allOf`, `anyOf` and `oneOf`. */
const MAX_DEPTH = 16;

function united(parts: readonly unknown[], reader: Reader, depth: number): Level {
  const all: Conjuncts[] = [];
  for (const part of parts) {
    const level = expand(part, reader, depth);
    if (level === OPEN || all.length + level.length > MAX_ALTERNATIVES) return OPEN;
    all.push(...level);
  }
  return all;
}

/** A reference within the document (`#/…`); nothing else is followed. */
function resolve(reference: unknown, reader: Reader): unknown {
  const { root } = reader;
  if (reference === "#") return root;
  if (typeof reference !== "string" || !reference.startsWith("#/")) return undefined;
  let at: unknown = root;
  for (const token of reference.slice(2).split("/")) {
    reader.nodes -= 1;
    if (reader.nodes < 0) return undefined;
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = at[Number(key)];
    else if (isJsonObject(at)) at = own(at, key);
    else return undefined;
  }
  return at;
}
