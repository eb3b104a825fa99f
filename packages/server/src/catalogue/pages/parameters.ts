import type { ToolDefinition } from "@portcullis/catalogue";
import { isJsonObject, type JsonObject, type JsonValue } from "@portcullis/policy";

/** One argument of a tool, in words. Everything in it is a stranger's. */
export interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string | undefined;
  /** What its values may be: `one of`, `at most`, `default`. */
  readonly limits: readonly string[];
}

export interface Parameters {
  readonly rows: readonly Parameter[];
  /** How many more there are. */
  readonly left: number;
}

const MAX_ROWS = 100;
const MAX_VALUES = 12;
const MAX_TYPE_DEPTH = 3;
const MAX_VALUE_CHARS = 60;

/** The parameters that the schema names. Schemas are hostile: only own members are read, and never far down. */
export function readParameters({ inputSchema }: ToolDefinition): Parameters {
  const properties = member(inputSchema, "properties");
  if (!isJsonObject(properties)) return { rows: [], left: 0 };
  const required = member(inputSchema, "required");
  const names = new Set(Array.isArray(required) ? required.slice(0, 1_000) : []);
  const all = Object.entries(properties);
  const rows = all.slice(0, MAX_ROWS).map(([name, schema]) => toParameter(name, schema, names.has(name)));
  // What a call cannot do without comes first; the order is the server's otherwise.
  const sorted = [...rows.filter((row) => row.isRequired), ...rows.filter((row) => !row.isRequired)];
  return { rows: sorted, left: Math.max(0, all.length - MAX_ROWS) };
}

function toParameter(name: string, schema: JsonValue, isRequired: boolean): Parameter {
  const description = member(schema, "description");
  return {
    name,
    type: typeOf(schema, 0),
    isRequired,
    description: typeof description === "string" && description.trim() !== "" ? description : undefined,
    limits: limitsOf(schema),
  };
}

function typeOf(schema: JsonValue | undefined, depth: number): string {
  if (depth > MAX_TYPE_DEPTH || !isJsonObject(schema)) return "any";
  const type = member(schema, "type");
  if (type === "array") return `list of ${typeOf(member(schema, "items"), depth + 1)}`;
  if (typeof type === "string") return short(type);
  if (Array.isArray(type))
    return type
      .slice(0, 5)
      .map((one) => short(String(one)))
      .join(" or ");
  const choices = member(schema, "anyOf") ?? member(schema, "oneOf");
  if (Array.isArray(choices)) {
    return [...new Set(choices.slice(0, 5).map((one) => typeOf(one, depth + 1)))].join(" or ");
  }
  const values = member(schema, "enum");
  if (Array.isArray(values) && values.every((value) => typeof value === "string")) return "string";
  return "any";
}

const BOUNDS: readonly (readonly [key: string, words: (value: string) => string])[] = [
  ["minimum", (value) => `at least ${value}`],
  ["maximum", (value) => `at most ${value}`],
  ["minLength", (value) => `at least ${value} characters`],
  ["maxLength", (value) => `at most ${value} characters`],
  ["maxItems", (value) => `at most ${value} items`],
  ["pattern", (value) => `pattern ${value}`],
  ["format", (value) => `format ${value}`],
  ["default", (value) => `default ${value}`],
];

function limitsOf(schema: JsonValue): readonly string[] {
  const values = member(schema, "enum");
  const listed = Array.isArray(values)
    ? [
        `one of ${values.slice(0, MAX_VALUES).map(printed).join(", ")}${values.length > MAX_VALUES ? ` and ${values.length - MAX_VALUES} more` : ""}`,
      ]
    : [];
  const bounds = BOUNDS.flatMap(([key, words]) => {
    const value = member(schema, key);
    return value === undefined || value === null ? [] : [words(printed(value))];
  });
  return [...listed, ...bounds];
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? (value as JsonObject)[key] : undefined;
}

function printed(value: JsonValue): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "[…]" : "{…}";
  return short(JSON.stringify(value));
}

function short(text: string): string {
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}
