import type { JsonObject, JsonValue } from "@portcullis/policy";

/** The part of a JSON-RPC response besides version and id. */
export type DemoAnswer = { readonly result: JsonObject } | { readonly error: JsonObject };

export const SERVER_INFO = { name: "portcullis-demo", version: "1.0.0" };
export const INSTRUCTIONS = "Demo tools that only pretend.";

export function fault(code: number, message: string, data?: JsonObject): DemoAnswer {
  return { error: data === undefined ? { code, message } : { code, message, data } };
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
