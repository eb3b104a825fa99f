import type { Category, Risk } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";
import type { PinState, ToolRow } from "@portcullis/server";
import { type JudgedTool, toDefinition } from "./judged-tools.ts";

/** A tool as `server tools --json` prints it. */
export interface ListedTool {
  readonly name: string;
  readonly description: string;
  readonly category: Category;
  readonly risk: Risk;
  readonly pin: PinState;
}

/** The rows of `server tools --json`. */
export function toListed(tools: readonly JudgedTool[]): readonly ListedTool[] {
  return tools.map(({ row, tool, verdict: { category, risk } }) => ({
    name: tool.name,
    description: tool.description ?? "",
    category,
    risk,
    pin: row.pin,
  }));
}

/** The members that differ between the accepted and the last seen definition, as `- before` and `+ after`. */
export function changedMembers(row: ToolRow): readonly string[] {
  const [before, after] = [toDefinition(row.acceptedDefinition), toDefinition(row.observedDefinition)];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => {
    const [old, now] = [memberText(before, key), memberText(after, key)];
    if (old === now) return [];
    return [
      ...(old === undefined ? [] : [`- ${key}: ${old}`]),
      ...(now === undefined ? [] : [`+ ${key}: ${now}`]),
    ];
  });
}

function memberText(definition: JsonObject, key: string): string | undefined {
  return Object.hasOwn(definition, key) ? JSON.stringify(definition[key]) : undefined;
}
