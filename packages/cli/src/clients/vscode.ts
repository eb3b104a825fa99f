import { join } from "node:path";
import type { ClientKind } from "./client-kind.ts";
import { linkRoot } from "./places.ts";

export const VSCODE: ClientKind = {
  id: "vscode",
  title: "VS Code",
  format: "json",
  places: (places) => {
    const { settings, project } = places;
    const user = join(settings, "Code", "User", "mcp.json");
    return [
      { path: join(project, ".vscode", "mcp.json"), scope: "project", root: project },
      { path: user, scope: "user", root: linkRoot(places, settings) },
    ];
  },
  tables: (document) => (Object.hasOwn(document, "servers") ? [["servers"]] : []),
  members: { url: ["url"], headers: ["headers"], envFile: "envFile" },
  variables: "named",
  httpEntry: (url, headers) => ({ type: "http", url, headers }),
  commandExtras: { type: "stdio" },
};
