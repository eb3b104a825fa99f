import { isJsonObject, type JsonObject, type JsonValue } from "@portcullis/policy";
import { listTools, type PinState, type ServerId, type State, type ToolRow } from "@portcullis/server";

/** A tool as `server tools --json` prints it. */
export interface ListedTool {
  readonly name: string;
  readonly description: string;
  readonly pin: PinState;
}

/** Every tool that is accepted or was seen, by name. */
export function listedTools(state: State, server: ServerId): readonly ListedTool[] {
  return listTools(state, server).map((row) => ({
    name: row.name,
    description: descriptionOf(row),
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

function descriptionOf(row: ToolRow): string {
  const definition = toDefinition(row.observedDefinition ?? row.acceptedDefinition);
  const description = Object.hasOwn(definition, "description") ? definition["description"] : undefined;
  return typeof description === "string" ? description : "";
}

function toDefinition(text: string | undefined): JsonObject {
  const value: JsonValue = text === undefined ? {} : JSON.parse(text);
  return isJsonObject(value) ? value : {};
}

function memberText(definition: JsonObject, key: string): string | undefined {
  return Object.hasOwn(definition, key) ? JSON.stringify(definition[key]) : undefined;
}
