import type { Category, RuleId, ToolAnnotations, ToolDefinition } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";

/** A tool with the verdict that it must get, and the rule that must decide. */
export interface Example {
  readonly name: string;
  readonly category: Category;
  readonly rule: RuleId;
  readonly description?: string;
  /** Arguments, by name. */
  readonly args?: { readonly [name: string]: JsonObject };
  /** Arguments that must be given. */
  readonly required?: readonly string[];
  readonly annotations?: ToolAnnotations;
  readonly title?: string;
  readonly server?: string;
  readonly siblings?: readonly string[];
}

type More = Omit<Example, "name" | "category" | "rule">;
export const text: JsonObject = { type: "string" };
export const flag: JsonObject = { type: "boolean" };
export const one = (...values: string[]): JsonObject => ({ type: "string", enum: values });

/** Rows of one category and rule: a name alone, or a name with the rest. */
export function rows(
  category: Category,
  rule: RuleId,
  ...tools: (string | readonly [string, string | More])[]
): readonly Example[] {
  return tools.map((tool) => {
    const [name, more] = typeof tool === "string" ? [tool, {}] : tool;
    return { name, category, rule, ...(typeof more === "string" ? { description: more } : more) };
  });
}

/** The tool of an example, as a server would define it. */
export function toTool({ name, title, description, args, required, annotations }: Example): ToolDefinition {
  return {
    name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(args !== undefined && {
      inputSchema: {
        type: "object",
        properties: args,
        ...(required !== undefined && { required: [...required] }),
      },
    }),
    ...(annotations !== undefined && { annotations }),
  };
}
