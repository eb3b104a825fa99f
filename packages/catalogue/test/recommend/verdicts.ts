import {
  type Category,
  type ClassifiedTool,
  type Evidence,
  type Modifier,
  RISK_OF,
  type Risk,
  type ToolDefinition,
} from "../../src/index.ts";

/** What a test says of a tool's verdict; the rest follows. */
export interface VerdictParts {
  readonly modifiers?: readonly Modifier[];
  readonly severity?: Risk;
  readonly evidence?: readonly Evidence[];
}

/** A tool with a verdict made by hand. */
export function classified(
  tool: ToolDefinition | string,
  category: Category,
  { modifiers = [], severity, evidence }: VerdictParts = {},
): ClassifiedTool {
  const definition = typeof tool === "string" ? { name: tool } : tool;
  const { name } = definition;
  return {
    tool: definition,
    verdict: {
      category,
      risk: RISK_OF[category],
      severity: severity ?? RISK_OF[category],
      modifiers,
      confidence: 0.9,
      evidence: evidence ?? [{ rule: "test", source: "name", text: name.slice(0, 200), says: category }],
      rules: "1",
    },
  };
}

/** A schema of arguments: `{path: "string"}`; a `?` behind the type makes it optional. */
export function schemaOf(properties: { readonly [name: string]: string | object }): {
  readonly type: "object";
  readonly properties: { readonly [name: string]: never };
  readonly required: readonly string[];
} {
  const entries = Object.entries(properties);
  const required = entries
    .filter(([, type]) => typeof type !== "string" || !type.endsWith("?"))
    .map(([name]) => name);
  const schemas = entries.map(([name, type]) => [
    name,
    typeof type === "string" ? { type: type.replace("?", "") } : type,
  ]);
  return { type: "object", properties: Object.fromEntries(schemas), required };
}
