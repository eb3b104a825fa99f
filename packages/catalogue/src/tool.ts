import { isJsonObject, type JsonObject, own } from "@portcullis/policy";

/** A tool as its server defines it (`tools/list`). Everything in it is written by a stranger. */
export interface ToolDefinition {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  /** JSON Schema of the arguments, as the server wrote it: no promise about its shape, depth or size. */
  readonly inputSchema?: JsonObject;
  readonly annotations?: ToolAnnotations;
}

/** Hints of the server about its own tool: each may be a lie. */
export interface ToolAnnotations {
  readonly title?: string;
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** What surrounds a tool and says what its words mean: a `refund` beside `charge` is about money. */
export interface ToolContext {
  /** Name of the server or package, as the registry or the user writes it. */
  readonly server?: string;
  readonly siblings?: readonly ToolDefinition[];
}

/** The members of a stranger's definition that are what they must be; the rest is left out. */
export function toToolDefinition(name: string, definition: JsonObject): ToolDefinition {
  const [title, description] = [own(definition, "title"), own(definition, "description")];
  const [inputSchema, annotations] = [own(definition, "inputSchema"), own(definition, "annotations")];
  return {
    name,
    ...(typeof title === "string" && { title }),
    ...(typeof description === "string" && { description }),
    ...(isJsonObject(inputSchema) && { inputSchema }),
    ...(isJsonObject(annotations) && { annotations: toAnnotations(annotations) }),
  };
}

const HINTS = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];

function toAnnotations(annotations: JsonObject): ToolAnnotations {
  const kept = Object.entries(annotations).filter(
    ([name, value]) =>
      (HINTS.includes(name) && typeof value === "boolean") || (name === "title" && typeof value === "string"),
  );
  return Object.fromEntries(kept);
}
