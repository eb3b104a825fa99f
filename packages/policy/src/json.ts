/** A JSON value as `JSON.parse` makes it. Members are read as own properties only (policy-spec C3). */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object. Never index it without `Object.hasOwn`: keys come from strangers. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** An own member; inherited ones are never read from hostile objects (threat 7). */
export function own(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** True for a JSON object, false for arrays, null and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
