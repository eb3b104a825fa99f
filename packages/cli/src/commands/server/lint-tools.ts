import { isJsonObject, type JsonValue, type LintTool } from "@portcullis/policy";
import { listTools, type ServerId, type State } from "@portcullis/server";

/** The tools of a server for the linter; undefined while no list was seen, so that it says nothing of tools. */
export function lintToolsOf(state: State, server: ServerId): readonly LintTool[] | undefined {
  const rows = listTools(state, server).filter((row) => row.pin !== "removed");
  if (rows.length === 0) return undefined;
  return rows.map((row) => {
    const definition: JsonValue = JSON.parse(row.observedDefinition ?? row.acceptedDefinition ?? "{}");
    const inputSchema = isJsonObject(definition) ? definition["inputSchema"] : undefined;
    return { name: row.name, inputSchema };
  });
}
