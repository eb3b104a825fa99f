import { join } from "node:path";
import { type ClientKind, mcpServersTable } from "./client-kind.ts";

export const CURSOR: ClientKind = {
  id: "cursor",
  title: "Cursor",
  format: "json",
  places: ({ home, project }) => [
    { path: join(project, ".cursor", "mcp.json"), scope: "project", root: project },
    { path: join(home, ".cursor", "mcp.json"), scope: "user", root: home },
  ],
  tables: mcpServersTable,
  members: { url: ["url"], headers: ["headers"], envFile: "envFile" },
  variables: "named",
  httpEntry: (url, headers) => ({ url, headers }),
  commandExtras: {},
};
