import { err, isJsonObject, type JsonObject, type JsonValue, ok, type Result } from "@portcullis/policy";
import { decodeHeaderValue, encodeHeaderValue, isToken, type RawHeaders, readHeader } from "./headers.ts";
import { namesSecret } from "./secret-names.ts";

/** One argument that modern clients mirror into a header. */
export interface HeaderParam {
  /** The header's name as it goes upstream: `Mcp-Param-` and the annotation. */
  readonly header: string;
  /** Member names from the arguments down to the value. */
  readonly path: readonly string[];
  readonly type: "string" | "integer" | "boolean";
}

/**
 * The header parameters that a tool's `inputSchema` declares with `x-mcp-header`. An error, in words that name the
 * place, means that the whole tool must be left out of every list (2026-07-28 streamable-http "Schema Extension";
 * threat 19). Never throws, and never follows a `$ref`.
 */
export function readHeaderParams(inputSchema: JsonValue | undefined): Result<readonly HeaderParam[], string> {
  const params: HeaderParam[] = [];
  const taken = new Set<string>();
  const open: Place[] = [{ value: inputSchema, path: [], role: "schema" }];
  let seen = 0;
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    seen += 1;
    if (seen > MAX_SCHEMA_NODES) return err(`the input schema has more than ${MAX_SCHEMA_NODES} nodes`);
    const { value, path, role } = place;
    if (Array.isArray(value)) {
      for (const item of value) open.push({ value: item, path: undefined, role });
    } else if (isJsonObject(value)) {
      if (role === "schema" && Object.hasOwn(value, HEADER_ANNOTATION)) {
        const param = readAnnotation(value, path);
        if (!param.ok) return param;
        const lower = param.value.header.toLowerCase();
        if (taken.has(lower)) return err("two parameters have the same `x-mcp-header` but for case");
        taken.add(lower);
        params.push(param.value);
      }
      pushInside(open, value, path, role);
    }
  }
  return ok(params.reverse());
}

/**
 * The headers for one call, name by name, ready to send: values as text, encoded where they are not plain. Absent
 * and null arguments have none. The error names the header whose argument no header can carry.
 */
export function headerParamsOf(
  params: readonly HeaderParam[],
  args: JsonObject | undefined,
): Result<readonly (readonly [name: string, value: string])[], string> {
  const headers: (readonly [string, string])[] = [];
  for (const param of params) {
    const value = valueAt(args, param.path);
    if (value === undefined || value === null) continue;
    const text = toHeaderText(value);
    if (text === undefined) return err(`the argument of \`${param.header}\` is not of the declared type`);
    headers.push([param.header, encodeHeaderValue(text)]);
  }
  return ok(headers);
}

/**
 * What is wrong with the `Mcp-Param-*` headers of a client's call, or undefined: each argument must be mirrored by
 * its header, and a header whose argument is absent or null must not be there (HTTP 400, -32020). Headers that the
 * tool does not declare are ignored.
 */
export function checkHeaderParams(
  raw: RawHeaders,
  params: readonly HeaderParam[],
  args: JsonObject | undefined,
): string | undefined {
  for (const param of params) {
    const header = readHeader(raw, param.header.toLowerCase());
    const value = valueAt(args, param.path) ?? null;
    if (value === null) {
      if (header !== undefined) return `the \`${param.header}\` header has no argument in the body`;
      continue;
    }
    const text = toHeaderText(value);
    if (text === undefined) return `the argument of \`${param.header}\` is not of the declared type`;
    if (header === undefined) return `the \`${param.header}\` header is missing`;
    const decoded = decodeHeaderValue(header);
    if (!decoded.ok) return `the \`${param.header}\` header ${decoded.error}`;
    if (decoded.value !== text && !isSameInteger(decoded.value, value)) {
      return `the \`${param.header}\` header differs from the body`;
    }
  }
  return undefined;
}

/** Where the walk is. `path` is undefined once the chain left `properties`; `role` says how to read an object's keys. */
interface Place {
  readonly value: JsonValue | undefined;
  readonly path: readonly string[] | undefined;
  readonly role: "schema" | "map";
}

/** The member of a schema that asks for its argument to be mirrored. */
export const HEADER_ANNOTATION = "x-mcp-header";
const MAX_SCHEMA_NODES = 10_000;
/** Longest chain of `properties`: a message is not nested deeper either. */
const MAX_PATH_LENGTH = 64;
const MAX_NAME_LENGTH = 128;
/** Keywords whose members are named schemas, so that a key there is a name and no annotation. */
const MAPS: ReadonlySet<string> = new Set(["patternProperties", "$defs", "definitions", "dependentSchemas"]);
/** Keywords that hold data, in which the annotation's name means nothing. */
const DATA: ReadonlySet<string> = new Set(["default", "examples", "example", "enum", "const"]);

function pushInside(open: Place[], value: JsonObject, path: Place["path"], role: Place["role"]): void {
  for (const [key, inside] of Object.entries(value)) {
    if (typeof inside !== "object" || inside === null) continue;
    if (role === "map") {
      open.push({ value: inside, path: path === undefined ? undefined : [...path, key], role: "schema" });
    } else if (key === "properties") {
      const isReachable = path !== undefined && path.length < MAX_PATH_LENGTH;
      open.push({ value: inside, path: isReachable ? path : undefined, role: "map" });
    } else if (!DATA.has(key)) {
      // Unknown keywords are searched as schemas: an annotation in an unknown place makes the tool invalid.
      open.push({ value: inside, path: undefined, role: MAPS.has(key) ? "map" : "schema" });
    }
  }
}

function readAnnotation(schema: JsonObject, path: Place["path"]): Result<HeaderParam, string> {
  if (path === undefined || path.length === 0) {
    return err("`x-mcp-header` is only allowed on parameters reached through `properties` alone");
  }
  const name = schema[HEADER_ANNOTATION];
  // The token syntax leaves out the empty name, control characters and line breaks.
  if (typeof name !== "string" || name.length > MAX_NAME_LENGTH || !isToken(name))
    return err("`x-mcp-header` is not a header name");
  const type = Object.hasOwn(schema, "type") ? schema["type"] : undefined;
  if (type !== "string" && type !== "integer" && type !== "boolean") {
    return err("`x-mcp-header` is only allowed on a string, an integer or a boolean");
  }
  // Everybody on the way reads headers, and many keep them.
  if ([...path, name].some(namesSecret)) return err("`x-mcp-header` would show a secret in a header");
  return ok({ header: `Mcp-Param-${name}`, path, type });
}

function valueAt(args: JsonObject | undefined, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = args;
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** "Type conversion" of the specification; other values and integers beyond ±(2^53 − 1) have no text. */
function toHeaderText(value: JsonValue): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return undefined;
}

/** `42.0` and `42` are equal (SHOULD of "Server Validation"); every decimal beyond the point must be zero. */
function isSameInteger(text: string, value: JsonValue): boolean {
  return (
    typeof value === "number" &&
    /^-?(?:0|[1-9][0-9]{0,15})(?:\.0{1,32})?$/.test(text) &&
    Number(text) === value
  );
}
