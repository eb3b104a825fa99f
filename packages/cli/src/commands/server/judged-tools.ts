import {
  type ClassifiedTool,
  createClassifier,
  type ToolDefinition,
  toToolDefinition,
} from "@portcullis/catalogue";
import { isJsonObject, type JsonObject, type JsonValue } from "@portcullis/policy";
import { listTools, type ServerRow, type State, type ToolRow } from "@portcullis/server";

/** A tool of a registered server with what we say of it. */
export interface JudgedTool extends ClassifiedTool {
  readonly row: ToolRow;
}

/** Every tool that is accepted or was seen, by name, judged among those that the server lists now. */
export function judgedTools(
  state: State,
  { id, name }: Pick<ServerRow, "id" | "name">,
): readonly JudgedTool[] {
  const known = listTools(state, id).map((row) => ({ row, tool: toTool(row) }));
  const siblings = known.filter(({ row }) => row.pin !== "removed").map(({ tool }) => tool);
  const judge = createClassifier({ server: name, siblings });
  return known.map(({ row, tool }) => ({ row, tool, verdict: judge(tool) }));
}

/** As it was last seen: that is what an agent would get. */
function toTool(row: ToolRow): ToolDefinition {
  return toToolDefinition(row.name, toDefinition(row.observedDefinition ?? row.acceptedDefinition));
}

/** A definition as it is stored; `{}` for one that is not there. */
export function toDefinition(text: string | undefined): JsonObject {
  const value: JsonValue = text === undefined ? {} : JSON.parse(text);
  return isJsonObject(value) ? value : {};
}
