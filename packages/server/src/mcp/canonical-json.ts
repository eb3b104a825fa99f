import { hash } from "node:crypto";
import type { JsonObject } from "@portcullis/policy";
import canonicalize from "canonicalize";

/**
 * SHA-256, in hex, over the canonical JSON (RFC 8785) of a whole tool object. No field is soft: a change of any
 * name, description, schema, annotation or unknown member changes the hash (threat 32).
 *
 * Undefined for an object that has no canonical form (a lone surrogate in it): such a tool cannot be pinned and
 * must be left out. The library walks without recursion, so depth is no danger.
 */
export function definitionHash(tool: JsonObject): string | undefined {
  let text: string | undefined;
  try {
    text = canonicalize(tool);
  } catch {
    return undefined;
  }
  return text === undefined ? undefined : hash("sha256", text, "hex");
}
