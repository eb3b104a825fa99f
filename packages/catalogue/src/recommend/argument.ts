import { isJsonObject, type JsonObject, type JsonValue } from "@portcullis/policy";
import type { ToolDefinition } from "../tool.ts";
import { wordsOf } from "./tool-words.ts";

/** One argument of a tool, as far as its schema says plainly what it is. */
export interface Argument {
  readonly name: string;
  /** As a policy names it: `args.to`. */
  readonly path: string;
  readonly words: readonly string[];
  readonly description: string;
  /** `texts` is a list of strings; undefined when the schema does not say, or says something else. */
  readonly kind: "text" | "texts" | "number" | undefined;
  /** Always there, and never null. */
  readonly isRequired: boolean;
  /** The values that it may have, when the schema lists them. */
  readonly values: readonly JsonValue[] | undefined;
  readonly format: string | undefined;
}

/** Arguments that are looked at; no person reads as many. */
const MAX_ARGUMENTS = 100;
const MAX_NAME = 100;
/** Parts of a schema that say more than its `properties` do: then nothing is said of its arguments. */
const COMPOSED = ["$ref", "allOf", "anyOf", "oneOf", "not", "if", "$dynamicRef"];

/**
 * The arguments that the tool's schema lists on its first level. A schema that is composed of others is left alone:
 * a rule on a misread argument would stop calls that are right.
 */
export function argumentsOf({ inputSchema }: ToolDefinition): readonly Argument[] {
  // A stranger wrote it: the type is a hope.
  if (!isJsonObject(inputSchema) || isComposed(inputSchema)) return [];
  const { properties } = inputSchema;
  if (!isJsonObject(properties)) return [];
  const required = inputSchema["required"];
  const names = new Set(Array.isArray(required) ? required.slice(0, 1000) : []);
  return Object.entries(properties)
    .slice(0, MAX_ARGUMENTS)
    .filter(([name]) => name !== "" && name.length <= MAX_NAME)
    .map(([name, schema]) => toArgument(name, schema, names.has(name)));
}

function toArgument(name: string, schema: JsonValue, isRequired: boolean): Argument {
  const whole = isJsonObject(schema) ? schema : {};
  const { plain, isNullable } = withoutNull(whole);
  const description = whole["description"] ?? plain["description"];
  const { enum: values, format } = plain;
  return {
    name,
    path: pathOf(name),
    words: wordsOf(name),
    description: typeof description === "string" ? description.slice(0, 1000) : "",
    kind: kindOf(plain),
    isRequired: isRequired && !isNullable,
    values: Array.isArray(values) ? values.slice(0, 1000) : undefined,
    format: typeof format === "string" ? format : undefined,
  };
}

/** C3: a name with other characters is written as a JSON string. */
function pathOf(name: string): string {
  return /^[^.[\]"\s\p{Cc}]+$/u.test(name) && name.isWellFormed()
    ? `args.${name}`
    : `args[${JSON.stringify(name)}]`;
}

function isComposed(schema: JsonObject): boolean {
  return COMPOSED.some((key) => Object.hasOwn(schema, key));
}

/** Generators write an optional argument as `anyOf` of its type and null, or as a list of both types. */
function withoutNull(schema: JsonObject): { readonly plain: JsonObject; readonly isNullable: boolean } {
  const { anyOf, oneOf, type } = schema;
  if (Array.isArray(type)) {
    const [only, ...more] = type.filter((one) => one !== "null");
    return {
      plain: { ...schema, type: more.length === 0 ? (only ?? null) : null },
      isNullable: type.includes("null"),
    };
  }
  const parts = anyOf ?? oneOf;
  if (!Array.isArray(parts)) return { plain: schema, isNullable: false };
  const others = parts.filter((part) => !isJsonObject(part) || part["type"] !== "null");
  const [only] = others;
  const isPlain = others.length === 1 && isJsonObject(only) && !isComposed(withoutComposition(schema));
  return { plain: isPlain ? only : {}, isNullable: others.length < parts.length };
}

function withoutComposition({ anyOf: _, oneOf: __, ...others }: JsonObject): JsonObject {
  return others;
}

function kindOf(schema: JsonObject): Argument["kind"] {
  if (isComposed(schema) || Object.hasOwn(schema, "const")) return undefined;
  const { type, items } = schema;
  if (type === "string") return "text";
  if (type === "number" || type === "integer") return "number";
  const isTexts = type === "array" && isJsonObject(items) && items["type"] === "string" && !isComposed(items);
  return isTexts && !Object.hasOwn(schema, "prefixItems") ? "texts" : undefined;
}
