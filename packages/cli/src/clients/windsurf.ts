import { join } from "node:path";
import { type ClientKind, mcpServersTable } from "./client-kind.ts";

export const WINDSURF: ClientKind = {
  id: "windsurf",
  title: "Windsurf",
  format: "json",
  places: ({ home }) => [
    { path: join(home, ".codeium", "windsurf", "mcp_config.json"), scope: "user", root: home },
  ],
  tables: mcpServersTable,
  members: { url: ["serverUrl", "url"], headers: ["headers"] },
  variables: "named",
  httpEntry: (serverUrl, headers) => ({ serverUrl, headers }),
  commandExtras: {},
};
