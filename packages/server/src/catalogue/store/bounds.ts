import type { ToolAnnotations, ToolDefinition } from "@portcullis/catalogue";
import { err, isJsonObject, type JsonObject, type JsonValue, ok, own, type Result } from "@portcullis/policy";
import { definitionHash } from "../../mcp/canonical-json.ts";
import { isAcceptableToolName } from "../../mcp/tool-name.ts";
import { toolSchemaProblem } from "../../mcp/tool-schema.ts";

/** What one server may bring into the index; everything beyond is cut or left out, and reported. */
export const BOUNDS = {
  toolsPerServer: 20_000,
  descriptionChars: 16_384,
  titleChars: 512,
  /** Of an input schema, as JSON. */
  schemaChars: 256 * 1024,
  serverNameChars: 200,
  serverTextChars: 2_000,
  urlChars: 2_000,
} as const;

/** A definition as the index keeps it. */
export interface BoundedTool {
  readonly definition: ToolDefinition;
  /** Of the definition as it came: what was cut counts too. */
  readonly hash: string;
  /** What was cut or left out, in words. */
  readonly notes: readonly string[];
}

/** Takes the members that the index knows out of what a server wrote. The error says why the tool is left out. */
export function boundTool(raw: JsonObject): Result<BoundedTool, string> {
  const name = own(raw, "name");
  if (!isAcceptableToolName(name)) return err("the name is not 1 to 256 printable ASCII characters");
  const depthProblem = isTooDeep(raw) ? "it is nested too deeply" : undefined;
  const hash = hashOf(raw);
  if (hash === undefined) return err("it has no canonical form");
  const notes: string[] = [];
  const schema = boundSchema(raw, depthProblem, notes);
  const title = boundText(own(raw, "title"), BOUNDS.titleChars, "title", notes);
  const description = boundText(own(raw, "description"), BOUNDS.descriptionChars, "description", notes);
  const annotations = toAnnotations(own(raw, "annotations"));
  const definition: ToolDefinition = {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(schema === undefined ? {} : { inputSchema: schema }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return ok({ definition, hash, notes });
}

/** Text as it came, cut at a whole character; undefined for anything that is not text. */
export function boundText(
  value: unknown,
  maxChars: number,
  what: string,
  notes: string[] = [],
): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (value.length <= maxChars) return value.toWellFormed();
  notes.push(`the ${what} is cut after ${maxChars} characters`);
  return cutText(value, maxChars);
}

/** At most so many UTF-16 units, and no half of a pair at the end. */
export function cutText(text: string, maxChars: number): string {
  return text
    .slice(0, maxChars)
    .toWellFormed()
    .replace(/\uFFFD$/, "");
}

function boundSchema(raw: JsonObject, deep: string | undefined, notes: string[]): JsonObject | undefined {
  const schema = own(raw, "inputSchema");
  if (!isJsonObject(schema)) return undefined;
  const problem = deep ?? toolSchemaProblem({ inputSchema: schema });
  if (problem === undefined && JSON.stringify(schema).length <= BOUNDS.schemaChars) return schema;
  notes.push(`the input schema is left out: ${problem ?? `it is over ${BOUNDS.schemaChars} characters`}`);
  return undefined;
}

const HINTS = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] as const;

function toAnnotations(value: JsonValue | undefined): ToolAnnotations | undefined {
  if (!isJsonObject(value)) return undefined;
  const kept: { -readonly [K in keyof ToolAnnotations]: ToolAnnotations[K] } = {};
  const title = boundText(own(value, "title"), BOUNDS.titleChars, "annotated title");
  if (title !== undefined) kept.title = title;
  for (const hint of HINTS) {
    const flag = own(value, hint);
    if (typeof flag === "boolean") kept[hint] = flag;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** Deeper than any schema that `toolSchemaProblem` lets through; walked level by level, so that no stack ends. */
const MAX_LEVELS = 500;

function isTooDeep(value: JsonValue): boolean {
  let level: readonly JsonValue[] = [value];
  for (let depth = 0; depth < MAX_LEVELS; depth += 1) {
    level = level.flatMap((one) =>
      typeof one !== "object" || one === null ? [] : (Object.values(one) as JsonValue[]),
    );
    if (level.length === 0) return false;
  }
  return true;
}

function hashOf(raw: JsonObject): string | undefined {
  try {
    return definitionHash(raw);
  } catch {
    return undefined;
  }
}
