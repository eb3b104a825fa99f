import type { JsonObject, JsonValue } from "@portcullis/policy";
import { type DemoAnswer, fault, isObject } from "./demo-answer.ts";
import { DEMO_TOOLS } from "./demo-tools.ts";

/** Every tool as `tools/list` gives it, the same in both eras. */
export function listTools(params: JsonObject): DemoAnswer {
  if (params["cursor"] !== undefined) return fault(-32602, "Invalid cursor");
  return { result: { tools: DEMO_TOOLS.map((tool) => tool.definition) } };
}

/** The answer to `tools/call`, the same in both eras. */
export function callTool(params: JsonObject): DemoAnswer {
  const name = params["name"];
  const tool = DEMO_TOOLS.find((candidate) => candidate.definition.name === name);
  if (tool === undefined) return fault(-32602, `Unknown tool: ${String(name)}`);
  const args = params["arguments"] ?? {};
  if (!isObject(args)) return fault(-32602, "Invalid arguments");
  const mistake = findMistake(tool.definition.inputSchema, args);
  // A wrong argument is the tool's answer, so that a model can correct itself (2026-07-28, tools, error handling).
  return mistake === undefined ? say(tool.run(args), false) : say(mistake, true);
}

function findMistake(schema: JsonObject, args: JsonObject): string | undefined {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required: readonly JsonValue[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  const missing = required.find((key) => !Object.hasOwn(args, String(key)));
  if (missing !== undefined) return `Missing argument: ${String(missing)}`;
  for (const [key, value] of Object.entries(args)) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (!isObject(property)) return `Unknown argument: ${key}`;
    if (!hasType(value, property["type"]))
      return `Argument ${key} must be of type ${String(property["type"])}`;
    const choices = property["enum"];
    if (Array.isArray(choices) && !choices.includes(value))
      return `Argument ${key} must be one of ${choices.join(", ")}`;
    const minimum = property["minimum"];
    if (typeof minimum === "number" && Number(value) < minimum)
      return `Argument ${key} must be at least ${minimum}`;
  }
  return undefined;
}

function hasType(value: JsonValue, type: JsonValue | undefined): boolean {
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

function say(text: string, isError: boolean): DemoAnswer {
  return { result: { content: [{ type: "text", text }], isError } };
}
