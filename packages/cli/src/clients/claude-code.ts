import { join } from "node:path";
import { isJsonObject, type JsonObject } from "@portcullis/policy";
import type { ClientKind } from "./client-kind.ts";
import { linkRoot, namedFolder } from "./places.ts";

/** `.mcp.json` of a project, and the user's `.claude.json`, which also keeps servers per project. */
export const CLAUDE_CODE: ClientKind = {
  id: "claude-code",
  title: "Claude Code",
  format: "json",
  places: (places) => {
    const { home, project } = places;
    const folder = namedFolder(places, "CLAUDE_CONFIG_DIR", home);
    return [
      { path: join(project, ".mcp.json"), scope: "project", root: project },
      { path: join(folder, ".claude.json"), scope: "user", root: linkRoot(places, folder) },
    ];
  },
  tables: (document) => [
    ...(Object.hasOwn(document, "mcpServers") ? [["mcpServers"]] : []),
    ...projectTables(document),
  ],
  members: { url: ["url"], headers: ["headers"] },
  variables: "shell",
  httpEntry: (url, headers) => ({ type: "http", url, headers }),
  commandExtras: { type: "stdio" },
};

function projectTables(document: JsonObject): readonly (readonly string[])[] {
  const projects = Object.hasOwn(document, "projects") ? document["projects"] : undefined;
  if (!isJsonObject(projects)) return [];
  return Object.entries(projects).flatMap(([folder, settings]) =>
    isJsonObject(settings) && Object.hasOwn(settings, "mcpServers")
      ? [["projects", folder, "mcpServers"]]
      : [],
  );
}
